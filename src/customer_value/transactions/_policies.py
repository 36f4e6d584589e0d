"""Rows that are no one's, that lack something or that repeat another: counted at once, then refused or left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from customer_value._frames import AnyFrame, collect, distinct_rows, nw
from customer_value._validation import broken_rule, require_some
from customer_value.errors import DataWarning, InputError, warn
from customer_value.transactions._reading import count_currencies, missing_id

_EXACT = 2**53  # floats beyond this stand for several whole numbers


@dataclass(frozen=True, slots=True)
class Policies:
    """What `clean_log` was told to do with rows that break a rule."""

    anonymous: str
    missing: str
    duplicates: str


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows that break a rule, and what becomes of them: "error", "drop" or "keep"."""

    broken: nw.Expr
    policy: str
    says: str
    remedy: str = ""
    left_out: str = ""


def apply_policies(
    log: AnyFrame, parts: Mapping[str, str], given: Mapping[str, str], columns: Sequence[str], policies: Policies
) -> AnyFrame:
    """Return the rows that stay; `parts` are the log's columns, `given` the names and `columns` that orders has."""
    rules = _rules(log, parts, given, policies)
    dropped: nw.Expr | None = None
    broken = []  # a row that is left out breaks no later rule
    for rule in rules:
        broken.append(rule.broken if dropped is None else rule.broken & ~dropped)
        if rule.policy == "drop":
            dropped = rule.broken if dropped is None else dropped | rule.broken
    rows, *counts = _count(log, broken)
    require_some(rows, "orders frame")
    for rule, flag, count in zip(rules, broken, counts, strict=True):
        if count and rule.policy == "error":
            raise InputError(broken_rule(rule.says, count, rows, _first(log, flag), rule.remedy))
    reasons = [(n, r.left_out) for n, r in zip(counts, rules, strict=True) if n and r.policy == "drop"]
    stay = log.filter(~dropped) if dropped is not None and reasons else log
    if "currency" in parts:
        _require_one_currency(stay, parts["currency"], given["currency"])
    if policies.duplicates != "keep":
        stay, repeats = _without_repeats(stay, columns, rows - sum(n for n, _ in reasons), policies.duplicates)
        reasons += [(repeats, "equal to an earlier row (duplicates='drop')")] if repeats else []
    if reasons:
        each = ", ".join(f"{n} {why}" for n, why in reasons)
        warn(f"clean_log left out {sum(n for n, _ in reasons)} of {rows} rows: {each}.", DataWarning)
    return stay


def _rules(log: AnyFrame, parts: Mapping[str, str], given: Mapping[str, str], policies: Policies) -> list[Rule]:
    schema = log.collect_schema()

    def missing(part: str) -> nw.Expr:
        column = nw.col(parts[part])
        if part == "date":
            return column.is_null()
        return column.is_null() | column.is_nan() if part == "amount" else missing_id(parts[part], schema[parts[part]])

    rules = []
    for part in ("customer_id", "order_id"):
        if part in parts and not (schema[parts[part]].is_integer() or not schema[parts[part]].is_numeric()):
            number = nw.col(parts[part]).cast(nw.Float64)
            fraction = (number != number.floor()) | (number.abs() >= _EXACT)
            rules.append(Rule(fraction & ~missing(part), "error", f"{given[part]} must be text or whole numbers"))
    rules.append(
        Rule(
            missing("customer_id"),
            policies.anonymous,
            f"{given['customer_id']} must be given",
            "anonymous='drop' leaves such rows out, 'keep' keeps them under a null id.",
            "without a customer (anonymous='drop')",
        )
    )
    for part in ("date", "amount", "currency"):
        if part in parts:
            rules.append(
                Rule(
                    missing(part),
                    policies.missing,
                    f"{given[part]} must be given",
                    "missing='drop' leaves such rows out.",
                    f"without {'an' if part == 'amount' else 'a'} {part} (missing='drop')",
                )
            )
    infinite = ~nw.col(parts["amount"]).is_finite() & ~missing("amount")
    return [*rules, Rule(infinite, "error", f"{given['amount']} must be finite", "Find out what was meant.")]


def _count(log: AnyFrame, flags: Sequence[nw.Expr]) -> list[int]:
    """Count all rows, and those with each flag, in one query."""
    sums = (flag.cast(nw.Int64).sum().alias(f"flag {i}") for i, flag in enumerate(flags))
    counts = collect(log.select(nw.len().cast(nw.Int64).alias("rows"), *sums)).row(0)
    return [int(count or 0) for count in counts]  # the sum of no rows is null on some engines


def _first(log: AnyFrame, flag: nw.Expr) -> list[int]:
    """Return the first positions of rows with a flag; the rows of a lazy frame have none."""
    if isinstance(log, nw.LazyFrame):
        return []
    found: list[int] = np.flatnonzero(log.select(flag=flag).get_column("flag").to_numpy())[:3].tolist()
    return found


def _require_one_currency(log: AnyFrame, column: str, given: str) -> None:
    counts = count_currencies(log, column)
    if len(counts) > 1:
        each = ", ".join(f"{code} ({n} rows)" for code, n in counts)
        raise InputError(f"{given} must hold one currency; it holds {each}. Convert to one, or clean one log for each.")


def _without_repeats(log: AnyFrame, columns: Sequence[str], rows: int, policy: str) -> tuple[AnyFrame, int]:
    try:
        distinct = distinct_rows(log, columns)
        repeats = rows - _count(distinct, [])[0]
    except (TypeError, NotImplementedError):  # pandas and pyarrow on lists
        raise InputError(
            f"duplicates={policy!r} compares all columns, and one holds entries that cannot be compared (lists?): "
            "leave it out of orders, or duplicates='keep'."
        ) from None
    if repeats and policy == "error":
        raise InputError(
            f"rows must differ from each other; {repeats} of {rows} rows equal an earlier one in every column. "
            "duplicates='drop' leaves such rows out, 'keep' takes them as they are."
        )
    return distinct, repeats
