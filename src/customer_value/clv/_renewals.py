"""From frames to what contract models need: a renewal table checked and summed by period, customers under contract."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from customer_value._frames import EagerFrame
from customer_value._validation import (
    LARGEST,
    float_array,
    numeric_column,
    require_columns,
    require_ids,
    require_rows,
    require_some,
)
from customer_value.clv._rows import Floats
from customer_value.errors import InputError

RENEWALS_MAKER = "summarize_renewals(subscriptions, observation_end=...) makes them"
CONTRACTS_MAKER = "summarize_contracts(subscriptions, observation_end=...) makes them"
_COUNTS = ("period", "at_risk", "lost")


@dataclass(frozen=True)
class Renewals:
    """A renewal table as a likelihood sees it: what happened at each period, over all cohorts."""

    period: Floats
    lost: Floats
    renewed: Floats
    customers: float
    cohorts: int


def read_renewals(frame: EagerFrame, weights: object) -> Renewals:
    """Check a renewal table and add its cohorts up by period.

    The sum over a cohort of lost(t) ln P(T = t), and of those still there times ln S, is the sum over its periods of
    lost ln(1 - r) + (at_risk - lost) ln r: with P(T = t) = S(t-1) (1 - r(t)) and S(t) = r(1) ... r(t), each customer's
    term is the product of his own rates. It needs every customer to be at risk in each period up to his last one,
    which the rules see to; then cohorts that differ in length need nothing more.
    """
    require_columns(frame, _COUNTS, what="renewal table", maker=RENEWALS_MAKER)
    require_some(len(frame), "renewal table")
    period, at_risk, lost = (_counts(frame, name) for name in _COUNTS)
    censored = _counts(frame, "censored") if "censored" in frame.columns else np.zeros_like(lost)
    cohort = _cohorts(frame)
    _check_balance(cohort, period, at_risk, lost, censored)
    counts = _weights(frame, weights)
    number = period.astype(np.intp)
    lost, renewed = (np.bincount(number, of * counts)[1:].astype(np.float64) for of in (lost, at_risk - lost))
    some = np.flatnonzero(lost + renewed > 0)
    customers = float((at_risk * counts)[period == 1].sum())
    return Renewals(some.astype(np.float64) + 1, lost[some], renewed[some], customers, int(cohort.max()) + 1)


def _counts(frame: EagerFrame, name: str) -> Floats:
    values = numeric_column(frame, name, what="renewal table")
    low = 1 if name == "period" else 0
    remedy = {
        "period": "1 is the first renewal.",
        "at_risk": "Of shares make customers: 63.1 % are 631 of 1,000.",
    }.get(name, "")
    require_rows(values == np.floor(values), f"{name} must be a whole number", remedy)
    require_rows(values >= low, f"{name} must be {low} or above", remedy if name == "period" else "")
    require_rows(values < LARGEST, f"{name} must be below {LARGEST:.0e}")
    return values


def _cohorts(frame: EagerFrame) -> NDArray[np.intp]:
    """Return the number of each row's cohort."""
    if "cohort" not in frame.columns:
        return np.zeros(len(frame), dtype=np.intp)
    require_ids("cohort", {"renewal table": frame})
    column = frame.get_column("cohort")
    require_rows(~np.asarray(column.is_null().to_numpy(), dtype=bool), "cohort must not be null")
    return np.unique(column.to_numpy(), return_inverse=True)[1]


def _check_balance(cohort: NDArray[np.intp], period: Floats, at_risk: Floats, lost: Floats, censored: Floats) -> None:
    """Raise unless each cohort runs through its periods from 1 on, and accounts for all of its customers."""
    require_rows(lost <= at_risk, "lost must be <= at_risk")
    require_rows(
        lost + censored <= at_risk, "censored must be <= at_risk - lost", "It counts customers who renewed, last seen."
    )
    order = np.lexsort((period, cohort))
    now, before = order[1:], order[:-1]
    follows = cohort[now] == cohort[before]

    def check(ok: NDArray[np.bool_], rows: NDArray[np.intp], rule: str, remedy: str) -> None:
        in_rows = np.ones(period.size, dtype=bool)
        in_rows[rows] = ok
        require_rows(in_rows, rule, remedy)

    check(
        ~follows | (period[now] > period[before]), now, "period must come once in each cohort",
        "Name the cohorts in a column cohort, or add their rows up.",
    )  # fmt: skip
    first = np.ones(period.size, dtype=bool)
    first[1:] = ~follows
    check(
        ~first | (period[order] == 1), order, "period must start at 1, the first renewal, in each cohort",
        "Add the earlier periods: those who left in them tell most.",
    )  # fmt: skip
    check(
        ~follows | (period[now] == period[before] + 1), now, "period must not skip a number within its cohort",
        "A period without losses is a row too, with lost = 0.",
    )  # fmt: skip
    kept = at_risk[before] - lost[before] - censored[before]
    check(
        ~follows | (at_risk[now] <= kept), now, "at_risk must not exceed the period before's at_risk - lost",
        "Nobody comes back into his cohort: count a customer who returns as lost, and as a new one from then on.",
    )  # fmt: skip
    check(
        ~follows | (at_risk[now] == kept), now, "at_risk must be the period before's at_risk - lost",
        "Customers whose next renewal is not due yet, so that they are no longer at risk, go into a column censored of "
        "the last period that they renewed in.",
    )  # fmt: skip


def _weights(frame: EagerFrame, weights: object) -> Floats:
    """Return how many cohorts each row stands for."""
    if weights is None:
        return np.ones(len(frame))
    if isinstance(weights, str):
        counts = numeric_column(frame, weights, what="renewal table")
    else:
        counts = float_array(weights, "weights")
        if counts.size != len(frame):
            raise InputError(f"weights must have one number for each of the {len(frame)} rows; got {counts.size}.")
    require_rows(np.isfinite(counts) & (counts >= 0), "weights must be 0 or above and finite")
    if not counts.any():
        raise InputError("weights must not all be 0: there is no customer left to fit.")
    return counts


def customers_under_contract(frame: EagerFrame) -> tuple[Floats, Floats, Floats]:
    """Return each customer's renewals made, time to the next one (a share of a period) and whether he is a customer."""
    require_columns(frame, ["renewals"], what="summary", maker=CONTRACTS_MAKER)
    require_some(len(frame), "summary")
    renewals = numeric_column(frame, "renewals", what="summary")
    require_rows(renewals == np.floor(renewals), "renewals must be a whole number: it counts renewals made so far")
    require_rows((renewals >= 0) & (renewals < LARGEST), f"renewals must be 0 or above and below {LARGEST:.0e}")
    wait = np.zeros(len(frame))
    if "time_to_renewal" in frame.columns:
        wait = numeric_column(frame, "time_to_renewal", what="summary")
        require_rows(
            (wait >= 0) & (wait <= 1), "time_to_renewal must be from 0 to 1",
            "It counts periods of the model until the next renewal is due.",
        )  # fmt: skip
    return renewals, wait, _active(frame)


def _active(frame: EagerFrame) -> Floats:
    if "active" not in frame.columns:
        return np.ones(len(frame))
    column = frame.get_column("active")
    if str(column.dtype) != "Boolean":
        raise InputError(f"active must be true or false in every row; its type is {column.dtype}.")
    missing = np.asarray(column.is_null().to_numpy(), dtype=bool)
    require_rows(~missing, "active must be true or false in every row")
    return np.asarray(column.to_numpy(), dtype=np.float64)
