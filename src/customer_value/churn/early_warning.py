"""Customers who leave their own normal range: fewer purchases, other contacts, told before they are gone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

import numpy as np

from customer_value._frames import (
    Column,
    EagerFrame,
    FrameT,
    collect,
    make_frame,
    nw,
    to_eager,
    whole_numbers,
    without_zone,
)
from customer_value._stats.multiple import benjamini_hochberg
from customer_value._units import Day, date_of
from customer_value._validation import number, require_choice, require_columns, require_ids, require_some, truth_value
from customer_value.churn._purchases import open_log
from customer_value.churn._rate_tests import (
    DIRECTIONS,
    Direction,
    Floats,
    control_limits,
    least_p_values,
    rate_p_values,
    rate_ratio,
)
from customer_value.churn._watched_days import Codes, Signal, Windows, count_days
from customer_value.churn._windows import lookback_start
from customer_value.errors import InputError
from customer_value.transactions._cutoffs import read_cutoff
from customer_value.transactions._ids import id_labels
from customer_value.transactions._log import LogRules, read_log, require_one_library, require_present
from customer_value.transactions._periods import day_numbers, require_dates
from customer_value.transactions._plan import end_day

_WATCH: dict[str, Direction] = {"purchases": "fewer", "contacts": "either"}
_WITHIN, _BEYOND = "within limits", "outside the limits, as happens among so many customers"
_SHORT = "too little history to tell"
_LEAST_DISPERSION, _MOST_DISPERSION = 0.01, 100.0  # beyond them counts are no counts any more


def early_warnings(
    log: FrameT,
    *,
    cutoff: Day,
    contacts: FrameT | None = None,
    window: float | str = "90 days",
    baseline: float | str = "365 days",
    q: float = 0.1,
    watch: Mapping[str, Direction] | None = None,
    common_trend: bool = False,
    dispersion: float | Literal["estimate"] = "estimate",
    interval: float = 0.95,
    observation_end: Day = "last",
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | None = "amount",
) -> FrameT:
    """Warn of customers whose purchases or contacts have left their own control limits. Collects once.

    Each customer is compared with nobody but himself: the days with a purchase in the recent window with the rate of
    his own baseline before it. A weekly buyer who has been silent for a month is a warning, a yearly one is not.

    Parameters
    ----------
    log
        One row per transaction. A purchase day is a day with at least one row with an amount of 0 or above.
    cutoff
        First day of the future; rows at or after it are not looked at.
    contacts
        One row per contact (visit, call, complaint) of the same customers, with the same names of columns. Days with a
        contact are counted; the count begins with the first day of this frame.
    window
        Length of the recent window, which ends with the day before the cutoff.
    baseline
        Length of the baseline before that window. A customer's own one begins on the day after his first purchase, if
        that is later; the first purchase itself does not count, since it is what made him a customer.
    q
        Share of false warnings among all warnings that is tolerated (false discovery rate).
    watch
        What is worrying in each signal: "fewer", "more" or "either". By default fewer purchases, and contacts of either
        kind. For a log of complaints: ``{"contacts": "more"}``.
    common_trend
        Whether to take out what all customers do together, such as a season: every expected count is multiplied by the
        ratio of all recent purchases to those that all baselines lead to expect.
    dispersion
        How much counts vary: variance over mean, 1 for purchases at random. "estimate" finds it from the customers'
        baselines, and takes 1 where it is less; a number is taken as it is, for all signals.
    interval
        Coverage of the control limits and of the intervals of the rate ratios.
    observation_end
        Last day observed; "last" takes the log's last date. The recent window must lie before its end.
    customer_id, date, amount
        Names of the columns. With ``amount=None`` every row is a purchase, or what else the log tells of: a login.

    Returns
    -------
    FrameT
        One row per customer with a purchase before the cutoff, sorted by customer; for `purchases`, and for `contacts`
        where there are any:

        - `purchases_recent`: days with a purchase in the recent window; `purchases_expected`: what the own baseline
          leads to expect there;
        - `purchases_limit_lower`, `purchases_limit_upper`: control limits, the least and the largest recent count that
          the own baseline does not make surprising;
        - `purchases_rate_ratio` with `_lower` and `_upper`: recent rate over baseline rate, infinite where the baseline
          is empty;
        - `purchases_p_value` of a constant rate, and `purchases_p_adjusted` for the false discovery rate over all tests
          made; null where there is too little history;

        then `warning` (true where an adjusted p-value is `q` or below) and `warning_reason`, in words: what changed,
        the counts, and the limits; or "within limits", "outside the limits, as happens among so many customers", or
        "too little history to tell".

    Raises
    ------
    InputError
        For missing columns, null customers or dates, other rules of a log broken, a cutoff with an unobserved day
        before it or without a purchase before it, and arguments out of range.

    Notes
    -----
    Given the total of both counts, the recent one is binomial under a constant rate: a conditional test, with mid-p
    (Lancaster 1961). The limits invert it; the ratio's interval is Clopper and Pearson's, a little wider. Tests that
    could not reject at level `q` whatever happened are not made: a customer with two purchases in a year says nothing
    by a quiet quarter. P-values are adjusted after Benjamini and Hochberg (1995).

    Purchases in bursts vary more than at random, and would give false warnings: all counts are divided by the
    dispersion before they are tested. Its estimate compares neighbouring windows of the baselines, for all customers
    together. Regular buyers vary less; ``dispersion=0.5`` for a grocer warns of them earlier. The estimates of the
    dispersion and of the common trend are taken as known.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> weekly = pd.date_range("2025-01-06", "2025-09-29", freq="7D")
    >>> log = pd.DataFrame({"customer_id": "ann", "date": weekly, "amount": 10.0})
    >>> rare = pd.DataFrame({"customer_id": "bob", "date": pd.to_datetime(["2025-02-01", "2025-12-31"]), "amount": 9.0})
    >>> warnings = cv.churn.early_warnings(pd.concat([log, rare]), cutoff="2026-01-01")
    >>> warnings[["customer_id", "purchases_recent", "purchases_expected", "warning"]].round(1)
      customer_id  purchases_recent  purchases_expected  warning
    0         ann                 0                12.7     True
    1         bob                 1                 0.0    False
    >>> warnings["warning_reason"][0]
    'fewer purchases: 0 days in the window, 12.7 expected (limits 6 to 21)'
    """
    q = number(q, "q", low=0, high=1, open_ends=True)
    interval = number(interval, "interval", low=0, high=1, open_ends=True)
    common_trend = truth_value(common_trend, "common_trend")
    directions = _directions(watch, contacts is not None)
    opened, back = to_eager(log, "log", "early_warnings")
    log_rows, columns = open_log(opened, customer_id=customer_id, date=date, amount=amount)
    read = read_log(collect(log_rows), columns, LogRules())
    if not (isinstance(dispersion, str) and dispersion == "estimate"):
        dispersion = number(dispersion, "dispersion", low=_LEAST_DISPERSION, high=_MOST_DISPERSION)
    windows = _windows(read_cutoff(cutoff), window, baseline, int(read.days.max()), observation_end)

    bought = (read.amounts >= 0) & (read.days < windows.cutoff)
    if not bought.any():
        raise InputError(f"the log has no purchase before the cutoff, {date_of(windows.cutoff)}.")
    labels = id_labels(read.keys)
    customers, first_rows = np.unique(labels[bought], return_index=True)
    of_customer = np.searchsorted(customers, labels[bought])
    days = read.days[bought].astype(np.int64)
    first_day = np.full(customers.size, windows.cutoff, dtype=np.int64)
    np.minimum.at(first_day, of_customer, days)
    keys = read.keys.filter(bought.tolist())[first_rows.tolist()]
    signals = [count_days("purchases", of_customer, days, first_day + 1, windows, dispersion)]
    if contacts is not None:
        who, when = _read_contacts(contacts, opened, keys, date)
        known = (who >= 0) & (when < windows.cutoff)
        begun = int(when.min())
        signals.append(
            count_days("contacts", who[known], when[known], np.maximum(first_day + 1, begun), windows, dispersion)
        )

    made: dict[str, Floats] = {}
    for signal in signals:
        made |= _judge(signal, windows, directions[signal.name], q, interval, common_trend)
    # One family of tests: the tolerated share is that among all warnings, whatever the signal.
    p_values = np.concatenate([made[f"{signal.name}_p_value"] for signal in signals])
    adjusted = benjamini_hochberg(p_values).reshape(len(signals), customers.size)
    for signal, of_tests in zip(signals, adjusted, strict=True):
        made[f"{signal.name}_p_adjusted"] = of_tests
    return cast("FrameT", back(_as_frame(keys, signals, made, q, opened)))


def _directions(watch: Mapping[str, Direction] | None, contacts: bool) -> dict[str, str]:
    if watch is not None and not isinstance(watch, Mapping):
        raise InputError(f"watch must map signals to directions, such as {{'contacts': 'more'}}; got {watch!r}.")
    known = [*_WATCH] if contacts else ["purchases"]
    for signal, direction in (watch or {}).items():
        require_choice("a signal of watch", signal, known)
        require_choice(f"watch[{signal!r}]", direction, DIRECTIONS)
    return {**_WATCH, **(watch or {})}


def _windows(cutoff: int, window: float | str, baseline: float | str, last: int, observation_end: Day) -> Windows:
    given = end_day(observation_end)
    end = last if given is None else given
    if cutoff > end + 1:
        raise InputError(
            f"cutoff must be {date_of(end + 1)} or earlier: the days up to {date_of(cutoff - 1)} are not observed. If "
            "the log does reach that far and is only silent, name its end with observation_end=."
        )
    recent = lookback_start(cutoff, window)
    return Windows(lookback_start(recent, baseline), recent, cutoff)


def _read_contacts(contacts: Any, log: EagerFrame, keys: nw.Series[Any], date: str) -> tuple[Codes, Codes]:
    """Return whose each contact is, -1 for who is no customer yet, and its day."""
    opened, _ = to_eager(contacts, "contacts", "early_warnings")
    require_one_library({"log": log, "contacts": opened})
    require_columns(opened, [keys.name, date], what="contacts")
    require_some(len(opened), "contacts")
    require_ids(keys.name, {"log": log, "contacts": opened})
    ids, dates = opened.get_column(keys.name), without_zone(opened.get_column(date))
    require_dates(dates.dtype, date, objects=True)
    require_present(dates, "Leave such rows out.")
    require_present(ids, "A contact of nobody tells nothing: leave it out.")
    position = {key: code for code, key in enumerate(keys.to_list())}
    who = np.array([position.get(key, -1) for key in ids.to_list()], dtype=np.int64)
    return who, day_numbers(dates).astype(np.int64)


def _judge(
    signal: Signal, windows: Windows, direction: str, q: float, interval: float, common_trend: bool
) -> dict[str, Floats]:
    """Test each customer with a baseline against it."""
    length = float(windows.cutoff - windows.recent)
    seen = signal.days > 0
    x, y, days = signal.recent[seen], signal.baseline[seen], signal.days[seen]
    trend = _trend(x, y, days, length) if common_trend else 1.0
    # Customers with the same counts and days are one test.
    cases, of_case = np.unique(np.column_stack([x, y, days]), axis=0, return_inverse=True)
    x, y, days = cases.T
    share = length * trend / (length * trend + days)
    informing, before = x / signal.dispersion, y / signal.dispersion
    tested = least_p_values(informing + before, share, direction) <= q
    ratio, ratio_lower, ratio_upper = rate_ratio(informing, before, share, interval)
    limit_lower, limit_upper = control_limits(y, share, interval, signal.dispersion)
    found = {
        "expected": y / days * length * trend,
        "limit_lower": limit_lower,
        "limit_upper": limit_upper,
        "rate_ratio": ratio,
        "rate_ratio_lower": ratio_lower,
        "rate_ratio_upper": ratio_upper,
        "p_value": np.where(tested, rate_p_values(informing, before, share, direction), np.nan),
    }
    made = {}
    for name, values in found.items():
        made[f"{signal.name}_{name}"] = np.full(seen.size, np.nan)
        made[f"{signal.name}_{name}"][seen] = values[of_case]
    return made


def _trend(x: Floats, y: Floats, days: Floats, length: float) -> float:
    """Return what all customers with a baseline as long as the window did, over what their baselines lead to expect."""
    whole = days >= length
    expected = float((np.sort(y[whole] / days[whole]) * length).sum())
    return float(x[whole].sum()) / expected if expected > 0 and x[whole].any() else 1.0


def _as_frame(
    keys: nw.Series[Any], signals: list[Signal], made: dict[str, Floats], q: float, like: EagerFrame
) -> EagerFrame:
    n = len(keys)
    columns: dict[str, Column] = {keys.name: keys}
    said: list[list[str]] = [[] for _ in range(n)]
    tested, beyond = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)
    for signal in signals:
        name, x = signal.name, signal.recent
        of = {key.removeprefix(f"{name}_"): values for key, values in made.items() if key.startswith(f"{name}_")}
        columns[f"{name}_recent"] = x.astype(np.int64)
        for key in ("expected", "limit_lower", "limit_upper", "rate_ratio", "rate_ratio_lower", "rate_ratio_upper",
                    "p_value", "p_adjusted"):  # fmt: skip
            whole = key.startswith("limit")
            columns[f"{name}_{key}"] = whole_numbers(of[key], np.isnan(of[key]), like) if whole else of[key]
        tested |= ~np.isnan(of["p_value"])
        beyond |= (x < of["limit_lower"]) | (x > of["limit_upper"])
        for row in np.flatnonzero(of["p_adjusted"] <= q):
            way = "fewer" if x[row] < of["expected"][row] else "more"
            said[row].append(
                f"{way} {name}: {x[row]:.0f} days in the window, {of['expected'][row]:.1f} expected "
                f"(limits {of['limit_lower'][row]:.0f} to {of['limit_upper'][row]:.0f})"
            )
    quiet = np.where(tested, np.where(beyond, _BEYOND, _WITHIN), _SHORT)
    columns["warning"] = np.array([bool(reasons) for reasons in said], dtype=np.bool_)
    columns["warning_reason"] = np.array(
        ["; ".join(reasons) or str(otherwise) for reasons, otherwise in zip(said, quiet, strict=True)], dtype=object
    )
    return make_frame(columns, like)
