"""The columns of an export that make a log: which they are, and their text and objects read into types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from customer_value._frames import (
    AnyFrame,
    Column,
    EagerFrame,
    collect,
    float_column,
    nw,
    timestamps,
    to_eager,
    whole_numbers,
    with_arrays,
)
from customer_value._validation import (
    broken_rule,
    require_choice,
    require_columns,
    require_ids,
    require_text_names,
    text_value,
)
from customer_value.errors import InputError
from customer_value.transactions._amount_text import Amounts, read_amounts
from customer_value.transactions._date_text import Dates, fitting_formats, read_dates
from customer_value.transactions._entries import (
    ABSENT_TEXTS,
    Flags,
    Ids,
    distinct_texts,
    is_absent,
    read_ids,
    whole_ids,
)

_MAKER = "Name the columns with customer_id=, date= and amount="
_READ = "__read_"  # before the name of a column that is added beside the one it was read from
_TEXT = (nw.String, nw.Categorical, nw.Enum)


@dataclass(frozen=True, slots=True)
class Roles:
    """Which columns of a frame play which part in the log; the amount is the product of its columns."""

    customer_id: str
    date: str
    amount: tuple[str, ...]
    order_id: str | None
    currency: str | None

    @property
    def columns(self) -> list[str]:
        """Every column with a part, once."""
        named = (self.customer_id, self.date, *self.amount, self.order_id, self.currency)
        return [c for c in named if c is not None]

    @property
    def parts(self) -> dict[str, str | tuple[str, ...]]:
        """Parts of the log that there are, by their names in it, and the columns that play them."""
        optional = {"order_id": self.order_id, "currency": self.currency}
        amount = self.amount[0] if len(self.amount) == 1 else self.amount
        required: dict[str, Any] = {"customer_id": self.customer_id, "date": self.date, "amount": amount}
        return required | {part: column for part, column in optional.items() if column is not None}

    @property
    def names(self) -> dict[str, str]:
        """Parts of the log that there are, by their names in it, and what to call them in a message."""
        return {part: c if isinstance(c, str) else " x ".join(c) for part, c in self.parts.items()}

    def renamed(self, names: Mapping[str, str]) -> Roles:
        """Return the same parts, played by other columns."""
        new = {c: names.get(c, c) for c in self.columns}
        return Roles(
            new[self.customer_id],
            new[self.date],
            tuple(new[c] for c in self.amount),
            None if self.order_id is None else new[self.order_id],
            self.currency,
        )


@dataclass(frozen=True, slots=True)
class Read:
    """A frame whose log columns have types, what was found where they held text, and which columns they are now."""

    frame: AnyFrame
    roles: Roles
    dates: Dates | None = None
    amounts: Mapping[str, Amounts] = field(default_factory=dict)
    ids: Mapping[str, Ids] = field(default_factory=dict)

    @property
    def eager(self) -> EagerFrame:
        """The frame; a column can only have been read where its rows are in memory."""
        return collect(self.frame)

    def unread(self, column: str, bad: Flags) -> list[str]:
        """Return the distinct entries of a column that could not be read, as text."""
        entries = self.eager.get_column(column.removeprefix(_READ)).to_list()
        return sorted({str(entries[row]) for row in np.flatnonzero(bad)})


def find_roles(
    frame: AnyFrame, what: str, customer_id: str, date: str, amount: Any, order_id: str | None, currency: str | None
) -> Roles:
    """Check that the columns are there; optional ones under their default names are used where there are such."""
    there = frame.collect_schema().names()
    order_id, currency = (
        None if isinstance(given, str) and given == default and default not in there else given
        for given, default in ((order_id, "order_id"), (currency, "currency"))
    )
    factors = (amount,) if isinstance(amount, str) else tuple(amount) if isinstance(amount, (tuple, list)) else ()
    if not factors:
        raise InputError(
            f"amount must name a column, or columns to multiply such as (quantity, price); got {amount!r}."
        )
    require_columns(frame, [customer_id, date, *factors], what=what, maker=_MAKER)
    require_ids(customer_id, {what: frame})
    require_text_names(frame, what)
    require_columns(frame, [c for c in (order_id, currency) if c is not None], what=what)
    roles = Roles(customer_id, date, factors, order_id, currency)
    if len(set(roles.columns)) < len(roles.columns):
        raise InputError(f"each part of the log needs a column of its own; got {roles.columns}.")
    return roles


def missing_id(column: str, dtype: nw.dtypes.DType) -> nw.Expr:
    """Tell which rows name no customer: null, NaN, blank text, or what other tools write for "nothing"."""
    key = nw.col(column)
    if isinstance(dtype, _TEXT):
        return key.is_null() | key.cast(nw.String()).str.strip_chars().is_in(sorted(ABSENT_TEXTS))
    return key.is_null() | key.is_nan() if dtype.is_float() else key.is_null()


def count_currencies(frame: AnyFrame, column: str) -> list[tuple[str, int]]:
    """Count the rows of each currency, the commonest first; case and blanks around a code do not count."""
    code = nw.col(column).cast(nw.String).str.strip_chars().str.to_uppercase()
    counts = collect(frame.select(code=code).group_by("code").agg(nw.len().alias("rows"))).rows()
    named = Counter[str]()  # several ways to write nothing are one
    for entry, n in counts:
        named["none" if is_absent(entry) else str(entry)] += int(n)
    return sorted(named.items(), key=lambda entry: (-entry[1], entry[0]))


def read_columns(
    given: object,
    frame: AnyFrame,
    roles: Roles,
    *,
    what: str,
    caller: str,
    date_format: str | None = None,
    decimal: str | None = None,
    utc: bool = False,
) -> Read:
    """Read the log columns that hold text or objects, which needs the rows in memory; leave the others as they are."""
    if date_format is not None:
        text_value(date_format, "date_format")
    if decimal is not None:
        require_choice("decimal", decimal, (".", ","))
    schema = frame.collect_schema()
    dates = [] if isinstance(schema[roles.date], (nw.Date, nw.Datetime)) else [roles.date]
    amounts = [c for c in roles.amount if not schema[c].is_numeric()]
    keys = [c for c in (roles.customer_id, roles.order_id) if c is not None and not _names(schema[c])]
    if isinstance(frame, nw.LazyFrame):
        keys = [c for c in keys if not schema[c].is_numeric()]  # whole floats are cast where they are
    unread = [*dates, *amounts, *keys]
    if not unread:
        return Read(frame, roles)
    what_for = f"{caller}, to read {', '.join(f'{c} ({schema[c]})' for c in unread)} unless cast in the engine,"
    rows, _ = to_eager(given, what, what_for)

    def entries(column: str) -> list[Any]:
        return rows.get_column(column).to_list()

    ids = {
        c: whole_ids(float_column(rows.get_column(c))) if schema[c].is_numeric() else read_ids(entries(c)) for c in keys
    }
    read = {c: read_amounts(entries(c), decimal=decimal) for c in amounts}
    moments = read_dates(entries(roles.date), date_format=date_format, utc=utc) if dates else None
    columns: dict[str, Column] = {_READ + c: found.numbers for c, found in read.items()}
    for c, found in ids.items():
        numbers = found.keys.dtype.kind == "i"
        columns[_READ + c] = whole_numbers(found.keys, found.missing, rows) if numbers else found.keys
    if moments is not None:
        column = timestamps(moments.moments, rows)
        zoned = utc and moments.naive is None
        columns[_READ + roles.date] = column.dt.replace_time_zone("UTC") if zoned else column
    return Read(with_arrays(rows, columns), roles.renamed({c: _READ + c for c in unread}), moments, read, ids)


def _names(dtype: nw.dtypes.DType) -> bool:
    """Tell whether a column's type names customers or orders as it is."""
    return isinstance(dtype, _TEXT) or dtype.is_integer()


def check_readings(read: Read, date_format: str | None) -> None:
    """Raise where text or objects could not be read, or could be read in two ways."""
    for column, ids in read.ids.items():
        if ids.refused is not None:
            raise InputError(
                f"{column} must hold text or whole numbers; it holds {ids.refused}. Make it one type first, for "
                "17850 and '17850' would be two customers."
            )
    if read.dates is not None:
        _check_dates(read, read.dates, date_format)
    for column, amounts in read.amounts.items():
        _check_amounts(read, column, amounts)


def _check_dates(read: Read, dates: Dates, date_format: str | None) -> None:
    column = read.roles.date.removeprefix(_READ)
    entries = read.eager.get_column(column)
    if date_format is not None and isinstance(entries.dtype, nw.Object):
        kinds = {isinstance(entry, str) for entry in entries.to_list() if not is_absent(entry)}
        if len(kinds) > 1:
            raise InputError(
                f"{column} holds text beside dates or numbers: a spreadsheet may have swapped day and month wherever "
                "that gives a date. Export or read the column as text."
            )
    if dates.unreadable.any():
        if entries.dtype.is_numeric():
            remedy = (
                "Numbers such as 20261031 need date_format='%Y%m%d'; turn numbers that count days or seconds into "
                "timestamps first."
            )
        else:
            remedy = _formats_that_fit(entries.to_list())
        form = "ISO dates such as 2026-10-31" if date_format is None else f"dates in the form {date_format!r}"
        raise InputError(_unreadable(read, column, f"{column} must be {form}", dates.unreadable, remedy))
    if dates.aware is not None and dates.naive is not None:
        raise InputError(
            f"{column} mixes timestamps with a time zone ({str(dates.aware)!r}) and without ({str(dates.naive)!r}): "
            "give each its zone, or none."
        )


def _formats_that_fit(entries: Sequence[Any]) -> str:
    fitting = fitting_formats(text for text in distinct_texts(entries) if not is_absent(text))
    if len(fitting) > 1:
        several = " and ".join(repr(f) for f in fitting)
        return f"They fit {several}: only you can know which; name it with date_format=..."
    return f"They fit date_format={fitting[0]!r}." if fitting else "date_format=... says how they are written."


def _check_amounts(read: Read, column: str, amounts: Amounts) -> None:
    if amounts.unreadable.any():
        remedy = (
            "Text may carry a sign, brackets, a currency and thousands separators; decimal= names its decimal mark."
        )
        raise InputError(_unreadable(read, column, f"{column} must be finite numbers", amounts.unreadable, remedy))
    if amounts.ambiguous is not None:
        raise InputError(
            f"{column} can be read in two ways: {amounts.ambiguous!r} is one number with decimal='.' and another with "
            "decimal=','. Say which it is."
        )
    if len(amounts.currencies) > 1:
        raise InputError(
            f"{column} mixes currencies ({', '.join(amounts.currencies)}): split the log, or convert to one first."
        )


def _unreadable(read: Read, column: str, rule: str, bad: Flags, remedy: str) -> str:
    rows = np.flatnonzero(bad)
    entry = read.eager.get_column(column)[int(rows[0])]
    shown = repr(entry) if isinstance(entry, str) else str(entry)
    return broken_rule(rule, rows.size, bad.size, rows[:3].tolist(), f"Row {rows[0]} holds {shown}. {remedy}")
