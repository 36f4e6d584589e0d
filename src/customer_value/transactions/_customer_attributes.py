"""An attribute of customers, such as a country or a tier: from the log, or from a frame of customers."""

from __future__ import annotations

from typing import Any

from customer_value._frames import AnyFrame, nw
from customer_value._validation import broken_rule, require_columns, require_ids, require_some, text_value
from customer_value.errors import InputError
from customer_value.transactions._log import require_one_library

Lazy = nw.LazyFrame[Any]


def customer_attribute(
    log: AnyFrame, customers: AnyFrame | None, *, column: Any, key: str, name: str, argument: str
) -> Lazy:
    """Return customers with one attribute, one row each, under the given name; raise where it is not one value.

    Costs two or three small aggregate queries.
    """
    text_value(column, argument)
    if column == key:
        raise InputError(f"{argument} must be another column than the customer's, {key!r}.")
    what = "log" if customers is None else "customers frame"
    source = log if customers is None else customers
    if customers is not None:
        require_columns(customers, [key], what=what)
        require_one_library({"log": log, "customers": customers})
        require_ids(key, {"log": log, what: customers})
    elsewhere = "" if customers is not None else "customers= takes a frame with one row per customer that has it"
    require_columns(source, [column], what=what, maker=elsewhere)
    opened = source.lazy() if isinstance(source, nw.DataFrame) else source
    pairs = opened.select(nw.col(key), nw.col(column).alias(name))
    if customers is None:
        pairs = pairs.unique()
    missing = nw.col(name).is_null().cast(nw.Int64).sum()
    facts = pairs.select(nw.len().cast(nw.Int64).alias("n"), missing.alias("missing")).collect()
    n, absent = (int(value or 0) for value in facts.row(0))
    require_some(n, what)
    keys = _count(pairs.select(key).unique())  # not n_unique: Dask's adds up partitions
    if absent:
        remedy = "Fill it, such as with 'unknown', or leave those customers out."
        raise InputError(broken_rule(f"{column} must not be null for any customer", absent, n, (), remedy))
    if n > keys:
        raise InputError(_several(column, n - keys, keys, what, in_log=customers is None))
    if customers is not None:
        bought = (log.lazy() if isinstance(log, nw.DataFrame) else log).select(key).unique()
        without = bought.join(pairs.select(key), on=key, how="anti")
        lacking = _count(without)
        if lacking:
            raise InputError(
                f"customers must hold every customer of the log; {lacking} of the log's customers "
                f"{'is' if lacking == 1 else 'are'} not in it. Add rows for them, with {column} such as 'unknown', or "
                "leave their transactions out."
            )
    return pairs


def _several(column: str, extra: int, keys: int, what: str, *, in_log: bool) -> str:
    if in_log:
        return (
            f"{column} must be the same in all rows of a customer; the log's {keys} customers have {keys + extra} "
            "values of it. Give customers=, a frame with one row per customer that says which one counts."
        )
    return f"the {what} must have one row per customer; it has {keys + extra} rows for {keys} customers."


def _count(frame: Lazy) -> int:
    return int(frame.select(nw.len().alias("n")).collect().item())
