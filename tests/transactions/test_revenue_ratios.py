"""Ratios of a bridge: published quick ratios, formulas by hand, engines, and what has no ratio."""

import json
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from customer_value.errors import InputError
from customer_value.transactions.revenue_ratios import gross_revenue_retention, net_revenue_retention, quick_ratio

GOLDEN = Path(__file__).parents[1] / "golden" / "lifecycle_revenue.json"
CASES = json.loads(GOLDEN.read_text())["revenue_quick_ratio_examples"]["cases"]
BRIDGE = pd.DataFrame({
    "period": ["a", "b", "c", "d"],
    "start": [200.0, 0.0, -5.0, 100.0],
    "new": [30.0, 10.0, 1.0, 0.0],
    "resurrected": [7.0, 2.0, 0.0, 0.0],
    "expansion": [20.0, 0.0, 3.0, 0.0],
    "contraction": [10.0, 0.0, 0.0, 0.0],
    "churned": [40.0, 0.0, -2.0, -6.0],
})  # fmt: skip
NET, GROSS, QUICK = "net_revenue_retention", "gross_revenue_retention", "quick_ratio"


def test_published_quick_ratios():
    found = quick_ratio(pd.DataFrame(CASES).rename(columns={QUICK: "published"}))
    # The pages round to two decimals: 1.125 is 1.13 there.
    np.testing.assert_allclose(found[QUICK], found["published"], rtol=0, atol=0.005 + 1e-12)
    whole = found["published"] == 3.5
    assert found.loc[whole, QUICK].tolist() == [3.5]
    net_new = found["new"] + found["expansion"] - found["churned"] - found["contraction"]
    assert net_new[found["net_new"].notna()].tolist() == found["net_new"].dropna().tolist()


@pytest.mark.parametrize("make", [pd.DataFrame, pl.from_pandas, pa.Table.from_pandas, duckdb.from_df])
def test_ratios_in_each_library(make):
    bridge = make(BRIDGE)
    for function, name, expected in (
        (net_revenue_retention, NET, [0.85, None, None, 1.06]),
        (gross_revenue_retention, GROSS, [0.75, None, None, 1.0]),  # who is gone cost 6: no more than all is kept
        (quick_ratio, QUICK, [57 / 50, None, None, None]),
    ):
        found = function(bridge)
        assert type(found) is type(bridge)
        table = found.to_arrow_table() if isinstance(found, duckdb.DuckDBPyRelation) else pa.table(found)
        assert table.column_names == [*BRIDGE, name]
        assert [None if value is None or np.isnan(value) else value for value in table[name].to_pylist()] == [
            None if value is None else pytest.approx(value, rel=1e-15) for value in expected
        ]
    lazy = quick_ratio(pl.from_pandas(BRIDGE).lazy())
    assert isinstance(lazy, pl.LazyFrame)
    assert lazy.collect().equals(quick_ratio(pl.from_pandas(BRIDGE)))


def test_resurrected_counts_where_it_is_asked_for():
    bounds = BRIDGE.assign(**{f"{NET}_lower": 0.8, f"{NET}_upper": 0.9, NET: 0.1, f"{GROSS}_lower": 0.5})
    assert net_revenue_retention(bounds)[NET][0] == 0.85
    assert set(net_revenue_retention(bounds)) == set(bounds)
    back = net_revenue_retention(bounds, resurrected=True)
    assert back[NET][0] == pytest.approx(0.885, rel=1e-15)
    assert set(bounds) - set(back) == {f"{NET}_lower", f"{NET}_upper"}  # those were of the other rate
    assert quick_ratio(BRIDGE, resurrected=False)[QUICK][0] == 1.0
    assert BRIDGE.columns.tolist() == ["period", "start", "new", "resurrected", "expansion", "contraction", "churned"]


def test_nothing_known_gives_nothing():
    unknown = BRIDGE.assign(expansion=np.nan)
    assert net_revenue_retention(unknown)[NET].isna().all()


@pytest.mark.parametrize("make", [lambda frame: frame, duckdb.from_df])
def test_bad_input(make):
    for function in (net_revenue_retention, gross_revenue_retention, quick_ratio):
        with pytest.raises(InputError, match=r"lacks \['churned'\].*revenue_bridge"):
            function(make(BRIDGE.drop(columns="churned")))
        with pytest.raises(InputError, match="churned must be numeric"):
            function(make(BRIDGE.assign(churned="lots")))
        with pytest.raises(InputError, match=r"contraction must be 0 or above; 4 of 4.*without a minus"):
            function(make(BRIDGE.assign(contraction=-1.0)))
    for function in (net_revenue_retention, quick_ratio):
        with pytest.raises(InputError, match="expansion must be 0 or above"):
            function(make(BRIDGE.assign(expansion=-1.0)))
        with pytest.raises(InputError, match="resurrected must be True or False"):
            function(make(BRIDGE), resurrected=1)
    with pytest.raises(InputError, match=r"lacks \['resurrected'\]"):
        net_revenue_retention(make(BRIDGE.drop(columns="resurrected")), resurrected=True)
    with pytest.raises(InputError, match="must be a DataFrame"):
        quick_ratio([1, 2])
