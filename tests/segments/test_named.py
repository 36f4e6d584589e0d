"""Named segments: every cell gets the published name, with its reason, in every library."""

from itertools import product

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer_value.errors import InputError
from customer_value.segments import TEN_SEGMENTS, SegmentRules, assign_segments, score_rfm

# The 25 cells by hand, R from 5 down to 1, F from 1 to 5.
GRID = """
5: New customers | Potential loyalists | Potential loyalists | Champions       | Champions
4: Promising     | Potential loyalists | Potential loyalists | Loyal customers | Loyal customers
3: About to sleep| About to sleep      | Need attention      | Loyal customers | Loyal customers
2: Hibernating   | Hibernating         | At risk             | At risk         | Can't lose them
1: Hibernating   | Hibernating         | At risk             | At risk         | Can't lose them
"""
BY_HAND = {
    (int(line[0]), f): name.strip()
    for line in GRID.strip().splitlines()
    for f, name in enumerate(line[2:].split("|"), start=1)
}
ORDER = list(TEN_SEGMENTS.labels["en"].values())


def all_cells():
    r, f = zip(*product(range(1, 6), repeat=2), strict=True)
    return {"customer_id": list(range(25)), "r_score": list(r), "f_score": list(f)}


def test_every_cell_in_every_library(make_frame, read):
    data = all_cells()
    given_frame = make_frame(data)
    named = assign_segments(given_frame)
    assert type(named) is type(given_frame)
    got = read(named)
    assert list(got) == [*data, "segment", "segment_reason"]
    for r, f, segment, reason in zip(
        got["r_score"], got["f_score"], got["segment"], got["segment_reason"], strict=True
    ):
        assert segment == BY_HAND[r, f]
        assert reason.startswith(f"R {r}, F {f}: rule R ")


def test_labels_are_ordered_best_first_whatever_is_there():
    few = {"r_score": [1, 5], "f_score": [1, 5]}
    pandas_dtype = assign_segments(pd.DataFrame(few))["segment"].dtype
    assert pandas_dtype.ordered
    assert pandas_dtype.categories.tolist() == ORDER
    assert assign_segments(pl.DataFrame(few)).schema["segment"] == pl.Enum(ORDER)
    assert assign_segments(pa.table(few))["segment"].to_pylist() == ["Hibernating", "Champions"]


def test_the_reason_tells_the_scores_and_the_rule():
    scored = pd.DataFrame({"r_score": [5, 2], "f_score": [4, 5]})
    assert assign_segments(scored)["segment_reason"].tolist() == [
        "R 5, F 4: rule R 5, F 4-5",
        "R 2, F 5: rule R 1-2, F 5",
    ]
    assert assign_segments(scored, labels="zh")["segment_reason"].tolist() == [
        "R 5, F 4：规则 R 5, F 4-5",
        "R 2, F 5：规则 R 1-2, F 5",
    ]


def test_rows_order_index_and_input_stay_and_columns_are_replaced():
    scored = pd.DataFrame({"r_score": [5, 1, 3], "f_score": [5, 1, 3], "segment": "old"}, index=[7, 7, 2])
    before = scored.copy()
    named = assign_segments(scored)
    pd.testing.assert_frame_equal(scored, before)
    assert named.index.tolist() == [7, 7, 2]
    assert named["segment"].tolist() == ["Champions", "Hibernating", "Need attention"]
    assert assign_segments(named).equals(named)


def test_names_and_suffixes():
    scored = pd.DataFrame({"r_score": [5], "f_score": [5], "r_score_12m": [1], "f_score_12m": [1]})
    named = assign_segments(assign_segments(scored, name="group"), suffix="_12m")
    assert named["group"].tolist() == ["Champions"]
    assert named["segment_12m"].tolist() == ["Hibernating"]
    assert {"group_reason", "segment_12m_reason"} < set(named.columns)


def test_labels_in_chinese_or_as_given():
    scored = pd.DataFrame({"r_score": [5, 1], "f_score": [5, 1]})
    assert assign_segments(scored, labels="zh")["segment"].tolist() == ["冠军客户", "沉睡客户"]
    own = assign_segments(scored, labels={"champions": "Stars"})["segment"]
    assert own.tolist() == ["Stars", "Hibernating"]
    assert own.cat.categories.tolist() == ["Stars", *ORDER[1:]]


def test_rules_of_ones_own_with_money_and_a_default():
    rules = SegmentRules({"big": {"m": (2, 3)}, "recent": [{"r": 3}, {"r": 2, "m": 1}]}, bins=3, default="rest")
    scored = pd.DataFrame({"r_score": [3, 3, 2, 1], "m_score": [3, 1, 1, 1]})
    named = assign_segments(scored, rules=rules)
    assert named["segment"].tolist() == ["big", "recent", "recent", "rest"]  # the first rule wins at R 3, M 3
    assert named["segment_reason"].tolist() == [
        "R 3, M 3: rule M 2-3",
        "R 3, M 1: rule R 3",
        "R 2, M 1: rule R 2, M 1",
        "R 1, M 1: no rule, the default",
    ]
    assert named["segment"].cat.categories.tolist() == ["big", "recent", "rest"]


def test_rules_that_do_not_cover_each_cell_once_are_refused():
    scored = pd.DataFrame({"r_score": [1], "f_score": [1]})
    with pytest.raises(InputError, match=r"of 5 cells, 3 by no rule \(R1, R2, R3\).*default='...'"):
        assign_segments(scored, rules=SegmentRules({"recent": {"r": (4, 5)}}))
    with pytest.raises(InputError, match=r"two or more names \(R3: a and b\)"):
        assign_segments(scored, rules=SegmentRules({"a": {"r": (1, 3)}, "b": {"r": (3, 5)}}))
    with pytest.raises(InputError, match="never given: b"):
        assign_segments(scored, rules=SegmentRules({"a": {"r": (1, 5)}, "b": {"r": 3}}))
    with pytest.raises(InputError, match=r"rules must be a SegmentRules.*'ten_segments'.*got dict"):
        assign_segments(scored, rules={"a": {"r": (1, 5)}})
    with pytest.raises(InputError, match=r"rules must be one of \['ten_segments', .*Did you mean 'ten_segments'"):
        assign_segments(scored, rules="10_segments")


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([1, 6], r"r_score must be a whole number from 1 to 5; 1 of 2 rows is not \(rows 1\).*bins=5"),
        ([0, 1], "r_score must be a whole number from 1 to 5"),
        ([1.5, 1], "r_score must be a whole number from 1 to 5"),
        ([np.nan, 1], "r_score must not be null"),
        (["5", "1"], "r_score must be numeric"),
    ],
)
def test_scores_that_are_none_are_refused(scores, message):
    with pytest.raises(InputError, match=message):
        assign_segments(pd.DataFrame({"r_score": scores, "f_score": [1, 1]}))


def test_bad_frames_are_refused():
    with pytest.raises(InputError, match=r"lacks \['r_score', 'f_score'\].*score_rfm"):
        assign_segments(pd.DataFrame({"customer_id": [1]}))
    with pytest.raises(InputError, match="empty"):
        assign_segments(pd.DataFrame({"r_score": [1], "f_score": [1]}).head(0))
    with pytest.raises(InputError, match="must be a DataFrame"):
        assign_segments({"r_score": [1]})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels": "de"}, r"labels must be one of \['en', 'zh'\]"),
        ({"labels": {"champion": "Stars"}}, r"labels has \['champion'\]"),
        ({"labels": {"champions": "At risk"}}, "labels must differ"),
        ({"labels": {"champions": ""}}, "label of 'champions' must be a non-empty text"),
        ({"labels": "zh", "rules": SegmentRules({"all": {"r": (1, 5)}})}, "have no labels='zh'"),
        ({"name": ""}, "name must be a non-empty text"),
        ({"suffix": 3}, "suffix must be a text"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        assign_segments(pd.DataFrame({"r_score": [1], "f_score": [1]}), **arguments)


def test_scores_feed_segments():
    rng = np.random.default_rng(1)
    summary = pd.DataFrame(
        {"time_since_last": rng.integers(0, 99, 300), "purchases": rng.geometric(0.5, 300), "total_value": 1.0}
    )
    named = summary.pipe(score_rfm).pipe(assign_segments)
    expected = [BY_HAND[cell] for cell in zip(named["r_score"], named["f_score"], strict=True)]
    assert named["segment"].tolist() == expected


# ---- frames whose rows stay where they are -----------------------------------------------------------------------

MIXED = SegmentRules(
    {"big": {"m": 3}, "recent": [{"r": 4}, {"r": 3, "f": (2, 3)}], "loyal": {"f": 3}},
    bins={"r": 4, "f": 3, "m": 3},
    default="rest",
)
SCORES = st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3))


def as_duckdb(table):
    return duckdb.from_arrow(table)


def as_dask(table):
    dask = pytest.importorskip("dask.dataframe")
    return dask.from_pandas(table.to_pandas(), npartitions=2)


@pytest.mark.filterwarnings("ignore:Dask support is moving")
@pytest.mark.parametrize("engine", [as_duckdb, as_dask])
@pytest.mark.parametrize("labels", ["en", {"big": "grand"}])
def test_engines_name_every_cell_as_arrays_do(engine, labels):
    cells = list(product(range(1, 5), range(1, 4), range(1, 4)))
    data = dict(zip(["r_score", "f_score", "m_score"], map(list, zip(*cells, strict=True)), strict=True))
    data = {"id": list(range(len(cells))), **data, "f_score": [float(f) for f in data["f_score"]]}
    named = assign_segments(engine(pa.table(data)), rules=MIXED, labels=labels)
    got = nw.from_native(named).lazy().collect().sort("id").to_pandas()
    expected = assign_segments(pd.DataFrame(data), rules=MIXED, labels=labels)
    assert got["segment"].tolist() == expected["segment"].tolist()
    assert got["segment_reason"].tolist() == expected["segment_reason"].tolist()


def test_a_lazy_frame_stays_lazy_and_its_label_is_ordered():
    named = assign_segments(pl.LazyFrame(all_cells()))
    assert isinstance(named, pl.LazyFrame)
    assert named.collect_schema()["segment"] == pl.Enum(ORDER)
    assert named.collect().equals(assign_segments(pl.DataFrame(all_cells())))


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([1, 6], r"r_score must be a whole number from 1 to 5; 1 of 2 rows is not\. .*bins=5"),
        ([1.5, float("nan")], "r_score must be a whole number from 1 to 5; 2 of 2 rows"),
        ([None, 1], "r_score must not be null"),
        ([float("-inf"), 1.0], "r_score must be finite"),
        (["5", "1"], "r_score must be numeric"),
    ],
)
@pytest.mark.parametrize("engine", [pl.LazyFrame, lambda data: duckdb.from_arrow(pa.table(data))])
def test_scores_of_lazy_frames_that_are_none_are_refused(engine, scores, message):
    with pytest.raises(InputError, match=message):
        assign_segments(engine({"r_score": scores, "f_score": [1, 1]}))
    with pytest.raises(InputError, match="empty"):
        assign_segments(pl.LazyFrame({"r_score": [], "f_score": []}, schema={"r_score": pl.Int64, "f_score": pl.Int8}))


@settings(max_examples=10)
@given(st.lists(SCORES, min_size=1, max_size=30), st.randoms(), st.integers(0, 30))
def test_the_order_of_rows_chunks_and_the_library_change_nothing(cells, random, cut):
    names = ["r_score", "f_score", "m_score"]
    frame = pd.DataFrame(cells, columns=names).assign(id=range(len(cells)))
    expected = assign_segments(frame, rules=MIXED)[["id", "segment", "segment_reason"]]
    order = list(range(len(cells)))
    random.shuffle(order)
    shuffled = assign_segments(frame.iloc[order], rules=MIXED)
    pd.testing.assert_frame_equal(shuffled.sort_values("id")[expected.columns], expected)
    polars, arrow = pl.from_pandas(frame), pa.Table.from_pandas(frame, preserve_index=False)
    chunked = {
        "polars": pl.concat([polars[:cut], polars[cut:]], rechunk=False),
        "lazy": polars.lazy(),
        "pyarrow": pa.concat_tables([arrow[:cut], arrow[cut:]]),
    }
    for other in chunked.values():
        named = assign_segments(other, rules=MIXED)
        named = named.collect() if isinstance(named, pl.LazyFrame) else named
        for column in expected.columns:
            assert [str(text) for text in nw.from_native(named)[column].to_list()] == [
                str(text) for text in expected[column]
            ]
