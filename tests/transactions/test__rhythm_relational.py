"""Gaps between purchases as expressions, against plain Python, on every engine."""

import datetime as dt
import math
from collections import defaultdict
from itertools import pairwise

import duckdb
import narwhals.stable.v2 as nw
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer_value.transactions._log import LogColumns
from customer_value.transactions._rhythm_relational import (
    PERIOD,
    STATISTICS,
    gap_statistics,
    purchase_periods,
    with_gaps,
)

COLUMNS = LogColumns("who", "day", "amount")
FIRST = dt.date(1969, 12, 1)
FRAMES = {
    "pandas": lambda frame: frame,
    "polars": pl.from_pandas,
    "pyarrow": lambda frame: pa.Table.from_pandas(frame, preserve_index=False),
    "polars lazy": lambda frame: pl.from_pandas(frame).lazy(),
    "duckdb": duckdb.from_df,
}


def reference(rows, grain):
    """Each customer's statistics, as the docstring names them."""
    periods = defaultdict(set)
    for who, day, amount in rows:
        if amount >= 0:
            number = (day - dt.date(1970, 1, 1)).days
            periods[who].add((number + 3) // 7 if grain == "week" else number)
    found = []
    for who, numbers in sorted(periods.items()):
        gaps = [b - a for a, b in pairwise(sorted(numbers))]
        logs = math.fsum(math.log(gap) for gap in gaps)
        last = gaps[-1] if gaps else None
        found.append((who, len(gaps), sum(gaps), sum(g * g for g in gaps), logs, last, min(numbers), max(numbers)))
    return found


def statistics_of(frame, grain):
    table = gap_statistics(with_gaps(purchase_periods(nw.from_native(frame), COLUMNS, grain), ["who"]), ["who"])
    rows = table.lazy().collect("polars").sort("who").rows()
    return [tuple(None if value is None or value != value else value for value in row) for row in rows]


@settings(max_examples=4, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"),
            st.integers(0, 60).map(lambda n: FIRST + dt.timedelta(days=n)),
            st.sampled_from([-1.0, 0.0, 5.0]),
        ),
        min_size=1,
    ),
    st.sampled_from(["day", "week"]),
)
def test_statistics_equal_the_reference_on_every_engine(rows, grain):
    frame = pd.DataFrame(rows, columns=["who", "day", "amount"]).astype({"day": "datetime64[us]"})
    expected = reference(rows, grain)
    for name, made in FRAMES.items():
        found = statistics_of(made(frame), grain)
        assert len(found) == len(expected), name
        for row, right in zip(found, expected, strict=True):
            assert row[:4] + row[5:] == right[:4] + right[5:], name
            assert row[4] == pytest.approx(right[4], rel=1e-12, abs=1e-12), name


def test_a_gap_belongs_to_the_keys_together():
    frame = pl.DataFrame({"who": ["a"] * 4, "cutoff": [1, 1, 2, 2], PERIOD: [3, 10, 3, 5]})
    table = gap_statistics(with_gaps(nw.from_native(frame.lazy()), ["who", "cutoff"]), ["who", "cutoff"])
    assert table.collect().sort("cutoff").select("cutoff", *STATISTICS).rows() == [
        (1, 1, 7, 49, pytest.approx(math.log(7)), 7, 3, 10),
        (2, 1, 2, 4, pytest.approx(math.log(2)), 2, 3, 5),
    ]


def test_rows_after_a_cutoff_change_no_gap_before_it():
    frame = pl.DataFrame({"who": ["a"] * 3, PERIOD: [1, 5, 11]})
    known = with_gaps(nw.from_native(frame), ["who"]).filter(nw.col(PERIOD) < 10)
    assert gap_statistics(known, ["who"]).select("gaps", "gap_sum", "last_gap").rows() == [(1, 4, 4)]
