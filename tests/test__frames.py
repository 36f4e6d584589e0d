"""The door to dataframe libraries: what comes in, what goes out, and that nothing changes on the way."""

import datetime as dt
from decimal import Decimal

import dask.dataframe as dd
import duckdb
import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from customer_value import InputError
from customer_value import _frames as frames

DATA = {"id": ["b", "a", "c"], "n": [1, 2, 3]}
EAGER = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}
LAZY = {
    "polars": pl.LazyFrame,
    "duckdb": lambda data: duckdb.from_df(pd.DataFrame(data)),
    "dask": lambda data: dd.from_pandas(pd.DataFrame(data), npartitions=2),
}
ALL = [*EAGER.items(), *LAZY.items()]
# narwhals 2.29 announces that Dask support moves to a package of its own.
pytestmark = pytest.mark.filterwarnings("ignore:Dask support is moving:FutureWarning")


def values(native):
    """Return the columns of a native frame as lists, whatever the library."""
    return nw.from_native(native, eager_only=True).to_dict(as_series=False)


# ---- opening -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("engine", "make"), ALL)
def test_every_kind_of_frame_is_opened_and_named(engine, make):
    opened = frames.open_frame(make(DATA))
    assert frames.engine_of(opened) == engine
    assert frames.column_names(opened) == ["id", "n"]
    assert frames.collect(opened).to_dict(as_series=False) == DATA


@pytest.mark.parametrize(
    "given", [None, 3, "log.csv", [1], {"a": [1]}, pd.Series([1]), pl.Series([1]), np.ones((2, 2))]
)
def test_what_is_no_frame_is_named(given):
    with pytest.raises(InputError, match=rf"^the log must be a DataFrame of pandas, .* got {type(given).__name__}\.$"):
        frames.open_frame(given, "log")


@pytest.mark.parametrize(
    "make",
    [
        lambda: pd.DataFrame([[1, 2, 3]], columns=["a", "b", "a"]),
        lambda: pa.Table.from_arrays([pa.array([1])] * 3, names=["a", "b", "a"]),
        lambda: duckdb.sql("select 1 as a, 2 as b, 3 as a"),
    ],
)
def test_two_columns_of_one_name_are_named(make):
    with pytest.raises(InputError, match=r"column names of the log must be unique; \['a'\] come more than once"):
        frames.open_frame(make(), "log")


def test_index_names_are_pandas_alone():
    assert frames.index_names(frames.open_frame(pd.DataFrame(DATA).set_index("id"))) == ["id"]
    assert frames.index_names(frames.open_frame(pd.DataFrame(DATA))) == [None]
    assert frames.index_names(frames.open_frame(pl.DataFrame(DATA))) == []


# ---- there and back ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("engine", "make"), [case for case in ALL if case[0] in EAGER])
def test_eager_goes_back_as_it_came(engine, make):
    opened, back = frames.to_eager(make(DATA), "log", "score")
    given = back(opened)
    assert type(given) is type(make(DATA))
    assert values(given.collect() if isinstance(given, pl.LazyFrame) else given) == DATA


@pytest.mark.parametrize(("engine", "way"), [("duckdb", r"relation\.arrow\(\)"), ("dask", r"frame\.compute\(\)")])
def test_rows_that_are_elsewhere_are_refused_with_the_way_to_get_them(engine, way):
    with pytest.raises(InputError, match=rf"^score needs the rows in memory, .* {engine} frame .* call {way}"):
        frames.to_eager(LAZY[engine](DATA), "log", "score")


def test_results_are_lazy_where_polars_was_and_eager_elsewhere():
    made = frames.make_frame({"n": np.array([1.0])}, frames.open_frame(pl.LazyFrame(DATA)))
    assert isinstance(frames.as_given(made, frames.open_frame(pl.LazyFrame(DATA))), pl.LazyFrame)
    assert isinstance(frames.as_given(made, frames.open_frame(pl.DataFrame(DATA))), pl.DataFrame)
    relation = frames.open_frame(LAZY["duckdb"](DATA))
    assert isinstance(frames.as_given(frames.make_frame({"n": np.array([1.0])}, relation), relation), pa.Table)


# ---- arrays and columns --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", EAGER)
def test_arrays_are_added_by_position_and_nothing_is_changed(engine):
    given = EAGER[engine](DATA)
    result = frames.with_arrays(
        frames.open_frame(given), {"x": np.array([0.5, np.nan, 2.0]), "n": np.array([7, 8, 9])}
    ).to_native()
    assert values(given) == DATA
    found = values(result)
    assert list(found) == ["id", "n", "x"]
    assert found["n"] == [7, 8, 9]
    assert found["x"][::2] == [0.5, 2.0]
    assert nw.from_native(result, eager_only=True)["x"].null_count() == 1  # NaN is the library's null


@pytest.mark.parametrize("index", [[9, 9, 9], [2, 1, 0], pd.MultiIndex.from_tuples([(0, 1), (0, 0), (1, 1)])])
def test_a_pandas_index_stays_and_does_not_align(index):
    given = pd.DataFrame(DATA, index=index)
    result = frames.with_arrays(frames.open_frame(given), {"x": np.arange(3.0)}).to_native()
    pd.testing.assert_index_equal(result.index, given.index)
    assert result["x"].tolist() == [0.0, 1.0, 2.0]
    assert "x" not in given


@pytest.mark.parametrize("engine", EAGER)
def test_a_frame_is_made_of_arrays_and_series(engine):
    like = frames.open_frame(EAGER[engine](DATA))
    series = like["id"][np.array([2, 0])]  # in pandas with an index of its own
    days = np.array(["1969-12-31", "2000-02-29"], dtype="datetime64[D]")
    made = frames.make_frame(
        {"id": series, "day": days, "x": np.array([1.5, np.nan]), "text": np.array(["u", "v"], dtype=object)}, like
    )
    found = values(made.to_native())
    assert found["id"] == ["c", "b"]
    assert [str(day)[:10] for day in found["day"]] == ["1969-12-31", "2000-02-29"]
    assert made["x"].null_count() == 1
    assert found["text"] == ["u", "v"]
    assert frames.engine_of(made) == engine


@pytest.mark.parametrize("backend", frames.BACKENDS)
def test_frames_are_made_from_nothing(backend):
    made = frames.make_frame({"n": np.array([1, 2])}, frames.empty_frame(backend)).to_native()
    assert type(made) is type(EAGER[backend](DATA))
    assert values(made) == {"n": [1, 2]}


@pytest.mark.parametrize("backend", frames.BACKENDS)
def test_arrow_tables_become_frames_with_dates(backend):
    table = nw.from_native(pa.table({"day": pa.array([dt.date(2020, 1, 1), None]), "n": [1, 2]}), eager_only=True)
    made = frames.from_arrow(table, backend)
    dtype = nw.from_native(made, eager_only=True)["day"].dtype
    assert isinstance(dtype, nw.Datetime) if backend == "pandas" else dtype == nw.Date
    assert str(values(made)["day"][0])[:10] == "2020-01-01"


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        (pd.Series([1, None], dtype="Int64"), [1.0, np.nan]),
        (pd.Series([1.5, None]), [1.5, np.nan]),
        (pd.Series([Decimal("1.25"), None], dtype=pd.ArrowDtype(pa.decimal128(8, 2))), [1.25, np.nan]),
        (pl.Series([Decimal("1.25"), None]), [1.25, np.nan]),
        (pl.Series([3, None], dtype=pl.UInt8), [3.0, np.nan]),
        (pa.chunked_array([[2], [None]]), [2.0, np.nan]),
    ],
)
def test_numbers_of_every_type_become_floats(series, expected):
    found = frames.float_column(nw.from_native(series, series_only=True))
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, expected)


# ---- labels, texts, timestamps, whole numbers ----------------------------------------------------------------------


@pytest.mark.parametrize("engine", EAGER)
def test_labels_are_ordered_and_may_be_missing(engine):
    made = frames.categorical(np.array([1, -1, 0]), ["good", "bad"], frames.open_frame(EAGER[engine](DATA)))
    assert made.to_list()[::2] == ["bad", "good"]
    assert made.null_count() == 1
    native = made.to_native()
    if engine == "pandas":
        assert native.cat.ordered
        assert native.cat.categories.tolist() == ["good", "bad"]
    elif engine == "polars":
        assert native.dtype == pl.Enum(["good", "bad"])
    else:
        assert made.dtype == nw.String


@pytest.mark.parametrize("engine", EAGER)
def test_texts_are_looked_up(engine):
    made = frames.texts(np.array([1, -1, 0, 1]), ["u", "v"], frames.open_frame(EAGER[engine](DATA)))
    assert made.dtype == nw.String
    assert made.null_count() == 1
    assert [made[0], made[2], made[3]] == ["v", "u", "v"]


@pytest.mark.parametrize("engine", EAGER)
def test_timestamps_keep_their_time_and_gaps(engine):
    moments = np.array(["1969-12-31T23:59:59.000001", "NaT"], dtype="datetime64[us]")
    made = frames.timestamps(moments, frames.open_frame(EAGER[engine](DATA)))
    assert made.dtype == nw.Datetime("us")
    assert made.null_count() == 1
    assert str(made[0]).startswith("1969-12-31 23:59:59.000001")


@pytest.mark.parametrize("engine", EAGER)
def test_whole_numbers_stay_whole_beside_missing_ones(engine):
    like = frames.open_frame(EAGER[engine](DATA))
    large = 2**53 + 1  # which no float holds
    made = frames.whole_numbers(np.array([large, 0]), np.array([False, True]), like)
    assert made.dtype.is_integer()
    assert made[0] == large
    assert made.null_count() == 1
    assert frames.whole_numbers(np.array([1.0, 2.0]), np.zeros(2, dtype=bool), like).to_list() == [1, 2]


def test_text_chunks_are_text_only():
    texts = [pd.Series(["a", None]), pd.Series(["a", None], dtype=object), pl.Series(["a", None])]
    for text in [*texts, pa.chunked_array([["a"], [None]])]:
        chunks = frames.text_chunks(nw.from_native(text, series_only=True))
        assert [entry for chunk in chunks for entry in chunk.to_pylist()] == ["a", None]
    for other in (pd.Series([1, 2]), pd.Series(["a", 1], dtype=object), pl.Series([1.5])):
        assert frames.text_chunks(nw.from_native(other, series_only=True)) is None


@pytest.mark.parametrize(("engine", "make"), [case for case in ALL if case[0] != "dask"])
def test_distinct_rows_keep_the_first_in_order(engine, make):
    data = {"a": [3, 1, 3, 1, 2], "b": [0, 1, 2, 3, 4]}
    found = frames.collect(frames.distinct_rows(frames.open_frame(make(data)), ["a"]))
    rows = found.to_dict(as_series=False)
    if engine == "duckdb":  # knows no order
        assert sorted(rows["a"]) == [1, 2, 3]
    else:
        assert rows == {"a": [3, 1, 2], "b": [0, 1, 4]}
