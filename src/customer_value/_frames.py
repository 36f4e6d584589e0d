"""The door to dataframe libraries: the one place that converts, names engines and hands out narwhals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypeVar, get_args

import narwhals.stable.v2 as nw
import numpy as np
from narwhals.stable.v2.typing import IntoFrame

from customer_value.errors import InputError

__all__ = [
    "BACKENDS",
    "AnyFrame",
    "Backend",
    "Column",
    "EagerFrame",
    "FrameT",
    "as_given",
    "categorical",
    "collect",
    "column_names",
    "distinct_rows",
    "empty_frame",
    "engine_of",
    "float_column",
    "from_arrow",
    "holds_nulls_only",
    "index_names",
    "make_frame",
    "nw",
    "open_frame",
    "schema_of",
    "text_chunks",
    "texts",
    "timestamps",
    "to_eager",
    "truth_values",
    "whole_numbers",
    "with_arrays",
    "without_zone",
]

# The libraries in which a frame can be made from nothing (sample data, simulations).
Backend = Literal["pandas", "polars", "pyarrow"]
BACKENDS: tuple[str, ...] = get_args(Backend)

# What comes out has the type of what went in: polars in, polars out, also for a type checker.
FrameT = TypeVar("FrameT", bound=IntoFrame)
EagerFrame: TypeAlias = nw.DataFrame[Any]
AnyFrame: TypeAlias = nw.DataFrame[Any] | nw.LazyFrame[Any]
Column: TypeAlias = np.ndarray[Any, Any] | nw.Series[Any]

_PANDAS_LIKE = frozenset({"pandas", "modin", "cudf"})

_ENGINE_HELP = {
    "duckdb": "relation.arrow() or relation.pl()",
    "pyspark": "frame.toPandas()",
    "dask": "frame.compute()",
    "ibis": "table.to_pandas()",
}


def open_frame(frame: object, what: str = "frame") -> AnyFrame:
    """Wrap any supported frame; raise InputError on anything else."""
    try:
        opened: AnyFrame = nw.from_native(frame)
    except (TypeError, ValueError) as error:
        if "unique" in str(error).lower() or "duplicate" in str(error).lower():
            raise _not_unique(frame, what) from None
        raise InputError(
            f"the {what} must be a DataFrame of pandas, polars, pyarrow or an engine that narwhals knows; "
            f"got {type(frame).__name__}."
        ) from None
    # Engines let two columns of one name pass, and a schema hides the second one.
    if isinstance(opened, nw.LazyFrame) and engine_of(opened) != "polars":
        names = _native_names(frame)
        if len(set(names)) != len(names):
            raise _not_unique(frame, what)
    return opened


def _native_names(frame: Any) -> list[Any]:
    return list(frame.column_names if hasattr(frame, "column_names") else getattr(frame, "columns", ()))


def _not_unique(frame: object, what: str) -> InputError:
    names = _native_names(frame)
    twice = sorted({str(name) for name in names if names.count(name) > 1})
    return InputError(f"column names of the {what} must be unique; {twice} come more than once.")


def column_names(frame: AnyFrame) -> list[str]:
    """Return the names of a frame's columns; a lazy frame resolves its schema, which runs no query."""
    return frame.columns if isinstance(frame, nw.DataFrame) else frame.collect_schema().names()


def schema_of(frame: AnyFrame) -> dict[str, nw.dtypes.DType]:
    """Return the types of a frame's columns, timestamps of every zone among them.

    narwhals finds no type for pandas' timestamps of a zone whose name holds more than letters, such as
    America/New_York.
    """
    schema = dict(frame.collect_schema())
    if engine_of(frame) in _PANDAS_LIKE:
        for name, dtype in schema.items():
            if isinstance(dtype, nw.Unknown) and (zone := _zone(frame.to_native()[name])) is not None:
                schema[name] = nw.Datetime("us", zone)
    return schema


def holds_nulls_only(frame: AnyFrame, name: str) -> bool:
    """Tell whether nothing is known of a column, which then has no type, or that of texts; a lazy one tells by type."""
    if isinstance(frame, nw.DataFrame):
        return frame.get_column(name).null_count() == len(frame)
    return engine_of(frame) == "polars" and str(frame.to_native().collect_schema()[name]) == "Null"


def without_zone(times: nw.Series[Any]) -> nw.Series[Any]:
    """Return an eager column of timestamps as its own zone's clock shows them; one without a zone as it is."""
    if isinstance(times.dtype, nw.Datetime):
        return times if times.dtype.time_zone is None else times.dt.replace_time_zone(None)
    native = times.to_native()
    if isinstance(times.dtype, nw.Unknown) and _zone(native) is not None:
        return nw.from_native(native.dt.tz_localize(None), series_only=True)
    return times


def _zone(native: Any) -> str | None:
    zone = getattr(getattr(native, "dtype", None), "tz", None)
    return None if zone is None else str(zone)


def index_names(frame: AnyFrame) -> list[Any]:
    """Return the names of a pandas frame's index, which other tools put the customer in; none elsewhere."""
    return list(frame.to_native().index.names) if engine_of(frame) in _PANDAS_LIKE else []


def engine_of(frame: AnyFrame) -> str:
    """Return the name of the library behind a frame, as users write it."""
    return str(frame.implementation.value)


def collect(frame: AnyFrame) -> EagerFrame:
    """Bring a lazy frame's rows into memory (one query); an eager frame is returned as it is."""
    return frame.collect() if isinstance(frame, nw.LazyFrame) else frame


def to_eager(frame: object, what: str, caller: str) -> tuple[EagerFrame, Callable[[EagerFrame], Any]]:
    """Open a frame whose rows are needed as arrays, with the way back to the caller's kind of frame.

    A polars LazyFrame is collected once and goes back lazy. An engine whose rows live elsewhere is refused.
    """
    opened = open_frame(frame, what)
    if isinstance(opened, nw.DataFrame):
        return opened, lambda result: result.to_native()
    engine = engine_of(opened)
    if engine != "polars":
        how = _ENGINE_HELP.get(engine, "the engine's own way to collect")
        raise InputError(
            f"{caller} needs the rows in memory, and a {engine} frame keeps them elsewhere: call {how} first."
        )
    return opened.collect(), lambda result: result.lazy().to_native()


def as_given(result: EagerFrame, given: AnyFrame) -> Any:
    """Return a new eager result as the kind of frame that was given (lazy polars goes back lazy)."""
    lazy_polars = isinstance(given, nw.LazyFrame) and engine_of(given) == "polars"
    return (result.lazy() if lazy_polars else result).to_native()


def text_chunks(series: nw.Series[Any]) -> list[Any] | None:
    """Return a text column as Arrow arrays, without a copy where that is possible; None if not all text."""
    try:
        import pyarrow as pa
    except ModuleNotFoundError:
        return None
    native = series.to_native()
    try:
        whole = (
            pa.chunked_array(native) if hasattr(native, "__arrow_c_stream__") else pa.array(native, from_pandas=True)
        )
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):  # Python objects of other types
        return None
    if str(whole.type) not in {"string", "large_string", "string_view"}:
        return None
    return list(whole.chunks) if isinstance(whole, pa.ChunkedArray) else [whole]


def float_column(series: nw.Series[Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return a numeric column as float64, nulls as NaN."""
    numbers = series.cast(nw.Float64) if series.dtype.is_decimal() else series  # decimals would become Python objects
    return np.asarray(numbers.to_numpy(), dtype=np.float64)


def with_arrays(frame: EagerFrame, columns: Mapping[str, Column]) -> EagerFrame:
    """Add or replace columns by position, never by index; NaN becomes the library's null."""
    series = [_series(name, values, frame) for name, values in columns.items()]
    if engine_of(frame) in _PANDAS_LIKE:
        # Not nw.maybe_set_index: it walks through an index in Python, four seconds for a million rows.
        index = frame.to_native().index
        series = [nw.from_native(column.to_native().set_axis(index), series_only=True) for column in series]
    return frame.with_columns(*series)


def make_frame(columns: Mapping[str, Column], like: AnyFrame) -> EagerFrame:
    """Build a new eager frame of the same library, from arrays (NaN becomes null) and ready series."""
    first, *others = (nw.maybe_reset_index(_series(name, values, like)) for name, values in columns.items())
    return first.to_frame().with_columns(*others)


def empty_frame(backend: Backend) -> EagerFrame:
    """Return a frame of a named library, without rows: the `like` of a frame that is made from nothing."""
    made: EagerFrame = nw.from_dict({"_": []}, backend=backend)
    return made


def from_arrow(table: EagerFrame, backend: Backend) -> Any:
    """Return a pyarrow-backed frame as a native frame of a named library; dates stay dates in each."""
    if backend == "polars":
        return table.to_polars()
    if backend == "pyarrow":
        return table.to_arrow()
    # pandas has no date type of its own: midnights, as `make_frame` gives them, instead of Python objects.
    return table.with_columns(nw.selectors.by_dtype(nw.Date).cast(nw.Datetime("us"))).to_pandas()


def categorical(codes: np.ndarray[Any, Any], labels: Sequence[str], like: AnyFrame) -> nw.Series[Any]:
    """Build an ordered label column from codes (-1 is null): Enum in polars, ordered categorical in pandas.

    pyarrow has no ordered text type that narwhals writes, so there the column is plain text.
    """
    dtype = nw.String() if _eager_backend(like) == "pyarrow" else nw.Enum(list(labels))
    return _look_up(codes, labels, dtype, like)


def texts(codes: np.ndarray[Any, Any], distinct: Sequence[str], like: AnyFrame) -> nw.Series[Any]:
    """Build a plain text column from codes into its few distinct texts (-1 is null), such as the reason of a label."""
    return _look_up(codes, distinct, nw.String(), like)


def timestamps(values: np.ndarray[Any, np.dtype[np.datetime64]], like: AnyFrame) -> nw.Series[Any]:
    """Build a column of timestamps without a zone from datetime64 (NaT is null); plain arrays would become dates."""
    backend = _eager_backend(like)
    return nw.new_series("timestamp", values.astype("datetime64[us]"), nw.Datetime("us"), backend=backend)


def whole_numbers(
    values: np.ndarray[Any, Any], missing: np.ndarray[Any, np.dtype[np.bool_]], like: AnyFrame
) -> nw.Series[Any]:
    """Build a column of whole numbers that may be null (pandas' nullable type there) instead of floats with NaN."""
    whole = make_frame({"number": np.where(missing, 0, values).astype(np.int64), "missing": missing}, like)
    if not missing.any():
        return whole.get_column("number")
    number = nw.maybe_convert_dtypes(whole.get_column("number"))
    return whole.with_columns(number).select(nw.when(~nw.col("missing")).then(nw.col("number"))).get_column("number")


def truth_values(
    values: np.ndarray[Any, np.dtype[np.bool_]], missing: np.ndarray[Any, np.dtype[np.bool_]], like: AnyFrame
) -> nw.Series[Any]:
    """Build a column of truth values that may be null; in pandas of its nullable type, with a null in it or not."""
    made = make_frame({"value": np.asarray(values, dtype=np.bool_), "missing": missing}, like)
    return (
        made.with_columns(nw.maybe_convert_dtypes(made.get_column("value")))
        .select(nw.when(~nw.col("missing")).then(nw.col("value")))
        .get_column("value")
    )


def distinct_rows(frame: AnyFrame, columns: Sequence[str]) -> AnyFrame:
    """Keep the first of each set of rows that are equal in these columns, in order; engines without order keep any."""
    if isinstance(frame, nw.DataFrame):
        return frame.unique(list(columns), keep="first", maintain_order=True)
    if engine_of(frame) == "polars":  # narwhals drops the order of lazy rows
        ordered: AnyFrame = nw.from_native(frame.to_native().unique(list(columns), keep="first", maintain_order=True))
        return ordered
    return frame.unique(list(columns))


def _look_up(codes: np.ndarray[Any, Any], entries: Sequence[str], dtype: Any, like: AnyFrame) -> nw.Series[Any]:
    lookup = nw.new_series("label", [*entries, None], dtype, backend=_eager_backend(like))
    return lookup[np.where(codes < 0, len(entries), codes)]


def _eager_backend(frame: AnyFrame) -> Any:
    """Return the library of eager results: the frame's own, pyarrow for engines."""
    engine = engine_of(frame)
    return engine if engine in {*_PANDAS_LIKE, "polars", "pyarrow"} else "pyarrow"


def _series(name: str, values: Column, like: AnyFrame) -> nw.Series[Any]:
    if isinstance(values, nw.Series):
        return values.alias(name)
    backend = _eager_backend(like)
    if values.dtype.kind == "M":
        made = nw.new_series(name, values.astype("datetime64[us]"), nw.Datetime("us"), backend=backend)
        return made if backend in _PANDAS_LIKE else made.cast(nw.Date)
    if values.dtype.kind in "OU":
        return nw.new_series(name, values.tolist(), nw.String(), backend=backend)
    made = nw.new_series(name, values, backend=backend)
    return made.fill_nan(None) if values.dtype.kind == "f" and backend not in _PANDAS_LIKE else made
