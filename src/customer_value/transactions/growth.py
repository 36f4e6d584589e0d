"""Growth of revenue, split into customers, how often they buy, and what an order brings."""

from __future__ import annotations

from typing import cast

import numpy as np

from customer_value._frames import Column, FrameT
from customer_value._units import Day, Grain
from customer_value.transactions._period_frames import PeriodRefunds
from customer_value.transactions._window_log import WindowLog, WindowRequest, read_window_log
from customer_value.transactions._window_pairs import Counts, Floats, window_pairs

_FACTORS = ("customers", "orders_per_customer", "value_per_order")
_EFFECTS = ("customers_effect", "frequency_effect", "value_effect")
_WINDOWS = ("before", "after")
_TAKEN = frozenset(
    {"period", "period_end", "revenue_change", *_EFFECTS, "window", "observation_end", "time_unit"}
    | {f"{name}_{window}" for name in ("revenue", *_FACTORS) for window in _WINDOWS}
)
_HALF_A_CENT, _EXACT = 0.005, 1e-14


def growth_decomposition(
    log: FrameT,
    *,
    observation_end: Day,
    observation_start: Day | None = None,
    period: Grain = "month",
    window: str = "12 months",
    by: str | None = None,
    customers: FrameT | None = None,
    refunds: PeriodRefunds = "net",
    year_start: str = "01-01",
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str = "amount",
    order_id: str | None = "order_id",
) -> FrameT:
    """Split the change of revenue into more customers, more orders of each, and more value of an order.

    Revenue is customers x orders per customer x value per order; customers_effect + frequency_effect + value_effect
    is the change, to the cent.

    Parameters
    ----------
    log
        One row per transaction.
    observation_end, observation_start
        Last and first day observed, as in `revenue_bridge`.
    period, window
        As in `revenue_bridge`: two windows of the same length, trailing twelve months by default, at the end of each
        whole period; ``"period"`` compares each period with the one before.
    by, customers
        An attribute of customers to split by, as in `revenue_bridge`. The split of all customers is not the sum of the
        groups' splits: a change of the mix of groups shows as frequency and value there.
    refunds
        As in `cohort_table`. Refunds lower the value of an order; they are no orders.
    year_start
        Month and day on which fiscal years begin, for quarters and years.
    customer_id, date, amount, order_id
        Names of the log's columns. Orders are distinct `order_id`, where there are any, else rows of the log that are
        no refunds: a log of products in baskets needs its order.

    Returns
    -------
    FrameT
        A frame of the same library (of pyarrow for an engine), sorted, with one row per period (and group):

        - `period`; the `by` column; `period_end`;
        - `revenue_before`, `revenue_after` of both windows, and `revenue_change`;
        - `customers_before`, `customers_after`: those who bought; `orders_per_customer_before`, ``_after``;
          `value_per_order_before`, ``_after``: null where nobody bought;
        - `customers_effect`, `frequency_effect`, `value_effect`: the change, split;
        - `window`, `observation_end`, `time_unit`.

    Raises
    ------
    InputError
        As `revenue_bridge`.

    Warns
    -----
    DataWarning
        As `revenue_bridge`.

    Notes
    -----
    The three are changed one after the other, and a factor's effect is the mean of what its own change does over all
    six orders in which that can be done: the Shapley value (J. Albrecht, D. François and K. Schoors, 2002, *Energy
    Policy* 30, 727-736). It adds up without a rest, and, unlike logarithmic means, it holds for revenue of 0 and below
    too. Where nobody bought in one of the windows there is no frequency and no value to compare: all of the change is
    that of the customers. Where there are refunds in such a window the effects are null.

    Relational up to sums by customer and period, which are collected once. A lazy polars frame goes back lazy.

    Examples
    --------
    >>> import customer_value as cv
    >>> log = cv.datasets.load_cdnow(sample=True)
    >>> growth = cv.growth_decomposition(log, observation_end="1998-06-30", period="quarter", window="6 months")
    >>> growth[["period", "revenue_change", "customers_effect", "frequency_effect", "value_effect"]].round(2)
       period  revenue_change  customers_effect  frequency_effect  value_effect
    0  1997Q4       -91031.66        -130950.91          35655.11       4264.14
    1  1998Q1        -7621.09         -11747.14           2796.78       1329.27
    2  1998Q2       -12229.46          -8956.38          -3056.20       -216.88
    """
    request = WindowRequest(
        *(observation_end, observation_start, period, window, by, customers, refunds, year_start),
        *(customer_id, date, amount, order_id),
    )
    read = read_window_log(log, request, caller="growth", taken=_TAKEN)
    return cast("FrameT", read.frame(_columns(read)))


def shapley_effects(before: Floats, after: Floats) -> Floats:
    """Split the change of a product of three factors (rows) among them.

    Of the six orders in which factors can change, one has both others as before in two, both as after in two, and
    each of the others changed alone in one.
    """
    others = [(1, 2), (0, 2), (0, 1)]
    weights = np.stack(
        [
            (before[j] * before[k] + after[j] * after[k]) / 3 + (before[j] * after[k] + after[j] * before[k]) / 6
            for j, k in others
        ]
    )
    effects: Floats = (after - before) * weights
    return effects


def _columns(read: WindowLog) -> dict[str, Column]:
    ticks, buyers, orders = _sums(read)
    revenue = read.rows.money(ticks)
    with np.errstate(invalid="ignore", divide="ignore"):
        factors = np.stack([buyers.astype(np.float64), orders / buyers, revenue / orders])
    factors[:, buyers == 0] = np.nan
    # A factor that one window does not have is held at that of the other.
    held = np.where(np.isnan(factors), np.nan_to_num(factors[:, ::-1]), factors)
    held[0] = buyers
    effects = shapley_effects(held[:, 0], held[:, 1])
    effects[:, ((buyers == 0) & (ticks != 0)).any(axis=0)] = np.nan
    change = read.rows.money(ticks[1] - ticks[0])
    _require_sum(effects, change, revenue)
    columns: dict[str, Column] = {}
    for name, values in zip(("revenue", *_FACTORS), (revenue, buyers, *factors[1:]), strict=True):
        columns |= {f"{name}_{window}": values[i] for i, window in enumerate(_WINDOWS)}
        if name == "revenue":
            columns["revenue_change"] = change
    return columns | dict(zip(_EFFECTS, effects, strict=True))


def _sums(read: WindowLog) -> Counts:
    """Revenue in ticks, customers who bought and their orders: measure x window x (end and group)."""
    group, n = read.rows.group, read.n_groups
    cells = []
    for pair in window_pairs(read.rows, read.ends):
        measures = (
            (pair.before, pair.after),
            (pair.bought_before, pair.bought_after),
            (pair.orders_before, pair.orders_after),
        )
        cells.append([[np.bincount(group, values, n) for values in windows] for windows in measures])
    return np.concatenate(np.array(cells), axis=-1).astype(np.int64)


def _require_sum(effects: Floats, change: Floats, revenue: Floats) -> None:
    """Raise unless the effects add up to the change, to half a cent and to what floats hold of the revenue."""
    off = np.abs(effects.sum(axis=0) - change) > _HALF_A_CENT + _EXACT * np.abs(revenue).sum(axis=0)
    if off.any():
        raise RuntimeError(f"the effects on revenue do not add up to its change in {np.count_nonzero(off)} rows.")
