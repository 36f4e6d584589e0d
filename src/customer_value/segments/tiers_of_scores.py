"""Tier schemes of one score: by shares of its total, by shares of the customers, by thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from customer_value._validation import whole_number
from customer_value.errors import InputError
from customer_value.segments._tier_making import MOST_TIERS, Names, number_list, of_score
from customer_value.segments.tier_parts import TierCut
from customer_value.segments.tier_scheme import TierScheme


def abc(cuts: Sequence[float] = (0.8, 0.95), *, tiers: Names | None = None, source: str = "") -> TierScheme:
    """Make A, B and C tiers by cumulative share of the score, best customers first.

    Parameters
    ----------
    cuts
        Cumulative shares of the total at which a tier ends, rising, between 0 and 1.
    tiers
        Names, one more than cuts; letters unless given.
    source
        Where the cuts come from.

    Returns
    -------
    TierScheme
        In a row from the best to the worst a customer is in tier A while those before him hold less than the first cut
        of the total: who crosses the cut is in, and one customer with 90 % of the value is A. Equal scores share a
        tier: at a cut all of them are in if half or more would be, else all are out. Shares are of the total of scores
        above 0; scores of 0 or below hold nothing and are in the last tier.

    Raises
    ------
    InputError
        If cuts do not rise or are not between 0 and 1, or names do not fit.

    Examples
    --------
    >>> from customer_value.segments import tiers
    >>> tiers.abc()
    <TierScheme: A, B, C; score 80 %, 95 % of the total>
    """
    return of_score(TierCut("cumulative_share", tuple(number_list(cuts, "cuts"))), tiers, source)


def pyramid(
    shares: Sequence[float] = (0.01, 0.04, 0.15, 0.8), *, tiers: Names | None = None, source: str = ""
) -> TierScheme:
    """Make a pyramid: the best 1 %, the next 4, 15 and 80 % of the customers with a score above 0, then the others.

    Parameters
    ----------
    shares
        Share of customers in each band, best first; they add up to 1.
    tiers
        Names, one more than bands: the last is for customers with a score of 0 or below. The five names of the preset
        "pyramid" for four bands, letters otherwise, unless given.
    source
        Where the bands come from.

    Returns
    -------
    TierScheme
        In a row from the best to the worst a customer is within a band while those before him are less than its end,
        so a number of customers is rounded up. Equal scores share a band: at an end all of them are in if half or more
        would be, else all are out. If all scores are equal, all customers are in the fourth band.

    Raises
    ------
    InputError
        If shares are not above 0 or do not add up to 1, or names do not fit.

    Examples
    --------
    >>> from customer_value.segments import tiers
    >>> tiers.pyramid().tiers
    ('project', 'large', 'mid_range', 'ordinary', 'floating')
    """
    bands = number_list(shares, "shares")
    ends = [round(end, 12) for end in accumulate(bands)]
    if not bands or min(bands) <= 0 or ends[-1] != 1:
        raise InputError(f"shares must be above 0 and add up to 1; {bands} add up to {sum(bands):g}.")
    if tiers is None and len(bands) == 4:
        tiers = "pyramid"
    return of_score(TierCut("customers", tuple(ends), above_zero=True), tiers, source)


def thresholds(
    at: Sequence[float], *, tiers: Names | None = None, lower_is_better: bool = False, source: str = ""
) -> TierScheme:
    """Make tiers by fixed thresholds of the score; a customer on a threshold reaches it.

    Parameters
    ----------
    at
        Thresholds from the best tier's to the last but one's, falling (rising where less is better).
    tiers
        Names, one more than thresholds; letters unless given.
    lower_is_better
        Whether less is better, as for the time since the last purchase.
    source
        Where the thresholds come from.

    Returns
    -------
    TierScheme
        A scheme that needs no other customers, so it also runs on lazy frames.

    Raises
    ------
    InputError
        If thresholds do not fall, are not finite, or names do not fit.

    Examples
    --------
    >>> from customer_value.segments import tiers
    >>> tiers.thresholds((10_000, 3000), tiers="diamond_gold_ordinary")
    <TierScheme: diamond, gold, ordinary; score >= 10000, 3000>
    """
    return of_score(TierCut("threshold", tuple(number_list(at, "at")), lower_is_better), tiers, source)


def quantiles(
    at: int | Sequence[float],
    *,
    tiers: Names | None = None,
    lower_is_better: bool = False,
    above_zero: bool = False,
    source: str = "",
) -> TierScheme:
    """Make tiers by shares of the customers: the best 20 %, those up to 50 %, the others.

    Parameters
    ----------
    at
        Cumulative shares of customers from the best, rising, between 0 and 1; or a number of equal tiers.
    tiers
        Names, one more than cuts; letters unless given.
    lower_is_better
        Whether less is better, as for the time since the last purchase.
    above_zero
        Whether shares are of the customers above 0; the others are then in the last tier.
    source
        Where the cuts come from.

    Returns
    -------
    TierScheme
        In a row from the best to the worst a customer is within a share while those before him are less than it, so a
        number of customers is rounded up. Equal scores share a tier: at a cut all of them are in if half or more would
        be, else all are out. A tier may stay empty.

    Raises
    ------
    InputError
        If cuts do not rise or are not between 0 and 1, or names do not fit.

    Examples
    --------
    >>> from customer_value.segments import tiers
    >>> tiers.quantiles((0.2, 0.5))
    <TierScheme: A, B, C; score 20 %, 50 % of customers>
    >>> tiers.quantiles(4).cut.at
    (0.25, 0.5, 0.75)
    """
    if isinstance(at, int):
        groups = whole_number(at, "at", low=2, high=MOST_TIERS)
        at = [each / groups for each in range(1, groups)]
    cut = TierCut("customers", tuple(number_list(at, "at")), lower_is_better, above_zero)
    return of_score(cut, tiers, source)
