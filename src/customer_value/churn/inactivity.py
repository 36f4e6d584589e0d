"""How many silent days make a customer lost: the share that returns, and the cost of calling too early or too late."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from customer_value._frames import FrameT, collect, make_frame, to_eager
from customer_value._stats.intervals import normal_quantile, wilson_interval
from customer_value._stats.survival import SurvivalCurve, kaplan_meier
from customer_value._units import Day
from customer_value._validation import number, whole_number
from customer_value.churn._purchases import check_rows, open_log, purchase_days
from customer_value.errors import DataWarning, InputError, warn

Floats = np.ndarray[Any, np.dtype[np.float64]]
Counts = np.ndarray[Any, np.dtype[np.int64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

_LONGEST = 730  # days; longer silences are looked at only where that is asked for


@dataclass(frozen=True, slots=True)
class _Silences:
    """Each purchase begins a silence; it ends with the customer's next purchase, or is open when observation ends."""

    customer: Counts  # in order
    duration: Counts
    returned: Flags


def choose_inactivity_window(
    log: FrameT,
    *,
    observation_end: Day,
    max_days: int | None = None,
    step_days: int = 7,
    follow_up_days: int | None = None,
    max_return_rate: float = 0.2,
    interval: float = 0.95,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | None = "amount",
) -> FrameT:
    """Tell for numbers of silent days how many customers return from them, and how good a rule of that length is.

    Parameters
    ----------
    log
        One row per transaction. Rows with an amount of 0 or above are purchases; those of a day are one.
    observation_end
        Last day observed, inclusive and whole; ``"last"`` is the log's own last date. Later rows are an error.
    max_days, step_days
        The silences looked at: `step_days`, twice as many, and so on up to `max_days`. By default up to a third of the
        days observed, and at most 730.
    follow_up_days
        How long after those days a customer may return. By default `max_days`. Returns later than that are not counted.
    max_return_rate
        The row recommended is the first whose `return_rate` is at or below this share.
    interval
        Coverage of the intervals, strictly between 0 and 1.
    customer_id, date, amount
        Names of the columns; ``amount=None`` where the log has none, so that every row is a purchase.

    Returns
    -------
    FrameT
        A frame of the same library, one row per number of silent days:

        - `silent_days`; `silences`: how many were seen to last so long;
        - `return_rate` (with `_lower`, `_upper`): estimated share of such silences that end within the follow-up;
        - of a rule that calls a customer lost after so many days, applied on the day `follow_up_days` before
          `observation_end`: `called`, the customers it calls; `false_alarms`, those of them who returned since;
          `false_alarm_rate`, their share; `late_alarms`, customers whom it does not call yet and who did not return;
          `late_alarm_rate`, their share of all who did not return; rates with `_lower`, `_upper`;
        - `recommended`: true in one row, or in none.

    Raises
    ------
    InputError
        For what `summarize_customers` raises on, numbers out of their range, and a log that is shorter than `max_days`
        and `follow_up_days` together, so that the longest silence could not be followed up.

    Warns
    -----
    DataWarning
        Where no number of days has a return rate that low: no row is recommended.

    Notes
    -----
    The return rate after d days is 1 - S(d + follow-up) / S(d), where S is the Kaplan-Meier curve of silences (E. L.
    Kaplan and P. Meier 1958, *JASA* 53, 457-481): each purchase begins one, the next one ends it, and those that are
    open when observation ends are censored, so that recent customers count for as long as they were seen. A customer
    has many silences, which are alike, so the variance of log S is summed over customers and not over silences: the
    sum of squares of each customer's influence (Z. Ying and L. J. Wei 1994, *Journal of Multivariate Analysis* 50,
    17-29). With one silence each that is Greenwood's. The bounds are on the scale of log(-log), and null where nobody
    returned.

    How many return *ever* is not known from any log: a share that returns after the follow-up is not counted, and a
    longer follow-up shows it as far as the log goes.

    The two alarm rates look at one day, on which each customer is counted once, and need no model; their intervals are
    Wilson's. `called` mixes all silences of d days or longer, so its false alarms are fewer than the return rate of
    those who have just reached d. A late alarm is a customer of whom nothing shows yet that he is gone; the longer the
    rule waits, the more there are of them.

    Eager; a polars LazyFrame is collected once and comes back lazy.

    Examples
    --------
    >>> import customer_value as cv
    >>> log = cv.datasets.load_cdnow(sample=True)
    >>> table = cv.churn.choose_inactivity_window(
    ...     log, observation_end="1998-06-30", max_days=180, step_days=30
    ... )
    >>> table[["silent_days", "return_rate", "false_alarm_rate", "late_alarm_rate", "recommended"]].round(2)
       silent_days  return_rate  false_alarm_rate  late_alarm_rate  recommended
    0           30         0.44              0.18             0.03        False
    1           60         0.34              0.16             0.07        False
    2           90         0.29              0.14             0.09        False
    3          120         0.24              0.13             0.11        False
    4          150         0.21              0.12             0.13        False
    5          180         0.18              0.11             0.16         True
    """
    step = whole_number(step_days, "step_days", low=1)
    limit = number(max_return_rate, "max_return_rate", low=0, high=1, open_ends=True)
    z = normal_quantile(interval)
    given, as_given = to_eager(log, "log", "choose_inactivity_window")
    opened, columns = open_log(given, customer_id=customer_id, date=date, amount=amount)
    end = check_rows(opened, columns, observation_end).last
    customer, day = purchase_days(collect(opened), columns)
    if not day.size:
        raise InputError("the log has refunds only: there is no purchase to be silent after.")
    longest, follow_up = _lengths(end - int(day.min()), max_days, follow_up_days, step)
    days = np.arange(step, longest + 1, step)
    silences = _silences(customer, day, end)
    table = (
        {"silent_days": days}
        | _returns(silences, days, follow_up, z)
        | _alarms(customer, day, days, end, follow_up, interval)
    )
    # A product of fractions may miss a round share by its rounding.
    low_enough = np.flatnonzero(table["return_rate"] <= limit * (1 + 1e-12))
    recommended = np.zeros(days.size, dtype=np.bool_)
    recommended[low_enough[:1]] = True
    if not low_enough.size:
        warn(
            f"after {days[-1]} silent days {table['return_rate'][-1]:.0%} still return within {follow_up} days, more "
            f"than max_return_rate={limit:g}: no length is recommended. Look at longer silences with max_days, or "
            "accept a higher rate.",
            DataWarning,
        )
    return cast("FrameT", as_given(make_frame(table | {"recommended": recommended}, like=given)))


def _lengths(observed: int, max_days: Any, follow_up_days: Any, step: int) -> tuple[int, int]:
    """Return the longest silence looked at and the time to return after it; both were observed, one after the other."""
    longest = min(observed // 3, _LONGEST) if max_days is None else whole_number(max_days, "max_days", low=1)
    follow_up = longest if follow_up_days is None else whole_number(follow_up_days, "follow_up_days", low=1)
    if longest < step:
        raise InputError(f"no length to look at: max_days is {longest}, and step_days {step}; take smaller steps.")
    if longest + follow_up > observed:
        raise InputError(
            f"max_days and follow_up_days must not exceed the time observed; {longest} and {follow_up} days make more "
            f"than the {observed} days from the first purchase to observation_end. Shorten one of them."
        )
    return longest, follow_up


def _silences(customer: Counts, day: Counts, end: int) -> _Silences:
    following = np.append(day[1:], end)
    returned = np.append(customer[1:] == customer[:-1], False)
    return _Silences(customer, np.where(returned, following, end) - day, returned)


def _returns(silences: _Silences, days: Counts, follow_up: int, z: float) -> dict[str, Any]:
    """Estimate the share of silences that end within the follow-up, of those that reached each number of days."""
    curve = kaplan_meier(silences.duration, silences.returned)
    with np.errstate(invalid="ignore"):  # nobody was silent that long
        stays = curve.at(days + follow_up) / curve.at(days)
    place = silences.returned * (int(curve.last) + 1) + silences.duration
    error = np.sqrt([_log_variance(silences.customer, place, curve, int(d), int(d) + follow_up) for d in days])
    # One that is open after d days has lasted d days; one that ended on day d has not.
    lasted = np.sort(silences.duration - silences.returned)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.exp(z * error / np.abs(np.log(stays)))
        lower, upper = 1 - stays ** (1 / spread), 1 - stays**spread
    some = (stays > 0) & (stays < 1)
    return {
        "silences": lasted.size - np.searchsorted(lasted, days, side="left"),
        "return_rate": 1 - stays,
        "return_rate_lower": np.where(some, lower, np.nan),
        "return_rate_upper": np.where(some, upper, np.nan),
    }


def _log_variance(customer: Counts, place: Counts, curve: SurvivalCurve, after: int, up_to: int) -> float:
    """Return the variance of log S(up_to) / S(after), the silences of a customer being alike in any way.

    A silence's influence is looked up by its days, at `place`: durations of open silences first, then of those that
    ended.
    """
    inside = (curve.time > after) & (curve.time <= up_to)
    time, at_risk, events = curve.time[inside], curve.at_risk[inside], curve.events[inside]
    if (events == at_risk).any():
        return np.nan  # S falls to 0, and log S beyond all bounds
    per_event = 1 / (at_risk - events)
    passed = np.append(0.0, np.cumsum(events / at_risk * per_event))
    while_open = -passed[np.searchsorted(time, np.arange(curve.last + 1), side="right")]
    at_end = while_open.copy()
    at_end[time.astype(np.int64)] += per_event
    of_customers = np.bincount(customer, np.concatenate([while_open, at_end])[place])
    return float(of_customers @ of_customers)


def _alarms(customer: Counts, day: Counts, days: Counts, end: int, follow_up: int, interval: float) -> dict[str, Any]:
    """Count whom a rule of each length calls on the day before the follow-up, and what it did to them."""
    today = end - follow_up
    same = np.append(customer[1:] == customer[:-1], False)
    next_day = np.append(day[1:], 0)
    latest = (day <= today) & ~(same & (next_day <= today))
    silent, returned = today - day[latest], same[latest]
    called = silent.size - np.searchsorted(np.sort(silent), days, side="left")
    false = int(returned.sum()) - np.searchsorted(np.sort(silent[returned]), days, side="left")
    late = np.searchsorted(np.sort(silent[~returned]), days, side="left")
    columns: dict[str, Any] = {"called": called}
    for name, count, of in (
        ("false_alarm", false, called),
        ("late_alarm", late, np.full(days.size, (~returned).sum())),
    ):
        with np.errstate(invalid="ignore"):
            columns |= {f"{name}s": count, f"{name}_rate": count / of}
        columns[f"{name}_rate_lower"], columns[f"{name}_rate_upper"] = wilson_interval(count, of, interval=interval)
    return columns
