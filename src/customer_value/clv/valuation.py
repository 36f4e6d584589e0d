"""An export in, valued customers out: every step that a careful analyst takes, in one call that tells what it did."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic

import numpy as np

from customer_value._frames import EagerFrame, FrameT, as_given, collect, nw, open_frame
from customer_value._units import DAYS, TIME_UNITS, Day, TimeUnit, date_of, day_number, discount_per_unit, in_units
from customer_value._validation import number, numeric_column, require_choice
from customer_value.clv._base import PurchaseModel
from customer_value.clv._choice import choose_model
from customer_value.clv._report_text import report_html, report_text
from customer_value.clv.assumptions import check_assumptions
from customer_value.clv.equity import customer_equity
from customer_value.clv.gamma_gamma import GammaGamma
from customer_value.clv.value import score_clv
from customer_value.errors import ConvergenceError, DataWarning, InputError, warn
from customer_value.transactions._log import LogRules, log_columns, read_log
from customer_value.transactions._periods import Days
from customer_value.transactions.cleaning import Anonymous, Decimal, Duplicates, Missing, clean_log
from customer_value.transactions.quality import data_quality
from customer_value.transactions.summary import summarize_customers

_LARGEST_SHARE = 1 / 3  # of the observed time that the holdout may take
_SHORTEST = 28  # days of log that can be divided into a past and a holdout at all


@dataclass(frozen=True)
class ValueReport(Generic[FrameT]):
    """What `value_customers` found, step by step; printed, or at the end of a notebook cell, it reads as a report.

    Attributes
    ----------
    customers
        The customer summary with p_alive, expected purchases and spend, clv and its interval, best first.
    equity
        Their sum, with its interval.
    quality
        The report of `data_quality` on the export.
    assumptions
        The report of `check_assumptions`.
    comparison
        The candidates on the holdout, as `compare_models` gives it; None where the log was too short for one.
    holdout
        The chosen model's calibration by frequency on the holdout, ready for `plots.calibration_by_frequency`; None
        without one.
    chosen
        Name of the chosen model.
    reasons
        Why it was chosen, in sentences.
    notes
        What was done to the data and what is weak about the fit: the warnings that the caller got.
    purchase_model, spend_model
        The models, fitted on all data. The spend model is ``"mean_spend"``, a column of customers, where no model could
        be fitted.
    horizon
        How far ahead it looks, in words.
    interval
        Coverage of the intervals.

    Examples
    --------
    >>> import customer_value as cv
    >>> orders = cv.datasets.load_cdnow(sample=True)
    >>> report = cv.value_customers(orders, observation_end="1998-06-30", horizon="12 months", margin=0.3)
    >>> report.chosen
    'Pareto/NBD'
    >>> print(report.to_text().splitlines()[0])
    Future value, 12 months
    """

    customers: FrameT
    equity: FrameT
    quality: FrameT
    assumptions: FrameT
    comparison: FrameT | None
    holdout: FrameT | None
    chosen: str
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    purchase_model: PurchaseModel = field(repr=False)
    spend_model: GammaGamma | str = field(repr=False)
    horizon: str
    interval: float

    def to_text(self) -> str:
        """Return the report as plain text."""
        return report_text(self)

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return report_html(self)


def value_customers(
    orders: FrameT,
    *,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | Sequence[str] = "amount",
    order_id: str | None = "order_id",
    currency: str | None = "currency",
    observation_end: Day,
    horizon: float | str,
    margin: float,
    annual_discount_rate: float | None = None,
    interval: float = 0.9,
    time_unit: TimeUnit = "week",
    date_format: str | None = None,
    decimal: Decimal | None = None,
    time_zone: str | None = None,
    anonymous: Anonymous = "drop",
    missing: Missing = "error",
    duplicates: Duplicates = "keep",
) -> ValueReport[FrameT]:
    """Value the customers of an export: clean, check, choose a model on a holdout, fit it on all data, score.

    Eager; a lazy frame is collected once, and the report's frames come back lazy.

    Parameters
    ----------
    orders
        One row per order, order line or refund, as exported.
    customer_id, date, amount
        Names of its columns; several names for the amount are multiplied, such as ``("Quantity", "UnitPrice")``.
    order_id, currency, date_format, decimal, time_zone, missing, duplicates
        As in `clean_log`.
    observation_end
        Last day that the export covers, inclusive and whole. Later rows are left out, with a warning.
    horizon
        How far ahead to value: a number of time units, or a text such as ``"12 months"``.
    margin
        Share of revenue that stays; 1.0 means revenue.
    annual_discount_rate
        Discount rate per year.
    interval
        Coverage of the intervals.
    time_unit
        Ruler of the models.
    anonymous
        What to do with rows without a customer, as in `clean_log`; here they are left out unless ``"error"`` is asked.

    Returns
    -------
    ValueReport
        Customers with value and interval, and all that led there; ``print`` it, or end a notebook cell with it.

    Raises
    ------
    InputError
        The export cannot be read without a decision (the message says which), covers less than four weeks, or nobody
        in it bought again.
    ConvergenceError
        No candidate could be fitted.

    Warns
    -----
    DataWarning
        Rows were left out or read in a way that the caller should know of, or the log is too short for the horizon. All
        warnings are in the report's notes too.
    FitWarning
        The fit is weak.

    Notes
    -----
    The holdout is the end of the log: as long as the horizon, but no more than a third of the time observed. The model
    with the best log score on it is chosen (see `compare_models`), among NBD, BG/NBD, MBG/NBD, Pareto/NBD, and
    MBG/CNBD-k where times between purchases are regular; then it is fitted on everything. Models whose log scores,
    summed over the customers, lie within 2 of the best foresaw as well: the one with the fewest parameters is taken.
    Where fewer than ten customers bought again before the holdout, the smallest AIC on all data decides. Intervals are
    robust ones (``with_uncertainty("robust")``).

    Examples
    --------
    >>> import customer_value as cv
    >>> orders = cv.datasets.load_cdnow(sample=True)
    >>> report = cv.value_customers(orders, observation_end="1998-06-30", horizon="12 months", margin=0.3,
    ...                             annual_discount_rate=0.1)
    >>> report.customers[["customer_id", "p_alive", "expected_purchases", "clv"]].head(3).round(2)
       customer_id  p_alive  expected_purchases     clv
    0         1981     0.98               23.74  281.93
    1         1203     1.00               22.53  243.49
    2         1081     0.94                8.10  235.34
    """
    end = day_number(observation_end, "observation_end")
    level = number(interval, "interval", low=0, high=1, open_ends=True)
    require_choice("time_unit", time_unit, TIME_UNITS)
    wanted = in_units(horizon, time_unit) * DAYS[time_unit]
    # What can be refused at once is refused before minutes of work.
    number(margin, "margin", low=0, high=1)
    discount_per_unit(annual_discount_rate, None, time_unit)
    opened = open_frame(orders, "orders frame")
    export = collect(opened).to_native()
    how: dict[str, Any] = {
        "customer_id": customer_id, "date": date, "amount": amount, "order_id": order_id, "currency": currency,
        "date_format": date_format, "decimal": decimal,
    }  # fmt: skip
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        log = clean_log(
            export, **how, time_zone=time_zone, anonymous=anonymous, missing=missing, duplicates=duplicates, keep=()
        )
        quality = data_quality(export, observation_end=observation_end, **how)
        rows, days = _observed(log, end)
        summary = _summary(rows, end, time_unit)
        choice = choose_model(rows, days, end, _holdout_days(days, end, wanted), time_unit)
        reasons = list(choice.reasons)
        chosen, buying = _fit_first(choice.order, summary, reasons)
        spend, summary = _spend_model(summary, reasons)
        valued, equity = (
            value(
                summary, purchase_model=buying, spend_model=spend, horizon=horizon, margin=margin,
                annual_discount_rate=annual_discount_rate, interval=level,
            )
            for value in (score_clv, customer_equity)
        )  # fmt: skip
    for one in heard:
        warnings.warn(one.message, one.category, stacklevel=2)
    best_first = nw.from_native(valued, eager_only=True).sort("clv", "customer_id", descending=[True, False])
    frames = {
        "customers": nw.maybe_reset_index(best_first).to_native(),
        "equity": equity,
        "quality": quality,
        "assumptions": check_assumptions(summary),
        "comparison": choice.comparison,
        "holdout": choice.calibration,
    }
    return ValueReport(
        **{k: None if f is None else as_given(nw.from_native(f, eager_only=True), opened) for k, f in frames.items()},
        chosen=chosen, reasons=tuple(reasons), notes=tuple(_sentence(str(one.message)) for one in heard),
        purchase_model=buying, spend_model=spend,
        horizon=horizon if isinstance(horizon, str) else f"{horizon:g} {time_unit}s", interval=level,
    )  # fmt: skip


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] if text.partition(" ")[0].isalpha() else text


def _observed(log: Any, end: int) -> tuple[EagerFrame, Days]:
    """Rows up to observation_end and their days."""
    rows = collect(open_frame(log, "log"))
    days = read_log(rows, log_columns(rows, "customer_id", "date", "amount"), LogRules()).days
    known = np.flatnonzero(days <= end)
    if late := days.size - known.size:
        warn(f"left out {late:,} rows after observation_end={date_of(end)}.", DataWarning)
    if not known.size:
        raise InputError(f"no row is left up to observation_end={date_of(end)}; the log begins {date_of(days.min())}.")
    return rows[known], days[known]


def _summary(rows: EagerFrame, end: int, time_unit: TimeUnit) -> Any:
    summary = summarize_customers(rows.to_native(), observation_end=date_of(end), time_unit=time_unit, regularity=True)
    frame = nw.from_native(summary, eager_only=True)
    if not numeric_column(frame, "frequency", what="summary").any():
        raise InputError(
            f"nobody bought a second time: each of the {len(summary):,} customers has one purchase period up to "
            f"{date_of(end)}, and no model can learn from that how often they buy. Export a longer time, or check that "
            "customer_id tells customers and not orders."
        )
    return summary


def _holdout_days(days: Days, end: int, wanted: float) -> int:
    """Days at the end of the log that are held back; an error where there are too few days to learn from."""
    span = end - int(days.min()) + 1
    if span < _SHORTEST:
        raise InputError(
            f"the log covers {span} days up to {date_of(end)}, {_SHORTEST - span} too few: value_customers needs at "
            f"least {_SHORTEST} to see anyone come back."
        )
    held = max(1, min(round(wanted), round(span * _LARGEST_SHARE)))
    if wanted > span:
        warn(
            f"the horizon of {wanted:,.0f} days is {wanted - span:,.0f} days longer than the log, so the data hold no "
            f"trace of its later part: the forecast beyond {span:,} days rests on the model alone. Take a shorter "
            "horizon, or export a longer time.",
            DataWarning,
        )
    return held


def _fit_first(order: dict[str, PurchaseModel], summary: Any, reasons: list[str]) -> tuple[str, PurchaseModel]:
    """Fit the best candidate on all data; where it has no optimum there, the next best."""
    failed = ""
    for name, model in order.items():
        try:
            return name, model.fit(summary).with_uncertainty("robust")
        except ConvergenceError as error:
            failed = f"{name} has no optimum on all data: {error}"
            reasons.append(failed)
    raise ConvergenceError(failed)


def _spend_model(summary: Any, reasons: list[str]) -> tuple[GammaGamma | str, Any]:
    """Gamma-Gamma where repeat buyers allow it, else the mean of all purchases."""
    try:
        return GammaGamma().fit(summary).with_uncertainty("robust"), summary
    except (InputError, ConvergenceError) as error:
        frame = nw.from_native(summary, eager_only=True)
        total, purchases = (numeric_column(frame, c, what="summary") for c in ("total_value", "purchases"))
        mean = max(float(total.sum() / purchases.sum()), 0.0)
        reasons.append(f"Everyone is taken to spend {mean:,.2f} a purchase, the mean of all: {error}")
        return "mean_spend", frame.with_columns(nw.lit(mean).alias("mean_spend")).to_native()
