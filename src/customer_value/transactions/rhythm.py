"""The purchase rhythm: each customer's usual gap between purchases, when the next one is due, and how overdue it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from customer_value._frames import Column, EagerFrame, FrameT, engine_of, make_frame, nw, open_frame, texts, to_eager
from customer_value._units import GRAINS, TIME_UNITS, Day, Grain, TimeUnit
from customer_value._validation import interval_level, require_choice
from customer_value.errors import DataWarning, InputError, warn
from customer_value.transactions._ids import id_labels
from customer_value.transactions._log import LogColumns, LogRules, log_columns, read_log
from customer_value.transactions._periods import Days, date_literal, in_ruler, number_of, warn_cut_off
from customer_value.transactions._plan import end_day
from customer_value.transactions._refunds import nothing_bought, warn_left_out
from customer_value.transactions._rhythm_gaps import GapArrays, gap_arrays
from customer_value.transactions._summary_eager import periods_of
from customer_value.transactions.rhythm_population import RhythmPopulation

_LATE = "Leave later rows out, or choose a later observation_end."


def purchase_rhythm(
    log: FrameT,
    *,
    observation_end: Day,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str = "amount",
    grain: Grain = "day",
    time_unit: TimeUnit = "week",
    interval: float | None = 0.9,
    population: RhythmPopulation | Mapping[str, Any] | None = None,
) -> FrameT:
    """Find each customer's rhythm: usual gap, regularity, trend, the next purchase, and how overdue it is.

    A gap is the time between two consecutive purchase periods. These are those of `summarize_customers`: grain periods
    with at least one row with an amount of 0 or above. Refunds play no part.

    Parameters
    ----------
    log
        One row per transaction. Read as it is; the order of its rows does not matter.
    observation_end
        Last day observed, inclusive and whole, as a date, timestamp or ISO text; ``"last"`` is the log's own last
        date. Later rows are an error.
    customer_id, date, amount
        Names of the log's columns.
    grain
        Calendar period within which purchases merge. Weeks begin on Monday.
    time_unit
        The ruler of the gaps and of `time_since_last`.
    interval
        Coverage of the interval of the next purchase, strictly between 0 and 1, or None for none.
    population
        What customers with few purchases are shrunk to: what `fit_rhythm_population` gave for this log or an earlier
        one, or its `to_dict`. By default it is estimated from this log.

    Returns
    -------
    FrameT
        A frame of the same library, sorted by customer, one row per customer with a purchase:

        - the customer column; `purchases`, `last_date`, `time_since_last`: as in `summarize_customers`;
        - `mean_gap`, `median_gap`, `last_gap`: of the customer's own gaps, null without one;
        - `usual_gap`: **the gap to use**: own mean gap and the population's, weighted by what each is known from;
        - `own_weight`: weight of the own gaps in it, 0 to 1; `rhythm_basis`: ``"own"`` from a weight of .8 on,
          ``"shrunk"`` below, ``"population"`` for one-time buyers;
        - `gap_cv`: coefficient of variation of the own gaps, null below two; `regularity`: 1 / (1 + CV) with a CV that
          is shrunk as well: .5 for purchases by chance, 1 for clockwork;
        - `gap_trend`: factor from a gap to the next, above 1 where they get longer; `trend_p_value`: p-value of the
          claim that they do, small where the rate is falling and near 1 where it is rising. Null below three gaps;
        - `overdue_ratio`: `time_since_last` / `usual_gap`; `silence_probability`: chance that one of his gaps lasts
          longer than his silence: small where the silence is out of his rhythm;
        - `due_date`: last purchase plus `usual_gap`, in the past for who is overdue;
        - `next_purchase`, `next_purchase_lower`, `next_purchase_upper`: median and interval of the date of the next
          purchase given the silence so far, if he is still a customer; null beyond the year 9999. At coarser grains
          first days of periods, and the last day of the last one;
        - `observation_end`, `time_unit`: the ruler that travels with the frame.

    Raises
    ------
    InputError
        For missing columns, null customers, dates or amounts, infinite amounts, dates that are no dates, rows after
        `observation_end`, an empty log, a log of refunds only, unknown options, and a population of another grain.
        For engines (DuckDB, Dask, PySpark), with what to call.

    Warns
    -----
    DataWarning
        Where customers with refunds only are left out, where `observation_end` cuts the last period off, and where
        nobody bought twice and no population is given: what needs one is null then.

    Notes
    -----
    Eager; of a polars LazyFrame three columns are collected once, and it comes back lazy.

    Gaps are gamma distributed around the customer's own mean; rates differ between customers as a gamma distribution,
    and shapes as a distribution of their own, all estimated from the log (empirical Bayes). `usual_gap` is
    ``own_weight * mean_gap + (1 - own_weight) * population.gap`` with ``own_weight = n k / (weight + n k)`` for n gaps
    of shape k. It is recommended because it needs no rule for few gaps: the mean of one gap is hardly known, and the
    median of two is their mean. Nothing that happened after the last purchase enters it, so that a silence does not
    excuse itself.

    The trend is tested on the order of the completed gaps alone: Pitman (1937), *Supplement to the JRSS* 4, 225-232,
    on cube roots (Wilson & Hilferty 1931), which holds its level for regular customers as for irregular ones. See
    the theory page for the mathematics and the simulations.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> days = {"ann": ["01-05", "01-19", "02-02", "02-16"], "bob": ["01-05", "01-12", "02-09"], "eve": ["02-20"]}
    >>> log = pd.DataFrame(
    ...     [(name, pd.Timestamp(f"2026-{day}"), 10.0) for name in days for day in days[name]],
    ...     columns=["customer_id", "date", "amount"],
    ... )
    >>> rhythm = cv.purchase_rhythm(log, observation_end="2026-03-31")
    >>> rhythm[["customer_id", "mean_gap", "usual_gap", "overdue_ratio", "rhythm_basis"]].round(2)
      customer_id  mean_gap  usual_gap  overdue_ratio rhythm_basis
    0         ann       2.0       2.00           3.07          own
    1         bob       2.5       2.28           3.14       shrunk
    2         eve       NaN       2.19           2.54   population
    """
    require_choice("time_unit", time_unit, TIME_UNITS)
    level = interval_level(interval)
    known = None if population is None else _read_population(population, grain)
    customers = _read(log, LogColumns(customer_id, date, amount), observation_end, grain, "purchase_rhythm")
    if known is None:
        known = _estimate(customers)
    return cast("FrameT", customers.as_given(_rhythm_frame(customers, known, time_unit, level)))


def fit_rhythm_population(
    log: FrameT,
    *,
    observation_end: Day,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str = "amount",
    grain: Grain = "day",
) -> RhythmPopulation:
    """Estimate how the times between purchases differ between customers, to be kept for later months.

    What `purchase_rhythm` estimates by itself from the log that it is given. Frozen, it makes next month's overdue
    ratios those of the same measure.

    Parameters
    ----------
    log
        One row per transaction.
    observation_end
        Last day observed, inclusive and whole, or ``"last"``.
    customer_id, date, amount
        Names of the log's columns.
    grain
        Calendar period within which purchases merge.

    Returns
    -------
    RhythmPopulation
        The population's parameters; `to_dict` makes plain numbers of them.

    Raises
    ------
    InputError
        For what `purchase_rhythm` raises on, and where nobody bought twice.

    Notes
    -----
    Of more than 10,000 customers as many are taken, evenly from all in order of their gaps: the parameters are known
    to a few percent then. The same customers are taken whatever the order of the rows.

    Examples
    --------
    >>> import customer_value as cv
    >>> log = cv.datasets.load_cdnow()
    >>> population = cv.fit_rhythm_population(log, observation_end="1998-06-30")
    >>> print(f"usual gap {population.gap:.0f} days, weight {population.weight:.1f}")
    usual gap 149 days, weight 0.3
    """
    found = _estimate(
        _read(log, LogColumns(customer_id, date, amount), observation_end, grain, "fit_rhythm_population")
    )
    if found is None:
        raise InputError("a rhythm needs customers who bought twice; in this log nobody did.")
    return found


@dataclass(frozen=True, slots=True)
class _Customers:
    """A log's customers and their gaps, and the way back to the kind of frame that was given."""

    table: EagerFrame
    key: nw.Series[Any]
    gaps: GapArrays
    last_day: Days
    grain: str
    end: int
    as_given: Callable[[EagerFrame], Any]

    @property
    def end_period(self) -> int:
        return int(number_of(self.end, self.grain))


def _read(log: Any, columns: LogColumns, observation_end: Day, grain: str, caller: str) -> _Customers:
    """Check a log and find its customers' gaps."""
    require_choice("grain", grain, GRAINS)
    end = end_day(observation_end)
    opened = open_frame(log, "log")
    log_columns(opened, columns.customer_id, columns.date, columns.amount)
    table, as_given = to_eager(opened.select(columns.names).to_native(), "log", caller)
    rows = read_log(table, columns, LogRules(last_day=end, late=_LATE))
    end = int(rows.days.max()) if end is None else end
    bought = rows.amounts >= 0
    if not bought.any():
        raise nothing_bought(len(table))
    labels, sales = id_labels(rows.keys), None if bought.all() else bought
    gaps = gap_arrays(labels, periods_of(rows.days, grain), sales)
    by_day = gaps if grain == "day" else gap_arrays(labels, rows.days, sales)
    warn_left_out(customers=gaps.customers_without_purchase, refunds=0)
    warn_cut_off(end, grain, "observation_end")
    return _Customers(table, rows.keys[gaps.row], gaps, by_day.last_period, grain, end, as_given)


def _read_population(population: Any, grain: str) -> RhythmPopulation:
    known = population if isinstance(population, RhythmPopulation) else RhythmPopulation.from_dict(population)
    if known.grain != grain:
        raise InputError(
            f"the population was estimated with grain={known.grain!r}, and this call asks for grain={grain!r}: "
            "take the same grain, or estimate the population anew."
        )
    return known


def _estimate(customers: _Customers) -> RhythmPopulation | None:
    """Estimate the population, if anybody bought twice."""
    if not customers.gaps.count.any():
        return None
    # scipy is loaded where a rhythm is asked for, and not with the room.
    from customer_value.transactions._rhythm_columns import estimate_population

    return estimate_population(customers.gaps, customers.grain, customers.end_period)


def _rhythm_frame(
    customers: _Customers, known: RhythmPopulation | None, time_unit: str, interval: float | None
) -> EagerFrame:
    from customer_value.transactions._rhythm_columns import BASES, forecast_columns, own_columns

    gaps, grain, end_period = customers.gaps, customers.grain, customers.end_period
    if known is None:
        warn("nobody bought twice: there is no usual gap. population= brings that of another log.", DataWarning)
    forecast = forecast_columns(gaps, known, grain=grain, time_unit=time_unit, end_period=end_period, interval=interval)
    made: dict[str, Column] = {
        "purchases": gaps.count + 1,
        "last_date": customers.last_day.astype("datetime64[D]"),
        "time_since_last": np.asarray(in_ruler(end_period - gaps.last_period, grain, time_unit)),
        **own_columns(gaps, grain, time_unit),
        **forecast,
        "rhythm_basis": texts(forecast["rhythm_basis"], BASES, customers.table),
    }
    key = customers.key.name
    if key in (*made, "observation_end", "time_unit"):
        raise InputError(f"the frame would have {key!r} twice: give the key a name of its own.")
    frame = make_frame({key: customers.key, **made}, like=customers.table)
    ruler = date_literal(customers.end, engine_of(customers.table)), nw.lit(time_unit)
    return frame.with_columns(ruler[0].alias("observation_end"), ruler[1].alias("time_unit"))
