"""An export brought into the form of a log, once: names, types, time zone, and rows that are no one's."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import reduce
from operator import mul
from typing import Literal, cast, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from customer_value._frames import AnyFrame, FrameT, engine_of, nw, open_frame
from customer_value._validation import require_choice, require_columns
from customer_value.errors import InputError
from customer_value.transactions._policies import Policies, apply_policies
from customer_value.transactions._reading import Read, Roles, check_readings, find_roles, missing_id, read_columns

Anonymous = Literal["error", "drop", "keep"]
Missing = Literal["error", "drop"]
Duplicates = Literal["keep", "drop", "error"]
Decimal = Literal[".", ","]

_PART = "__log_"  # before the name of a column of the log, as long as the columns that were given are there too


def clean_log(
    orders: FrameT,
    *,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | Sequence[str] = "amount",
    order_id: str | None = "order_id",
    currency: str | None = "currency",
    date_format: str | None = None,
    decimal: Decimal | None = None,
    time_zone: str | None = None,
    anonymous: Anonymous = "error",
    missing: Missing = "error",
    duplicates: Duplicates = "keep",
    keep: Sequence[str] | None = None,
) -> FrameT:
    """Bring an export into the form of a log: columns `customer_id`, `date`, `amount`, and `order_id` where there is.

    Rows keep their order and nothing is guessed: what can be read in two ways is an error that says how to decide.

    Parameters
    ----------
    orders
        One row per order or order line.
    customer_id
        Name of the column that tells customers apart: text, categories or whole numbers, which keep their type. Whole
        numbers that became floats beside missing ones (17850.0) become whole numbers again.
    date
        Name of the date column. Dates and timestamps keep their type; text and Python objects become timestamps.
    amount
        Name of the amount column, or of several columns to multiply, such as ``("Quantity", "UnitPrice")``. Numbers,
        decimals, and text with signs, brackets, currency symbols and thousands separators.
    order_id, currency
        Names of the columns that tell orders and currencies apart. The defaults are used where there are such columns;
        None means that there are none. Several currencies are an error.
    date_format
        How dates are written, in the language of `datetime.datetime.strptime`: ``"%d/%m/%Y"``. Without it text must be
        ISO 8601, such as 2026-10-31 or 2026-10-31T18:30:00+01:00. Whole numbers such as 20261031 need ``"%Y%m%d"``.
    decimal
        The decimal mark of amounts that are text. Without it the column must leave no doubt: 1.234,50 does not,
        1.234 does.
    time_zone
        Zone to take timestamps in, such as ``"Europe/Berlin"``; they must carry a zone of their own. Without it those
        that do are taken by the wall clock of their own zone. Either way the log's dates carry none.
    anonymous
        What to do with rows without a customer (null, NaN, blank, or the text "nan", "None", "NULL" and the like):
        ``"error"``, ``"drop"``, or ``"keep"`` them under a null id, for totals of the whole business; models refuse
        them.
    missing
        What to do with rows without a date, an amount or, where there is such a column, a currency.
    duplicates
        What to do with rows that equal an earlier row in every column of `orders`. By default they stay: two equal
        lines of an order are often two items. `data_quality` counts them.
    keep
        Names of the other columns to keep; all by default, ``()`` for none.

    Returns
    -------
    FrameT
        A frame of the same library: `customer_id`, `date`, `amount` (float64), `order_id` and `currency` where there
        are, then the other columns in their order, a factor of the amount included.

    Raises
    ------
    InputError
        For missing columns, two columns of one name in the result, unreadable or infinite values, text that can be
        read in two ways, dates with and without a zone in one column, several currencies, rows that a policy
        ``"error"`` refuses, unknown options and an empty frame.

    Warns
    -----
    DataWarning
        Where rows are left out: how many, and by which policy.

    Notes
    -----
    Relational: lazy frames (polars, DuckDB, Dask, PySpark) stay lazy and cost one aggregate query for the checks, one
    more with a currency column, and two with ``duplicates="drop"`` or ``"error"``. Text and Python objects have to be
    in memory: a polars LazyFrame is then collected once, other engines are asked for a cast. DuckDB and PySpark read
    timestamps with a zone by the session's zone.

    Amounts become floats, which hold most cents only to 16 digits. That error stays far below a cent in any sum of
    realistic size, and 0 is exact; book-keeping to the cent is not what a log is for.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> orders = pd.DataFrame({
    ...     "email": ["ann@x.org", "bob@x.org", "ann@x.org"],
    ...     "created_at": ["31/12/2025", "02/01/2026", "15/01/2026"],
    ...     "total": ["€1.234,50", "€20,00", "-€20,00"],
    ...     "shop": ["web", "web", "store"],
    ... })
    >>> cv.clean_log(orders, customer_id="email", date="created_at", amount="total", date_format="%d/%m/%Y")
      customer_id       date  amount   shop
    0   ann@x.org 2025-12-31  1234.5    web
    1   bob@x.org 2026-01-02    20.0    web
    2   ann@x.org 2026-01-15   -20.0  store

    Without the format these dates are refused:

    >>> cv.clean_log(orders, customer_id="email", date="created_at", amount="total")
    Traceback (most recent call last):
    ...
    customer_value.errors.InputError: created_at must be ISO dates such as 2026-10-31; 3 of 3 rows are not (rows 0, 1,
    2). Row 0 holds '31/12/2025'. They fit date_format='%d/%m/%Y'.
    """
    frame = open_frame(orders, "orders frame")
    require_choice("anonymous", anonymous, get_args(Anonymous))
    require_choice("missing", missing, get_args(Missing))
    require_choice("duplicates", duplicates, get_args(Duplicates))
    _check_zone(time_zone)
    roles = find_roles(frame, "orders frame", customer_id, date, amount, order_id, currency)
    others = _other_columns(frame, roles, keep)

    read = read_columns(
        orders,
        frame,
        roles,
        what="orders frame",
        caller="clean_log",
        date_format=date_format,
        decimal=decimal,
        utc=time_zone is not None,
    )
    check_readings(read, date_format)
    parts = {part: _PART + part for part in roles.parts}
    log = _with_parts(read, parts, roles.names["date"], time_zone)
    policies = Policies(anonymous, missing, duplicates)
    log = apply_policies(log, parts, roles.names, frame.collect_schema().names(), policies)
    log = log.select(*_finished(log, parts, anonymous), *others)
    return cast("FrameT", (log.lazy() if isinstance(frame, nw.LazyFrame) else log).to_native())


def _check_zone(time_zone: str | None) -> None:
    try:
        if time_zone is not None:
            ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise InputError(f"time_zone must be a name such as 'Europe/Berlin' or 'UTC'; got {time_zone!r}.") from None


def _other_columns(frame: AnyFrame, roles: Roles, keep: Sequence[str] | None) -> list[str]:
    """Return the columns that stay beside the log's own; raise where two would have one name."""
    if keep is not None:
        if isinstance(keep, str) or not isinstance(keep, Collection):
            raise InputError(f"keep must be a sequence of column names, such as ('shop', 'country'); got {keep!r}.")
        require_columns(frame, keep, what="orders frame")
    named = {column for column in roles.parts.values() if isinstance(column, str)}
    others = [c for c in frame.collect_schema().names() if c not in named and (keep is None or c in keep)]
    for part, column in roles.parts.items():
        if part in others:
            raise InputError(
                f"orders has a column {part!r} already, and {part}={column!r} takes that name in the log: rename or "
                "drop it, or name in keep=(...) the columns to keep beside the log's own."
            )
    return others


def _with_parts(read: Read, parts: Mapping[str, str], given_date: str, time_zone: str | None) -> AnyFrame:
    """Add the log's columns under names of their own beside all that were given."""
    roles = read.roles
    dtype = read.frame.collect_schema()[roles.date]
    date = nw.col(roles.date)
    zoned = isinstance(dtype, nw.Datetime) and dtype.time_zone is not None
    if time_zone is not None and not zoned:
        raise InputError(
            f"time_zone={time_zone!r} needs timestamps that carry a zone, and those of {given_date} carry none: leave "
            "time_zone out where they are local time, or mark them first (pandas: .dt.tz_localize('UTC'); polars: "
            ".dt.replace_time_zone('UTC'); text: '2026-10-31T18:30:00Z')."
        )
    if time_zone is not None:
        date = date.dt.convert_time_zone(time_zone)
    columns = {
        **{part: nw.col(column) for part, column in roles.parts.items() if isinstance(column, str)},
        "date": date.dt.replace_time_zone(None) if zoned else date,
        "amount": reduce(mul, (nw.col(c).cast(nw.Float64) for c in roles.amount)),
    }
    try:
        return read.frame.with_columns(columns[part].alias(name) for part, name in parts.items())
    except NotImplementedError:  # engines that cannot convert zones
        if time_zone is None:
            raise
        raise InputError(
            f"a {engine_of(read.frame)} frame knows the time zone of its session only: set that to {time_zone!r} and "
            "leave time_zone out."
        ) from None


def _finished(log: AnyFrame, parts: Mapping[str, str], anonymous: str) -> list[nw.Expr]:
    """Return the log's columns under their own names, ids without blanks and without decimals."""
    schema = log.collect_schema()
    finished = []
    for part, name in parts.items():
        column, dtype = nw.col(name), schema[name]
        if part in ("customer_id", "order_id"):
            gaps = part == "order_id" or anonymous == "keep"
            present = nw.when(~missing_id(name, dtype)).then(column) if gaps else column
            fractional = dtype.is_numeric() and not dtype.is_integer()
            if fractional and not (gaps and engine_of(log) == "dask"):  # its numpy columns hold no null whole number
                column = present.cast(nw.Int64)
            elif not dtype.is_numeric():
                column = present
        finished.append(column.alias(part))
    return finished
