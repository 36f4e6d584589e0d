"""Does the data deserve the model? What the models take for granted, checked before they are fitted."""

from __future__ import annotations

import math
import warnings
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from customer_value._frames import EagerFrame, FrameT, as_given, collect, make_frame, open_frame, texts
from customer_value._stats.intervals import wilson_interval
from customer_value._units import date_of
from customer_value._validation import number, require_some, summary_arrays
from customer_value.clv._regularity import estimate_regularity
from customer_value.clv._rows import Floats
from customer_value.clv.bg_nbd import BGNBD
from customer_value.clv.nbd import NBD
from customer_value.errors import ConvergenceError, FitWarning
from customer_value.transactions._calendar import already_active
from customer_value.transactions._periods import day_numbers

_FEW_REPEATERS = 100
_MANY_ONE_TIME = 0.5
_WEAK_CORRELATION = 0.1
_ALIKE = 0.2  # standard deviation of the rates over their mean, below which they hardly differ
REGULAR, _CLUMPY = 1.25, 0.8
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
        Share of the customers who seem to have bought before the log begins: a lower bound, for those who come back
        late look new.

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
                       check  estimate  lower  upper verdict
    0          repeat buyers    946.00    NaN    NaN    fine
    1        one-time buyers      0.60   0.58   0.62    look
    2       customers differ      1.61   1.53   1.70    fine
    3        customers leave    181.23    NaN    NaN    fine
    4    spend and frequency      0.19   0.13   0.25    look
    5         regular timing      1.04   0.98   1.11    fine
    6  active before the log      0.00    NaN    NaN    fine
    """
    given = open_frame(summary, "summary")
    frame = collect(given)
    level = number(interval, "interval", low=0, high=1, open_ends=True)
    require_some(len(frame), "summary")
    names = [n for n in ("frequency", "recency", "T", "monetary_value", "log_intervals") if n in frame.columns]
    arrays = summary_arrays(frame, [*dict.fromkeys(["frequency", "recency", "T", *names])])
    z = float(ndtri((1 + level) / 2))
    findings = [
        _repeat_buyers(arrays["frequency"]),
        _one_time_buyers(arrays["frequency"], level),
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
    """Tell whether rates differ, and whether dropout explains anything."""
    differ, leave = "customers differ", "customers leave"
    if not (x > 0).any():
        return _not_checked(differ, "nobody bought again"), _not_checked(leave, "nobody bought again")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitWarning)  # what they warn of is told here in its own row
        try:
            nbd, bg = (model.fit(frame.to_native()) for model in (NBD(), BGNBD()))
        except ConvergenceError as error:
            return _not_checked(differ, str(error)), _not_checked(leave, str(error))
    spread = math.sqrt(nbd._covariance_of_logs()[0, 0])
    cv = nbd.params_["r"] ** -0.5
    alike = not cv * math.exp(-z / 2 * spread) > _ALIKE
    gain = bg.log_likelihood_ - nbd.log_likelihood_
    stays = gain < len(bg._dropout)
    return (
        Finding(
            differ,
            cv,
            cv * math.exp(-z / 2 * spread),
            cv * math.exp(z / 2 * spread),
            "look" if alike else "fine",
            f"the standard deviation of the purchase rates is {cv:.2f} times their mean.",
            "customers hardly differ: one rate for all would forecast as well" if alike else NOTHING,
        ),
        Finding(
            leave,
            gain,
            _NAN,
            _NAN,
            "look" if stays else "fine",
            f"dropout adds {gain:.2f} to the log-likelihood of an NBD; AIC asks {len(bg._dropout)}.",
            "P(alive) has no support in these data: use clv.NBD, or observe longer" if stays else NOTHING,
        ),
    )


def _spend(arrays: dict[str, Floats], z: float) -> Finding:
    check = "spend and frequency"
    if "monetary_value" not in arrays:
        return _not_checked(check, "the summary has no column monetary_value")
    x, m = arrays["frequency"], arrays["monetary_value"]
    with np.errstate(invalid="ignore"):
        usable = (x > 0) & (m > 0)
    n = int(usable.sum())
    logs = np.log(x[usable]), np.log(m[usable])
    if n < 4 or min(np.ptp(v) for v in logs) == 0:
        return _not_checked(check, "fewer than four repeat buyers, or all alike")
    correlation = float(np.corrcoef(*logs)[0, 1])
    half = z / math.sqrt(n - 3)
    lower, upper = (math.tanh(math.atanh(correlation) + side * half) for side in (-1, 1))
    tied = abs(correlation) > _WEAK_CORRELATION and lower * upper > 0
    return Finding(
        check,
        correlation,
        lower,
        upper,
        "look" if tied else "fine",
        f"the correlation of log mean spend and log frequency of {n:,} repeat buyers is {correlation:.2f}.",
        "Gamma-Gamma takes them as independent: value groups of frequency apart, or compare value with the holdout"
        if tied
        else NOTHING,
    )


def _timing(arrays: dict[str, Floats], z: float) -> Finding:
    check = "regular timing"
    if "log_intervals" not in arrays:
        return _not_checked(check, "the summary has no log_intervals: summarize_customers(..., regularity=True)")
    found = estimate_regularity(arrays["frequency"], arrays["recency"], arrays["log_intervals"])
    if found is None:
        return _not_checked(check, "nobody made two repeat purchases")
    lower, upper = (found.k * math.exp(side * z * found.log_sd) for side in (-1, 1))
    regular, clumpy = lower > REGULAR, upper < _CLUMPY
    remedy = NOTHING
    if regular:
        remedy = "try BGCNBD or MBGCNBD, which know regular customers: silence tells more of them"
    elif clumpy:
        remedy = "purchases come in bursts: no model here knows that; hold forecasts against a holdout"
    return Finding(
        check,
        found.k,
        lower,
        upper,
        "look" if regular or clumpy else "fine",
        f"times between purchases of {found.customers:,} customers have shape {found.k:.2f}; 1 is random.",
        remedy,
    )


def _already_active(frame: EagerFrame) -> Finding:
    check = "active before the log"
    if "first_date" not in frame.columns:
        return _not_checked(check, "the summary has no column first_date")
    day, new = np.unique(day_numbers(frame.get_column("first_date")), return_counts=True)
    start = already_active(day, new)
    if start is None:
        return _not_checked(check, "too few days with new customers")
    share = start.excess / len(frame)
    return Finding(
        check,
        share,
        _NAN,
        _NAN,
        "look" if start.excess else "fine",
        f"{start.first:,} customers are new up to {date_of(start.last_day)}, {start.typical:,.0f} in a typical later "
        "part as long.",
        f"keep later customers only: summarize_customers(..., acquired=('{date_of(start.last_day + 1)}', None))"
        if start.excess
        else NOTHING,
    )


def _not_checked(check: str, why: str) -> Finding:
    return Finding(check, _NAN, _NAN, _NAN, "not checked", why, NOTHING)
