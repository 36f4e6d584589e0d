"""Value x risk: four cells, ties, what is unknown, and the same answer where rows stay in an engine."""

import dask.dataframe as dd
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from customer_value.errors import InputError
from customer_value.segments import assign_quadrants

VALUE = [500.0, 500, 499.9, 499.9, None, 900.0, float("nan"), -10.0]
RISK = [0.39, 0.4, 0.39, 0.4, 0.5, None, None, 0.9]
CUTS = {"clv_if_alive": 500, "churn_probability": 0.4}
EXPECTED = ["Core", "At risk", "Ordinary", "Let go", None, None, None, "Let go"]


def frame(value=VALUE, risk=RISK):
    return {"customer_id": list(range(len(value))), "clv_if_alive": value, "churn_probability": risk}


def labels_of(column):
    return [None if pd.isna(label) else str(label) for label in column]


def test_four_quadrants_cut_at_numbers(make_frame, read):
    given = make_frame(frame())
    got = assign_quadrants(given, cuts=CUTS)
    assert type(got) is type(given)
    columns = read(got)
    assert labels_of(columns["quadrant"]) == EXPECTED
    assert columns["quadrant_reason"] == [
        "clv_if_alive >= 500, churn_probability < 0.4",
        "clv_if_alive >= 500, churn_probability >= 0.4",
        "clv_if_alive < 500, churn_probability < 0.4",
        "clv_if_alive < 500, churn_probability >= 0.4",
        "clv_if_alive is unknown",
        "churn_probability is unknown",
        "clv_if_alive is unknown",
        "clv_if_alive < 500, churn_probability >= 0.4",
    ]


# narwhals tells of a package of its own for Dask.
@pytest.mark.filterwarnings("ignore:Dask support is moving:FutureWarning")
@pytest.mark.parametrize("engine", ["duckdb", "dask"])
@pytest.mark.parametrize("cuts", [CUTS, "median"])
def test_rows_stay_in_the_engine(engine, cuts):
    table = pa.table(frame())
    if engine == "duckdb":
        got = assign_quadrants(duckdb.from_arrow(table), cuts=cuts)
        assert isinstance(got, duckdb.DuckDBPyRelation)
        rows = got.to_arrow_table().to_pandas()
    else:
        got = assign_quadrants(dd.from_pandas(table.to_pandas(), npartitions=2), cuts=cuts)
        assert isinstance(got, dd.DataFrame)
        rows = got.compute()
    rows = rows.sort_values("customer_id")
    expected = assign_quadrants(pd.DataFrame(frame()), cuts=cuts)
    assert labels_of(rows["quadrant"]) == labels_of(expected["quadrant"])
    assert rows["quadrant_reason"].tolist() == expected["quadrant_reason"].tolist()


def test_lazy_polars_stays_lazy_with_an_ordered_label():
    got = assign_quadrants(pl.LazyFrame(frame()), cuts=CUTS, labels="zh")
    assert isinstance(got, pl.LazyFrame)
    assert got.collect_schema()["quadrant"] == pl.Enum(["核心客户", "流失风险客户", "普通客户", "低价值流失客户"])
    assert got.collect()["quadrant"].to_list()[:4] == ["核心客户", "流失风险客户", "普通客户", "低价值流失客户"]
    assert got.collect()["quadrant_reason"].to_list()[4] == "clv_if_alive 未知"


def test_medians_of_those_that_are_known_and_equal_customers_together():
    values, risks = [1.0, 2, 2, 2, 9, None], [0.1, 0.2, 0.3, 0.4, 0.5, 0.9]
    got = assign_quadrants(pd.DataFrame(frame(values, risks)))  # medians 2 and 0.35
    assert labels_of(got["quadrant"]) == ["Ordinary", "Core", "Core", "At risk", "At risk", None]
    lazy = assign_quadrants(pl.LazyFrame(frame(values, risks)))
    assert isinstance(lazy, pl.LazyFrame)
    assert labels_of(lazy.collect()["quadrant"]) == labels_of(got["quadrant"])
    half = assign_quadrants(
        pd.DataFrame(frame(values, risks)), cuts={"clv_if_alive": "median", "churn_probability": 0.5}
    )
    assert labels_of(half["quadrant"]) == ["Ordinary", "Core", "Core", "Core", "At risk", None]


def test_order_and_chunks_change_nothing():
    rng = np.random.default_rng(0)
    given = pl.DataFrame(frame(np.round(rng.gamma(1, 100, 50)).tolist(), np.round(rng.uniform(0, 1, 50), 1).tolist()))
    whole = assign_quadrants(given)
    assert assign_quadrants(pl.concat([given[:7], given[7:]], rechunk=False)).equals(whole)
    assert assign_quadrants(given[::-1])[::-1].equals(whole)


def test_any_two_scores_and_labels_of_ones_own():
    accounts = pd.DataFrame({"potential": [10, 90], "loyalty": [0.2, 0.8]})
    got = assign_quadrants(accounts, value="potential", risk="loyalty", cuts={"potential": 50, "loyalty": 0.5},
                           labels={"at_risk": "Grow and keep"}, name="plan")  # fmt: skip
    assert got["plan"].tolist() == ["Ordinary", "Grow and keep"]
    assert assign_quadrants(got, value="potential", risk="loyalty", name="plan")["plan"].cat.categories[1] == "At risk"
    assert "plan" not in accounts.columns


@pytest.mark.parametrize(
    ("data", "arguments", "message"),
    [
        ({"clv_if_alive": [1.0]}, {}, r"lacks \['churn_probability'\].*score_churn\(frame, model=...\) makes it"),
        (frame([np.inf], [0.1]), {"cuts": CUTS}, "clv_if_alive must be finite"),
        (frame(["a"], [0.1]), {}, "clv_if_alive must be numeric"),
        (frame([], []), {"cuts": 1.0}, "must be numeric|is empty"),
        (frame([None, None], [0.1, 0.2]), {}, "must be numeric|is null for everyone"),
        (frame([np.nan], [0.1]), {}, "clv_if_alive is null for everyone, so it has no median"),
        (frame([1.0], [0.1]), {"cuts": {"clv": 3}}, r"cuts must be of \['clv_if_alive', 'churn_probability'\]"),
        (frame([1.0], [0.1]), {"cuts": "mean"}, "the cut of clv_if_alive must be a finite number"),
        (frame([1.0], [0.1]), {"value": "churn_probability"}, "value and risk must be two columns"),
        (frame([1.0], [0.1]), {"labels": {"vip": "VIP"}}, r"labels has \['vip'\]"),
    ],
)
@pytest.mark.parametrize("make", [pd.DataFrame, pl.LazyFrame])
def test_bad_input_is_refused_in_words(data, arguments, message, make):
    with pytest.raises(InputError, match=message):
        assign_quadrants(make(data), **arguments)
