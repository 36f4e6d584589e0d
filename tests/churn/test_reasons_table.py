"""The table of reasons against a group-by, its order, and the row of those who said nothing."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from customer_value._stats.intervals import wilson_interval
from customer_value.churn.reasons_table import churn_reasons
from customer_value.errors import InputError


def lost(n=200, seed=0):
    rng = np.random.default_rng(seed)
    reason = rng.choice(["price", "service", "moved", "bought elsewhere", None], n, p=[0.2, 0.3, 0.1, 0.1, 0.3])
    return pd.DataFrame({"reason": reason, "clv": np.round(rng.gamma(2, 20, n), 2)})


def test_the_table_is_a_group_by_with_shares_of_all():
    frame = lost()
    table = churn_reasons(frame, value="clv")
    assert table["reason"].tolist()[-1] == "(not stated)"
    assert table["customers"].iloc[:-1].is_monotonic_decreasing
    groups = frame.fillna({"reason": "(not stated)"}).groupby("reason")["clv"]
    for column, expected in {"customers": groups.size(), "lost_value": groups.sum()}.items():
        assert table.set_index("reason")[column].to_dict() == pytest.approx(expected.to_dict(), rel=1e-12)
    np.testing.assert_allclose(table["share"], table["customers"] / 200, rtol=1e-15)
    np.testing.assert_allclose(table["cumulative_share"], table["customers"].cumsum() / 200, rtol=1e-15)
    value = table["lost_value"] / frame["clv"].sum()
    np.testing.assert_allclose(table["share_of_value"], value, rtol=1e-12)
    np.testing.assert_allclose(table["cumulative_share_of_value"], value.cumsum(), rtol=1e-12)
    lower, upper = wilson_interval(table["customers"], 200, interval=0.9)
    shown = churn_reasons(frame, interval=0.9)
    np.testing.assert_allclose(shown[["share_lower", "share_upper"]], np.column_stack([lower, upper]), rtol=1e-15)


def test_the_commonest_and_the_costliest_may_differ_and_ties_go_by_the_alphabet():
    frame = pd.DataFrame({"why": ["b", "a", "c", "c", None], "worth": [5.0, 5.0, 1.0, 1.0, 50.0]})
    assert churn_reasons(frame, reason="why")["reason"].tolist() == ["c", "a", "b", "(not stated)"]
    costly = churn_reasons(frame, reason="why", value="worth", sort="value", unstated="?")
    assert costly["reason"].tolist() == ["a", "b", "c", "?"]
    assert costly["cumulative_share_of_value"].iloc[-1] == 1


def test_missing_reasons_of_every_kind_are_one_row():
    for entries in ([" price", None, "", "  ", np.nan, "price "], pd.array(["price", pd.NA, "", " ", None, "price"])):
        table = churn_reasons(pd.DataFrame({"reason": entries}))
        assert table["reason"].tolist() == ["price", "(not stated)"]
        assert table["customers"].tolist() == [2, 4]
    nobody = churn_reasons(pl.DataFrame({"reason": pl.Series([None, None], dtype=pl.String)}))
    assert nobody.to_dict(as_series=False)["reason"] == ["(not stated)"]
    assert churn_reasons(pd.DataFrame({"reason": [7, 7, 3]}))["reason"].tolist() == ["7", "3"]


def test_a_loss_of_nothing_has_no_shares_of_value():
    table = churn_reasons(pd.DataFrame({"reason": ["a", "b"], "clv": [0.0, 0.0]}), value="clv")
    assert table[["share_of_value", "cumulative_share_of_value"]].isna().all(axis=None)


def test_every_library_and_any_order_of_rows():
    frame = lost()
    expected = churn_reasons(frame, value="clv")
    shuffled = churn_reasons(frame.sample(frac=1, random_state=3), value="clv")
    pd.testing.assert_frame_equal(shuffled, expected, check_exact=True)
    given = pl.from_pandas(frame)
    got = churn_reasons(given, value="clv")
    assert got.to_dict(as_series=False) == expected.to_dict(orient="list")
    assert churn_reasons(given.lazy(), value="clv").collect().equals(got)
    assert churn_reasons(given.to_arrow(), value="clv").to_pydict() == got.to_dict(as_series=False)
    as_category = given.with_columns(pl.col("reason").cast(pl.Categorical))
    assert churn_reasons(as_category, value="clv").equals(got)


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": "why"},
        {"value": "reason"},
        {"value": "debt"},
        {"sort": "value"},
        {"sort": "customer"},
        {"unstated": "price"},
        {"unstated": ""},
        {"interval": 1.5},
    ],
)
def test_bad_arguments_are_refused(wrong):
    with pytest.raises(InputError):
        churn_reasons(lost().assign(debt=-1.0), **wrong)


def test_an_empty_frame_is_refused():
    with pytest.raises(InputError, match="empty"):
        churn_reasons(lost().head(0))
