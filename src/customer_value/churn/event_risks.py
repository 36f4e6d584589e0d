"""How much likelier customers leave after an event: a complaint, a price change, an outage."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, cast

import numpy as np

from customer_value._frames import Column, EagerFrame, FrameT, make_frame, nw, to_eager, without_zone
from customer_value._stats.intervals import newcombe_interval, normal_quantile
from customer_value._stats.multiple import benjamini_hochberg
from customer_value._validation import number, require_choice, require_columns, require_ids, require_rows, require_some
from customer_value.churn._feature_columns import Bools, Codes, read_feature
from customer_value.churn._risk_ratios import equal_risks_p_value, pooled_ratio, ratio_interval
from customer_value.churn._windows import lookback_start
from customer_value.errors import InputError
from customer_value.transactions._ids import id_labels
from customer_value.transactions._log import require_one_library, require_present
from customer_value.transactions._periods import Days, day_numbers, require_dates

_FEWEST_EXPECTED = 5.0  # leavers or stayers in a group, for a chi-square to be trusted
_MAKER = "churn_labels(log, cutoff=..., horizon=...) makes labels"
_NO_NULL = "Leave such rows out."


class _Rows(NamedTuple):
    """Labelled rows: whose they are, their cutoff, whether the customer left, and the stratum."""

    customers: Codes
    cutoffs: Codes
    left: Bools
    strata: Codes


def event_risk(
    labels: FrameT,
    *,
    events: FrameT,
    event: str | None = "event",
    lookback: float | str = "90 days",
    strata: str | None = None,
    unlabelled: Literal["error", "drop"] = "error",
    interval: float = 0.95,
    outcome: str = "churned",
    cutoff: str = "cutoff",
    customer_id: str = "customer_id",
    date: str = "date",
) -> FrameT:
    """Compare the risk of leaving after an event with that of customers without one. Collects once.

    Whether a customer had the event is decided by the time before his cutoff, whether he left by the time after it. So
    nobody counts as exposed because he stayed long enough to meet the event (immortal time), and no complaint counts
    that was part of leaving.

    Parameters
    ----------
    labels
        One row per customer and cutoff with its outcome, as `churn_labels` or `churn_snapshots` give.
    events
        One row per event: the customer, its date, and what kind it was. Customers who are not among the labels, and
        events outside the lookback, are not used.
    event
        Column of `events` with the kind; None takes all rows as one kind, "any event".
    lookback
        How long before the cutoff an event may lie, such as ``"90 days"``: it counts within
        [cutoff - lookback, cutoff).
    strata
        Column of `labels` within whose values customers are compared, such as a tenure band or a plan. New customers
        may complain more and leave more; the adjusted ratio is free of that.
    unlabelled
        What becomes of rows with a null outcome: "error", or "drop".
    interval
        Coverage of the intervals.
    outcome, cutoff
        Columns of `labels`: true and false, or 1 and 0; and the cutoff's date.
    customer_id, date
        Names of these columns in both frames and in `events`.

    Returns
    -------
    FrameT
        One row per kind of event, sorted by the evidence (`p_value`), then by name:

        - `event`;
        - `exposed`, `unexposed`: rows with and without such an event; `share_exposed`;
        - `risk_exposed`, `risk_unexposed`: share that left;
        - `relative_risk`, the first over the second, with `relative_risk_lower` and `relative_risk_upper`; infinite
          where only the exposed left, null where nobody did or a group is empty;
        - `risk_difference`, `risk_difference_lower`, `risk_difference_upper`;
        - `excess_losses`: how many exposed rows left beyond what the risk of the others would give;
        - `p_value` of equal risks, and `p_adjusted` for the false discovery rate over all kinds;
        - with `strata`: `adjusted_relative_risk` and its `_lower` and `_upper`;
        - `note`: "few cases" where fewer than five leavers or stayers are expected in a group, so that the p-value and
          the ratio's interval are rough; empty otherwise.

    Raises
    ------
    InputError
        If a column is missing or of a wrong type, keys or dates are null, the outcome is not true or false, rows
        without an outcome are not allowed, or a frame is empty.

    Notes
    -----
    The ratio's interval is the score interval of P. A. R. Koopman (1984), *Biometrics* 40, 513-517, and the p-value
    inverts it (Pearson's chi-square); the difference's interval is method 10 of R. G. Newcombe (1998), *Statistics in
    Medicine* 17, 873-890; the adjusted ratio is the Mantel-Haenszel one with the variance of S. Greenland and J. M.
    Robins (1985), *Biometrics* 41, 55-68; p-values are adjusted after Benjamini and Hochberg (1995).

    A customer with several cutoffs is no two customers. Where customers repeat, variances of the log ratio and of the
    difference are also taken from sums per customer; by how much they exceed those of independent rows (the design
    effect) the counts that go into the intervals are reduced.

    This is association: customers who meet an event may differ in more than that. `strata` takes out what you know of.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> labels = pd.DataFrame({"customer_id": range(120), "cutoff": pd.Timestamp("2026-01-01"),
    ...                        "churned": [True] * 36 + [False] * 4 + [True] * 16 + [False] * 64})
    >>> events = pd.DataFrame({"customer_id": range(40), "date": pd.Timestamp("2025-12-01"), "event": "complaint"})
    >>> risk = cv.churn.event_risk(labels, events=events)
    >>> risk[["event", "risk_exposed", "risk_unexposed", "relative_risk"]]
           event  risk_exposed  risk_unexposed  relative_risk
    0  complaint           0.9             0.2            4.5
    >>> risk[["relative_risk_lower", "relative_risk_upper"]].round(2)
       relative_risk_lower  relative_risk_upper
    0                 2.94                 7.15
    """
    require_choice("unlabelled", unlabelled, ("error", "drop"))
    interval = number(interval, "interval", low=0, high=1, open_ends=True)
    opened, back = to_eager(labels, "labels", "event_risk")
    happened, _ = to_eager(events, "events", "event_risk")
    require_one_library({"labels": opened, "events": happened})
    used = [customer_id, cutoff, outcome, *([] if strata is None else [strata])]
    require_columns(opened, used, what="labels", maker=_MAKER)
    require_columns(happened, [customer_id, date, *([] if event is None else [event])], what="events")
    require_some(len(happened), "events")
    require_ids(customer_id, {"labels": opened, "events": happened})
    kept = _labelled(opened, outcome, unlabelled)
    rows, known = _read_labels(kept, customer_id, cutoff, outcome, strata, happened)
    starts = _starts(rows.cutoffs, lookback)
    days = _days(happened, date)
    made = []
    for name, of_kind in _kinds(happened, event):
        exposed = _had_event(rows, starts, known[of_kind], days[of_kind])
        made.append({"event": name, **_compare(rows, exposed, interval, adjusted=strata is not None)})
    return cast("FrameT", back(_as_frame(made, opened)))


def _labelled(labels: EagerFrame, outcome: str, unlabelled: str) -> EagerFrame:
    require_some(len(labels), "labels")
    missing = np.asarray(labels.get_column(outcome).is_null().to_numpy(), dtype=np.bool_)
    if unlabelled == "error":
        remedy = "Their outcome was not observed: unlabelled='drop' leaves them out."
        require_rows(~missing, f"{outcome} must not be null", remedy)
    kept = labels.filter((~missing).tolist())
    require_some(len(kept), "set of labelled rows")
    return kept


def _read_labels(
    labels: EagerFrame, customer_id: str, cutoff: str, outcome: str, strata: str | None, events: EagerFrame
) -> tuple[_Rows, Codes]:
    """Return the labelled rows, and the customer of each event by the same codes."""
    ids = labels.get_column(customer_id)
    of_events = events.get_column(customer_id)
    require_present(ids, _NO_NULL)
    require_present(of_events, "An event of nobody tells nothing: leave it out.")
    both = id_labels(nw.concat([ids.to_frame(), of_events.to_frame()]).get_column(customer_id))
    codes = np.unique(both, return_inverse=True)[1].astype(np.int64)
    left = read_feature(labels, outcome)
    if left.kind != "number":
        raise InputError(f"{outcome} must be true or false, or 1 or 0; its type is {labels.get_column(outcome).dtype}.")
    require_rows(np.isin(left.numbers, (0.0, 1.0)), f"{outcome} must be true or false, or 1 or 0")
    bands = np.zeros(len(labels), dtype=np.int64) if strata is None else read_feature(labels, strata).codes()[0]
    rows = _Rows(codes[: len(labels)], _days(labels, cutoff), left.numbers == 1, bands)
    return rows, codes[len(labels) :]


def _days(frame: EagerFrame, column: str) -> Codes:
    series = without_zone(frame.get_column(column))
    require_dates(series.dtype, column, objects=True)
    require_present(series, _NO_NULL)
    days: Days = day_numbers(series)
    return days.astype(np.int64)


def _starts(cutoffs: Codes, lookback: float | str) -> Codes:
    """Return the first day of the lookback of each row."""
    distinct, of_row = np.unique(cutoffs, return_inverse=True)
    starts: Codes = np.array([lookback_start(int(day), lookback) for day in distinct], dtype=np.int64)[of_row]
    return starts


def _kinds(events: EagerFrame, event: str | None) -> list[tuple[str, Bools]]:
    """Return each kind of event with the rows that are of it."""
    if event is None:
        return [("any event", np.ones(len(events), dtype=np.bool_))]
    read = read_feature(events, event)
    codes, n = read.codes()
    firsts = [int(np.flatnonzero(codes == code)[0]) for code in range(n)]
    names = [read.shown(float(read.numbers[first])) for first in firsts]
    return [(name, codes == code) for code, name in enumerate(names)]


def _had_event(rows: _Rows, starts: Codes, customers: Codes, days: Codes) -> Bools:
    """Tell for each row whether its customer has an event within the lookback."""
    first, last = min(int(starts.min()), int(days.min())), max(int(rows.cutoffs.max()), int(days.max()))
    span = last - first + 1
    keys = np.sort(customers * span + (days - first))
    before, upto = (np.searchsorted(keys, rows.customers * span + (at - first)) for at in (starts, rows.cutoffs))
    return np.asarray(upto > before)


def _compare(rows: _Rows, exposed: Bools, interval: float, *, adjusted: bool) -> dict[str, Any]:
    n, m = float(exposed.sum()), float((~exposed).sum())
    x, y = float((rows.left & exposed).sum()), float((rows.left & ~exposed).sum())
    p, q = (x / n if n else np.nan), (y / m if m else np.nan)
    of_ratio, of_difference = _design_effects(rows, exposed)
    lower, upper = ratio_interval(x / of_ratio, n / of_ratio, y / of_ratio, m / of_ratio, interval)
    scaled = [count / of_difference for count in (x, n, y, m)]
    from_, to = newcombe_interval(*scaled, interval=interval)
    all_left, all_stayed = (x + y) / (n + m), 1 - (x + y) / (n + m)
    few = min(n, m) * min(all_left, all_stayed) < _FEWEST_EXPECTED
    compared = {
        "exposed": int(n),
        "unexposed": int(m),
        "share_exposed": n / (n + m),
        "risk_exposed": p,
        "risk_unexposed": q,
        "relative_risk": p / q if q > 0 else (np.inf if p > 0 and m else np.nan),
        "relative_risk_lower": lower,
        "relative_risk_upper": upper,
        "risk_difference": p - q,
        "risk_difference_lower": float(from_),
        "risk_difference_upper": float(to),
        "excess_losses": x - n * q,
        "p_value": equal_risks_p_value(x / of_ratio, n / of_ratio, y / of_ratio, m / of_ratio),
        "note": "few cases" if few else "",
    }
    if not adjusted:
        return compared
    size = int(rows.strata.max()) + 1
    ratio, variance = pooled_ratio(
        *(
            np.bincount(rows.strata[which], minlength=size).astype(np.float64)
            for which in (rows.left & exposed, exposed, rows.left & ~exposed, ~exposed)
        )
    )
    reach = np.exp(normal_quantile(interval) * np.sqrt(variance * of_ratio))
    compared |= {
        "adjusted_relative_risk": ratio,
        "adjusted_relative_risk_lower": ratio / reach,
        "adjusted_relative_risk_upper": ratio * reach,
    }
    return compared


def _design_effects(rows: _Rows, exposed: Bools) -> tuple[float, float]:
    """Return by how much repeated customers widen the variance of the log ratio and of the difference; 1 or above.

    Each row's share in the error is summed per customer before it is squared (Taylor linearisation); where no customer
    repeats, that gives the variances of independent rows, and 1.
    """
    customers = np.unique(rows.customers, return_inverse=True)[1]
    if customers.max() + 1 == customers.size:
        return 1.0, 1.0
    difference, log_ratio = np.zeros(customers.size), np.zeros(customers.size)
    for group, sign in ((exposed, 1.0), (~exposed, -1.0)):
        if not group.any():
            return 1.0, 1.0
        risk = rows.left[group].mean()
        share = sign * (rows.left[group] - risk) / group.sum()
        difference[group] = share
        log_ratio[group] = share / risk if risk > 0 else 0.0
    effects = []
    for shares in (log_ratio, difference):
        independent = float((shares**2).sum())
        together = float((np.bincount(customers, shares) ** 2).sum())
        effects.append(max(together / independent, 1.0) if independent > 0 else 1.0)
    return effects[0], effects[1]


def _as_frame(made: list[dict[str, Any]], like: EagerFrame) -> EagerFrame:
    p_values = np.array([row["p_value"] for row in made])
    for row, adjusted in zip(made, benjamini_hochberg(p_values), strict=True):
        row["p_adjusted"] = adjusted
    made.sort(key=lambda row: (np.nan_to_num(row["p_value"], nan=2.0), row["event"]))
    names = [name for name in made[0] if name not in ("p_adjusted", "note")]
    names[names.index("p_value") + 1 : names.index("p_value") + 1] = ["p_adjusted"]
    texts = ("event", "note")
    columns: dict[str, Column] = {
        name: np.array([row[name] for row in made], dtype=object if name in texts else None)
        for name in [*names, "note"]
    }
    return make_frame(columns, like)
