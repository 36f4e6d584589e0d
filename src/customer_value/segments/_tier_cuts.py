"""Where the thresholds of tiers lie: from shares of customers or of their score to the numbers that split them."""

from __future__ import annotations

import bisect
import itertools
import math
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Thresholds = tuple[float | None, ...]

ABOVE_ZERO = 1e-300  # a threshold of "above 0": everything that is no rounding of 0 reaches it
_BLOCK = 65_536
_REACHED = 1 - 1e-12  # sums of money written in decimals are off by parts in 1e16, which must not decide a tier
_LARGEST_SUM = 1e290
_FINEST_SHARE = 10**9  # a share is the fraction meant, such as 7/100 or 5/6, and not the float that is nearest to it
_DECIMALS_OF_MONEY, _MOST_DECIMALS = 2, 18  # whole numbers of 64 bits have 18 digits
_SIDES: tuple[Literal["left", "right"], ...] = ("left", "right")


def thresholds_by_customers(values: Floats, shares: tuple[float, ...], *, above_zero: bool) -> Thresholds:
    """Return the threshold of each share of customers, best first.

    In a row from the best to the worst a customer is within a share while those before him are less than it, so whoever
    crosses the line is in. Whole numbers and fractions decide, not floats: .07 of 100 is 7, and 5 / 6 of 6 is 5.
    """
    ordered = np.sort(values)
    if above_zero:
        ordered = ordered[np.searchsorted(ordered, 0.0, side="right") :]
    if not ordered.size:
        return (None,) * len(shares)
    fractions = [Fraction(share).limit_denominator(_FINEST_SHARE) for share in shares]
    inside = [max(1, math.ceil(fraction * ordered.size)) for fraction in fractions]
    return tuple(
        ABOVE_ZERO if above_zero and share == 1 else _threshold(ordered, count, above_zero)
        for share, count in zip(shares, inside, strict=True)
    )


def thresholds_by_share(values: Floats, shares: tuple[float, ...]) -> Thresholds:
    """Return the threshold of each share of the total, best first; scores of 0 or below are in none.

    A customer is within a share while those before him hold less of the total than it.
    """
    ordered = np.sort(values)
    ordered = ordered[np.searchsorted(ordered, 0.0, side="right") :]
    if not ordered.size:
        return (None,) * len(shares)
    falling = ordered[::-1]
    if falling[0] > _LARGEST_SUM / falling.size:
        falling = falling / 2.0**512  # exact: only the exponent changes
    starts = range(0, falling.size, _BLOCK)
    blocks = (Fraction(float(falling[start : start + _BLOCK].sum())) for start in starts)
    sums = [float(total) for total in itertools.accumulate(blocks, initial=Fraction(0))]

    def ahead(position: int) -> float:
        block = position // _BLOCK
        return sums[block] + float(falling[block * _BLOCK : position].sum())

    targets = [share * sums[-1] * _REACHED for share in shares]
    inside = [max(1, bisect.bisect_left(range(falling.size), target, key=ahead)) for target in targets]
    return tuple(_threshold(ordered, count, True) for count in inside)


def _threshold(ordered: Floats, inside: int, above_zero: bool) -> float | None:
    """Return the number that splits so many of the best from the others, equal scores kept together.

    Equal scores at the line are all in if half of them or more would be, else all out. None if nobody is in.
    """
    lowest = ordered[ordered.size - inside]
    first, behind = (int(np.searchsorted(ordered, lowest, side=side)) for side in _SIDES)
    if 2 * (behind - (ordered.size - inside)) < behind - first:
        first = behind
    if first == ordered.size:
        return None
    lowest = float(ordered[first])
    return shortest_between(float(ordered[first - 1]) if first else 0.0 if above_zero else lowest, lowest)


def shortest_between(below: float, upto: float) -> float:
    """Return the number with the fewest decimals above one number and up to another: 900 for 897.2 and 903.1.

    Any number between the two splits the same customers. One that is short can be read, and be kept in a head.
    """
    low, high = Decimal(repr(below)), Decimal(repr(upto))
    if low >= high:
        return upto
    if low < 0 <= high:
        return 0.0
    first = max(high.adjusted(), low.adjusted())
    for digits in range(-first, 18 - first):
        short = Decimal(math.floor(high.scaleb(digits))).scaleb(-digits)
        if short > low and below < float(short) <= upto:
            return float(short)
    return upto


def decimals_of(thresholds: Thresholds) -> int:
    """Return with how many decimals to show scores: as many as thresholds have, and three digits of the largest."""
    shown = [Decimal(repr(number)).normalize() for number in thresholds if number and number != ABOVE_ZERO]
    if not shown:
        return _DECIMALS_OF_MONEY
    needed = max(-int(number.as_tuple().exponent) for number in shown)
    whole = max(number.adjusted() for number in shown)
    return min(max(needed, 2 - whole, 0), max(14 - whole, 0), _MOST_DECIMALS)


def said_number(number: float) -> str:
    """Return a number as it is written by hand: 900, not 900.0."""
    if number == ABOVE_ZERO:
        return "above 0"
    return f"{Decimal(repr(float(number))).normalize():f}"
