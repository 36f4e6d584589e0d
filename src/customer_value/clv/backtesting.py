"""Would it have worked? Models fitted on what was known at several dates, held against what came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from customer_value._frames import FrameT, as_given, collect, make_frame, nw, open_frame
from customer_value._units import DAYS, TIME_UNITS, Day, TimeUnit, date_of, day_number, in_units
from customer_value._validation import require_choice
from customer_value.clv._base import PurchaseModel
from customer_value.clv._spend import SpendModel
from customer_value.clv.comparison import compare_models
from customer_value.errors import InputError
from customer_value.transactions._log import LogRules, log_columns, read_log
from customer_value.transactions._periods import Days
from customer_value.transactions.holdout import summarize_holdout
from customer_value.transactions.summary import summarize_customers


def backtest(
    log: FrameT,
    models: Mapping[str, PurchaseModel],
    *,
    cutoffs: Sequence[Day],
    horizon: float | str,
    spend_model: SpendModel | None = None,
    time_unit: TimeUnit = "week",
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str = "amount",
) -> FrameT:
    """Fit models at several cutoffs on what was known then, and compare their forecasts with what came.

    Eager; a lazy log is collected once.

    Parameters
    ----------
    log
        One row per transaction.
    models
        Purchase models by name; each is fitted anew at every cutoff, on a copy.
    cutoffs
        First days of the future: rows before a cutoff are known, rows from it on are not.
    horizon
        Length of each forecast: a number of time units, or a text such as ``"3 months"``; rounded to whole days.
    spend_model
        Spend model, fitted anew at every cutoff; adds the errors of value.
    time_unit
        Ruler of the summaries.
    customer_id, date, amount
        Names of the log's columns.

    Returns
    -------
    The rows of `compare_models` for each cutoff, with the columns cutoff, horizon (time units) and customers (known at
    the cutoff) before them.

    Raises
    ------
    InputError
        A cutoff leaves nothing to fit on, or the log ends before its horizon does (the message says by how much).

    Examples
    --------
    >>> import customer_value as cv
    >>> log = cv.datasets.load_cdnow(sample=True)
    >>> board = cv.clv.backtest(log, {"BG/NBD": cv.clv.BGNBD()}, cutoffs=["1997-10-01", "1998-01-01"],
    ...                         horizon="3 months")
    >>> shown = ["model", "customers", "expected_purchases", "observed_purchases"]
    >>> board.set_index("cutoff")[shown].iloc[[0, 3]].round(1)
                 model  customers  expected_purchases  observed_purchases
    cutoff
    1997-10-01  BG/NBD       2357               628.0               726.0
    1998-01-01  BG/NBD       2357               613.4               660.0
    """
    opened = open_frame(log, "log")
    columns = log_columns(opened, customer_id, date, amount)
    require_choice("time_unit", time_unit, TIME_UNITS)
    length = round(in_units(horizon, time_unit) * DAYS[time_unit])
    if length < 1:
        raise InputError(f"horizon must be at least a day; got {horizon!r}.")
    rows = collect(opened)
    days = read_log(rows, columns, LogRules()).days
    firsts = _read_cutoffs(cutoffs, days, length)
    boards = []
    for first in firsts:
        known, later = days < first, (days >= first) & (days < first + length)
        summary = summarize_customers(
            rows[np.flatnonzero(known)].to_native(),
            observation_end=date_of(first - 1),
            time_unit=time_unit,
            regularity=True,
            customer_id=customer_id,
            date=date,
            amount=amount,
            order_id=None,
        )
        seen = summarize_holdout(
            rows[np.flatnonzero(later)].to_native(),
            customers=summary,
            observation_end=date_of(first + length - 1),
            customer_id=customer_id,
            date=date,
            amount=amount,
        )
        board = nw.from_native(
            compare_models(summary, models, holdout=seen, spend_model=spend_model, customer_id=customer_id),
            eager_only=True,
        )
        told = make_frame(
            {
                "cutoff": np.full(len(board), np.datetime64(date_of(first))),
                "horizon": np.full(len(board), length / DAYS[time_unit]),
                "customers": np.full(len(board), len(summary)),
            },
            opened,
        )
        boards.append(nw.concat([told, board], how="horizontal"))
    result: FrameT = as_given(nw.maybe_reset_index(nw.concat(boards, how="diagonal")), opened)
    return result


def _read_cutoffs(cutoffs: Sequence[Day], days: Days, length: int) -> list[int]:
    """Day numbers of the cutoffs, each with rows before it and a log that lasts to the end of its horizon."""
    dates = [] if isinstance(cutoffs, (str, bytes)) or not np.iterable(cutoffs) else list(cutoffs)
    if not dates:
        raise InputError(f"cutoffs must be a list of dates, such as ['1998-01-01']; got {cutoffs!r}.")
    firsts = [day_number(cutoff, "cutoffs") for cutoff in dates]
    start, end = int(days.min()), int(days.max())
    for first in firsts:
        if first <= start:
            raise InputError(f"cutoff {date_of(first)} leaves nothing to fit on: the log begins on {date_of(start)}.")
        if (missing := first + length - 1 - end) > 0:
            raise InputError(
                f"cutoff {date_of(first)} leaves no full holdout: {length} days run to {date_of(first + length - 1)}, "
                f"and the log ends on {date_of(end)}, {missing} days too early. Take an earlier cutoff or a shorter "
                "horizon."
            )
    return firsts
