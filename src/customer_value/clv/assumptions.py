"""Does the data deserve the model? What the models take for granted, checked before they are fitted."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from customer_value._frames import EagerFrame, FrameT, as_given, collect, make_frame, open_frame, texts
from customer_value._stats.intervals import wilson_interval
from customer_value._units import date_of
from customer_value._validation import interval_level, require_some, summary_arrays
from customer_value.clv._regularity import estimate_regularity
from customer_value.clv._rows import Floats
from customer_value.clv.bg_nbd import BGNBD
from customer_value.clv.nbd import NBD
from customer_value.errors import ConvergenceError
from customer_value.transactions._calendar import already_active
from customer_value.transactions._periods import day_numbers

_FEW_REPEATERS = 100
_MANY_ONE_TIME = 0.5
_WEAK_CORRELATION = 0.1
_REGULAR, _CLUMPY = 1.25, 0.8
_NAN = math.nan
NOTHING = "nothing to do"


class Finding(NamedTuple):
    """One row of the report."""

    check: str
    estimate: float
    lower: float
    upper: float
    verdict: str  # "fine", "look", "not checked"
    meaning: str
    what_to_do: str


def check_assumptions(summary: FrameT, *, interval: float = 0.95) -> FrameT:
    """Check what purchase and spend models take for granted, in plain words and numbers.

    Eager; a polars LazyFrame is collected once and comes back lazy.

    Parameters
    ----------
    summary
        Customer summary (`summarize_customers` makes it) with frequency, recency and T. With monetary_value, first_date
        and log_intervals (``regularity=True``) all checks are made.
    interval
        Coverage of the intervals.

    Returns
    -------
    One row for each check, in a fixed order: check, estimate, lower, upper, verdict (``"fine"``, ``"look"`` or
    ``"not checked"``), meaning (what the estimate is and says), what_to_do. The checks:

    repeat buyers
        How many customers bought again.
    one-time buyers
        Their share; where they are most customers, a model that lets them leave is worth trying.
    customers differ
        Standard deviation over mean of the purchase rates; without any, one rate for all would do.
    customers leave
        Log-likelihood that dropout adds (BG/NBD over NBD); with none, P(alive) has no support.
    spend and frequency
        Correlation of the logarithms of mean spend and frequency among repeat buyers; Gamma-Gamma takes them as
        independent.
    regular timing
        Shape k of the times between purchases: 1 is random, above it regular, below it clumpy.
    active before the log
        Share of the customers who seem to have bought before the log begins.

    Raises
    ------
    InputError
        The summary is empty, or columns are missing or break a rule.

    Notes
    -----
    Regularity is estimated given the sum of each customer's times, so that rates do not matter; with two times each it
    is the statistic of Wheat and Morrison (1990), Journal of Marketing Research 27(1). The interval of a correlation is
    Fisher's.

    Examples
    --------
    >>> import customer_value as cv
    >>> log = cv.datasets.load_cdnow(sample=True)
    >>> calibration, _ = cv.split_holdout(log, observation_end="1997-09-30")
    >>> summary = cv.summarize_customers(calibration, observation_end="1997-09-30", regularity=True)
    >>> cv.check_assumptions(summary)[["check", "estimate", "lower", "upper", "verdict"]].round(2)
    """
    given = open_frame(summary, "summary")
    frame = collect(given)
    level = interval_level(interval)
    require_some(len(frame), "summary")
    names = [n for n in ("frequency", "recency", "T", "monetary_value", "log_intervals") if n in frame.columns]
    arrays = summary_arrays(frame, [*dict.fromkeys(["frequency", "recency", "T", *names])])
    z = float(ndtri((1 + (level or 0.95)) / 2))
    findings = [
        _repeat_buyers(arrays["frequency"]),
        _one_time_buyers(arrays["frequency"], level or 0.95),
        *_rates(frame, arrays["frequency"], z),
        _spend(arrays, z),
        _timing(arrays, z),
        _already_active(frame),
    ]
    table = make_frame(
        {
            name: texts(np.arange(len(findings)), [getattr(f, name) for f in findings], given)
            if name in ("check", "verdict", "meaning", "what_to_do")
            else np.array([getattr(f, name) for f in findings])
            for name in Finding._fields
        },
        given,
    )
    result: FrameT = as_given(table, given)
    return result


def _repeat_buyers(x: Floats) -> Finding:
    repeaters = int((x > 0).sum())
    few = repeaters < _FEW_REPEATERS
    return Finding(
        "repeat buyers",
        repeaters,
        _NAN,
        _NAN,
        "look" if few else "fine",
        f"{repeaters:,} of {x.size:,} customers bought again; rates and dropout are learned from them.",
        "observe longer, or take more customers: parameters will be uncertain" if few else NOTHING,
    )


def _one_time_buyers(x: Floats, level: float) -> Finding:
    once = int((x == 0).sum())
    lower, upper = wilson_interval(once, x.size, interval=level)
    many = once > _MANY_ONE_TIME * x.size
    return Finding(
        "one-time buyers",
        once / x.size,
        float(lower),
        float(upper),
        "look" if many else "fine",
        f"{once / x.size:.0%} of the customers have bought once. BG/NBD calls all of them alive.",
        "try MBGNBD or ParetoNBD, which let customers leave after the first purchase" if many else NOTHING,
    )


def _rates(frame: EagerFrame, x: Floats, z: float) -> tuple[Finding, Finding]:
    """Are rates different, and does dropout explain anything?"""
    differ, leave = "customers differ", "customers leave"
    if not (x > 0).any():
        unknown = "not checked: nobody bought again"
        return tuple(Finding(c, _NAN, _NAN, _NAN, "not checked", unknown, NOTHING) for c in (differ, leave))
    nbd = NBD().fit(frame.to_native())
    ...
