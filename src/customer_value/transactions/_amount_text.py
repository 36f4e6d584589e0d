"""Amounts that an export holds as text or as Python objects, read one way for every library of frames.

Nothing is guessed: "1.234" alone is a thousand in one country and little more than one in another.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from customer_value.transactions._entries import ABSENT_TEXTS, Flags, distinct_texts, is_absent


@dataclass(frozen=True, slots=True)
class Amounts:
    """An amount column that was read: NaN where missing or unreadable."""

    numbers: np.ndarray[Any, np.dtype[np.float64]]
    unreadable: Flags
    ambiguous: str | None  # a text that is one number with decimal="." and another with decimal=","
    currencies: tuple[str, ...]  # the symbols or codes written beside the amounts


# Symbols of Unicode's class Sc (also as US$ or R$), three-letter codes, and letters that stand for a symbol.
_SYMBOL = "$¢£¤¥֏؋৲৳฿៛\u20a0-\u20c0﷼＄￠￡￥￦"
_CURRENCY = rf"[A-Z]{{0,3}}[{_SYMBOL}]|[A-Z]{{3}}|[Kk]r\.?|zł|Kč|Ft|lei|Fr\.|руб\.?|元|円|원"
_SIGN = "[-+−]"
_AMOUNT = re.compile(
    rf"(?P<open>\()?\s*(?P<sign1>{_SIGN})?\s*(?P<currency1>{_CURRENCY})?\s*(?P<sign2>{_SIGN})?\s*"
    rf"(?P<body>[\d.,](?:[\d., '’]*[\d.,])?(?:[eE][-+]?\d+)?)\s*"
    rf"(?P<currency2>{_CURRENCY})?\s*(?P<sign3>{_SIGN})?\s*(?P<close>\))?",
    re.ASCII,
)
_SAME_CURRENCY = {"€": "EUR", "£": "GBP"}
# A thousands separator stands before three digits; before two only higher up (1,23,456 in India), and never after 0.
_BODIES = {
    decimal: re.compile(
        rf"(?:\d+|[1-9]\d{{0,2}}(?:{other}\d{{2,3}})*{other}\d{{3}}|[1-9]\d{{0,2}}(?:[ '’]\d{{3}})+)"
        rf"(?:[{decimal}]\d*)?(?:[eE][-+]?\d+)?|[{decimal}]\d+",
        re.ASCII,
    )
    for decimal, other in ((".", ","), (",", r"\."))
}
_TO_POINT: dict[str, dict[int, str | None]] = {
    ".": {ord(c): None for c in " '’,"},
    ",": {**dict.fromkeys(map(ord, " '’."), None), ord(","): "."},
}


def read_amounts(entries: Sequence[Any], *, decimal: str | None = None) -> Amounts:
    """Read numbers, Decimals, and texts with signs, currency symbols and thousands separators.

    Without `decimal` the mark is taken from the texts, where only one of "." and "," can read all of them.
    """
    known, ambiguous = _read_texts(distinct_texts(entries), decimal)
    read = np.fromiter((known[e][0] if isinstance(e, str) else _float(e) for e in entries), np.float64, len(entries))
    unreadable = np.isinf(read)
    currencies = {_SAME_CURRENCY.get(currency, currency) for _, currency in known.values() if currency}
    return Amounts(np.where(unreadable, np.nan, read), unreadable, ambiguous, tuple(sorted(currencies)))


def _float(entry: Any) -> float:
    if is_absent(entry):
        return math.nan
    numeric = isinstance(entry, (Real, Decimal)) and not isinstance(entry, (bool, np.bool_))
    return float(entry) if numeric else math.inf


def _read_texts(texts: list[str], decimal: str | None) -> tuple[dict[str, tuple[float, str | None]], str | None]:
    """Return what each text says (infinity where it is no amount), and a text that says two things."""
    marks = ("." if decimal is None else decimal, "," if decimal is None else decimal)
    read = {text: _amount(text, marks) for text in texts}
    with_first = sum(math.isinf(first) for first, _, _ in read.values())
    with_second = sum(math.isinf(second) for _, second, _ in read.values())
    ambiguous = None
    if with_first == with_second:
        # Missing texts are NaN in both readings, and NaN differs from itself.
        ambiguous = min((t for t, (first, second, _) in read.items() if first != second == second), default=None)
    chosen = 0 if with_first <= with_second else 1
    return {t: (second if chosen else first, currency) for t, (first, second, currency) in read.items()}, ambiguous


def _amount(text: str, marks: tuple[str, str]) -> tuple[float, float, str | None]:
    """Return the amount under either decimal mark, and the currency that is written beside it."""
    unreadable = math.inf, math.inf, None
    text = " ".join(text.split())  # no-break and thin spaces become plain ones
    if text in ABSENT_TEXTS:
        return math.nan, math.nan, None
    match = _AMOUNT.fullmatch(text)
    if match is None or (match["open"] is None) != (match["close"] is None):
        return unreadable
    signs = [match[s] for s in ("sign1", "sign2", "sign3") if match[s]] + ["-"] * (match["open"] is not None)
    currencies = [match[c] for c in ("currency1", "currency2") if match[c]]
    if len(signs) > 1 or len(currencies) > 1:
        return unreadable
    sign = 1.0 if signs in ([], ["+"]) else -1.0
    first, second = (_number(match["body"], mark, sign) for mark in marks)
    return first, second, (currencies[0] if currencies else None)


def _number(body: str, mark: str, sign: float) -> float:
    if not _BODIES[mark].fullmatch(body):
        return math.inf
    return sign * float(body.translate(_TO_POINT[mark]))
