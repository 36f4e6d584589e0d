"""The columns of `purchase_rhythm` from each customer's gaps and the population's, in arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from customer_value._units import units_per_grain
from customer_value.transactions._periods import in_ruler, start_of
from customer_value.transactions._rhythm_forecast import Rhythm, gap_trend
from customer_value.transactions._rhythm_gaps import Floats, GapArrays
from customer_value.transactions._rhythm_population import (
    by_value,
    gap_prior,
    own_log2_shapes,
    shape_shares,
)
from customer_value.transactions.rhythm_population import RhythmPopulation

BASES = ("own", "shrunk", "population")
OWN = 0.8  # weight of a customer's own gaps from which they alone are said to speak

_LAST_DAY = 2_932_896  # 9999-12-31
_BEYOND = 4e6  # periods past every calendar's end


def estimate_population(gaps: GapArrays, grain: str, end_period: int) -> RhythmPopulation:
    """Estimate how gaps differ between customers."""
    order = by_value(gaps, end_period)
    shares = shape_shares(gaps, order)
    gap, weight, leaving = gap_prior(gaps, shares, order, end_period)
    days = gap * units_per_grain(grain, "day")
    return RhythmPopulation(days, weight, leaving, tuple(shares.tolist()), grain, int(gaps.count.size))


def own_columns(gaps: GapArrays, grain: str, time_unit: str) -> dict[str, Any]:
    """Return what a customer's own gaps say; NaN where there are too few."""
    n, total = gaps.count, gaps.total
    some, several = n > 0, n > 1
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(some, total / n, np.nan)
        # In whole numbers up to the division, so that equal gaps vary by exactly 0.
        variance = (n * gaps.squares - total**2) / (n * (n - 1.0))
        variation = np.where(several, np.sqrt(variance) / mean, np.nan)
    ratio, p_value = gap_trend(gaps)
    ruled = {"mean_gap": mean, "median_gap": gaps.median, "last_gap": gaps.last_gap.astype(np.float64)}
    return {
        **{name: in_ruler(np.where(some, gap, np.nan), grain, time_unit) for name, gap in ruled.items()},
        "gap_cv": variation,
        "gap_trend": ratio,
        "trend_p_value": p_value,
    }


def forecast_columns(
    gaps: GapArrays,
    known: RhythmPopulation | None,
    *,
    grain: str,
    time_unit: str,
    end_period: int,
    interval: float | None,
) -> dict[str, Any]:
    """Return what own gaps and the population's say together; `rhythm_basis` is a code into `BASES`, -1 for none."""
    dates = {"due_date": None, "next_purchase": 0.5}
    if interval is not None:
        dates |= {"next_purchase_lower": (1 - interval) / 2, "next_purchase_upper": (1 + interval) / 2}
    n = gaps.count
    if known is None:
        numbers = ("usual_gap", "own_weight", "rhythm_basis", "regularity", "overdue_ratio", "silence_probability")
        nothing = dict.fromkeys(numbers, np.full(n.size, np.nan)) | {"rhythm_basis": np.full(n.size, -1)}
        return nothing | dict.fromkeys(dates, np.full(n.size, np.datetime64("NaT", "D")))
    shape: Floats = np.exp2(own_log2_shapes(n, gaps.total, gaps.logs, np.array(known.shapes)))
    weight: Floats = known.weight + n * shape
    rate: Floats = known.weight * known.gap / units_per_grain(grain, "day") + shape * gaps.total
    rhythm = Rhythm(weight, shape, rate, (end_period - gaps.last_period).astype(np.float64))
    usual, share = rhythm.usual_gap, n * shape / weight
    waits = {
        name: np.maximum(np.rint(usual), 1) if chance is None else rhythm.next_gap(chance)
        for name, chance in dates.items()
    }
    return {
        "usual_gap": in_ruler(usual, grain, time_unit),
        "own_weight": share,
        "rhythm_basis": np.where(share >= OWN, 0, np.where(n > 0, 1, 2)),
        "regularity": 1 / (1 + 1 / np.sqrt(shape)),
        "overdue_ratio": rhythm.silence / usual,
        "silence_probability": rhythm.outlasts(),
        **{
            name: _dates(gaps.last_period + wait, grain, last=name == "next_purchase_upper")
            for name, wait in waits.items()
        },
    }


def _dates(periods: Floats, grain: str, *, last: bool = False) -> np.ndarray[Any, np.dtype[np.datetime64]]:
    """First day of each period, or its last one; missing beyond the calendar's end."""
    reachable = periods < _BEYOND
    whole = np.where(reachable, periods, 0).astype(np.int64)
    days = np.asarray(start_of(whole + last, grain) - last)
    dates = days.astype("datetime64[D]")
    dates[~reachable | (days > _LAST_DAY)] = np.datetime64("NaT")
    return dates
