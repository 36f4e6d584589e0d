"""An export in, valued customers out: every step that a careful analyst takes, in one call that tells what it did."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic

import numpy as np

from customer_value._frames import EagerFrame, FrameT, collect, nw, open_frame
from customer_value._units import DAYS, Day, TimeUnit, date_of, day_number, in_units
from customer_value._validation import numeric_column
from customer_value.clv._base import PurchaseModel
from customer_value.clv._report_text import report_html, report_text
from customer_value.clv.assumptions import REGULAR, check_assumptions
from customer_value.clv.bg_nbd import BGNBD
from customer_value.clv.comparison import compare_models
from customer_value.clv.equity import customer_equity
from customer_value.clv.evaluation import calibration_by_frequency
from customer_value.clv.gamma_gamma import GammaGamma
from customer_value.clv.mbg_cnbd import MBGCNBD
from customer_value.clv.mbg_nbd import MBGNBD
from customer_value.clv.nbd import NBD
from customer_value.clv.pareto_nbd import ParetoNBD
from customer_value.clv.value import score_clv
from customer_value.errors import ConvergenceError, FitWarning, InputError
from customer_value.transactions._log import LogRules, log_columns, read_log
from customer_value.transactions._periods import Days
from customer_value.transactions.cleaning import Anonymous, Missing, clean_log
from customer_value.transactions.holdout import summarize_holdout
from customer_value.transactions.quality import data_quality
from customer_value.transactions.summary import summarize_customers

CANDIDATES: dict[str, type[PurchaseModel]] = {
    "NBD": NBD, "BG/NBD": BGNBD, "MBG/NBD": MBGNBD, "Pareto/NBD": ParetoNBD,
}  # fmt: skip
_LARGEST_SHARE = 1 / 3  # of the observed time that the holdout may take
_SHORTEST = 28  # days of log that can be divided into a past and a holdout at all
_FEWEST_REPEATERS = 10
_OF_QUALITY = ("order_id", "currency", "date_format", "decimal")  # arguments that data_quality knows too


@dataclass(frozen=True)
class ValueReport(Generic[FrameT]):
    """What `value_customers` found, step by step.

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
        The chosen model's calibration by frequency on the holdout; None without one.
    reasons
        Why the model was chosen, and what was done to the data, in sentences.
    purchase_model, spend_model
        The models, fitted on all data.
    """

    customers: FrameT
    equity: FrameT
    quality: FrameT
    assumptions: FrameT
    comparison: FrameT | None
    holdout: FrameT | None
    reasons: tuple[str, ...]
    purchase_model: PurchaseModel = field(repr=False)
    spend_model: GammaGamma | str = field(repr=False)

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
    observation_end: Day,
    horizon: float | str,
    margin: float,
    annual_discount_rate: float | None = None,
    interval: float = 0.9,
    time_unit: TimeUnit = "week",
    anonymous: Anonymous = "drop",
    missing: Missing = "error",
    **reading: Any,
) -> ValueReport[FrameT]:
    """Value the customers of an export: clean, check, choose a model on a holdout, fit it on all data, score.

    Eager; a lazy frame is collected once.

    Parameters
    ----------
    orders
        One row per order, order line or refund, as exported.
    customer_id, date, amount
        Names of its columns; several names for the amount are multiplied, such as ``("Quantity", "UnitPrice")``.
    observation_end
        Last day that the export covers, inclusive and whole. Later rows are left out, and counted in the reasons.
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
    anonymous, missing
        What to do with rows without a customer, and with rows without a date or an amount, as in `clean_log`.
    **reading
        Further arguments of `clean_log`: order_id, currency, date_format, decimal, time_zone, duplicates.

    Returns
    -------
    ValueReport
        Customers with value and interval, and all that led there; ``print`` it, or end a notebook cell with it.

    Raises
    ------
    InputError
        The export cannot be read without a decision (the message says which), covers less than four weeks, or nobody
        in it bought again.

    Notes
    -----
    The holdout is the end of the log: as long as the horizon, but no more than a third of the time observed. The model
    with the best log score on it is chosen (see `compare_models`), among NBD, BG/NBD, MBG/NBD, Pareto/NBD, and
    MBG/CNBD-k where times between purchases are regular; then it is fitted on everything.

    Examples
    --------
    >>> import customer_value as cv
    >>> orders = cv.datasets.load_cdnow(sample=True)
    >>> report = cv.value_customers(orders, observation_end="1998-06-30", horizon="12 months", margin=0.3,
    ...                             annual_discount_rate=0.1)
    >>> report.customers[["customer_id", "p_alive", "expected_purchases", "clv"]].head(3).round(2)
    """
    end = day_number(observation_end, "observation_end")
    known = {name: reading[name] for name in _OF_QUALITY if name in reading}
    quality = data_quality(
        orders, customer_id=customer_id, date=date, amount=amount, observation_end=observation_end, **known
    )
    log = clean_log(
        orders, customer_id=customer_id, date=date, amount=amount, anonymous=anonymous, missing=missing, **reading
    )
    rows = collect(open_frame(log, "log"))
    days = read_log(rows, log_columns(rows, "customer_id", "date", "amount"), LogRules()).days
    reasons = []
    if late := int((days > end).sum()):
        reasons.append(f"{late:,} rows after {date_of(end)} were left out.")
        rows, days = rows[np.flatnonzero(days <= end)], days[days <= end]
    span = _span(days, end)
    wanted = in_units(horizon, time_unit) * DAYS[time_unit]
    if wanted > span:
        reasons.append(
            f"The horizon of {wanted:,.0f} days is longer than the {span:,} days of the log: no holdout can check it."
        )
    held = max(1, min(round(wanted), round(span * _LARGEST_SHARE)))
    summary = _summary(rows, end, time_unit)
    assumptions = check_assumptions(summary)
    comparison, holdout, chosen = _choose(rows, days, end, held, time_unit, reasons)
    buying = chosen.fit(summary)
    spend, summary = _spend_model(summary, reasons)
    scored = score_clv(
        summary, purchase_model=buying, spend_model=spend, horizon=horizon, margin=margin,
        annual_discount_rate=annual_discount_rate, interval=interval,
    )  # fmt: skip
    best_first = nw.from_native(scored, eager_only=True).sort("clv", "customer_id", descending=[True, False])
    equity = customer_equity(
        summary, purchase_model=buying, spend_model=spend, horizon=horizon, margin=margin,
        annual_discount_rate=annual_discount_rate, interval=interval,
    )  # fmt: skip
    return ValueReport(
        nw.maybe_reset_index(best_first).to_native(), equity, quality, assumptions, comparison, holdout,
        tuple(reasons), buying, spend,
    )  # fmt: skip


def _span(days: Days, end: int) -> int:
    """Days observed; an error where they are too few to learn from."""
    if not days.size:
        raise InputError(f"no row is left up to observation_end={date_of(end)}.")
    span = end - int(days.min()) + 1
    if span < _SHORTEST:
        raise InputError(
            f"the log covers {span} days up to {date_of(end)}, {_SHORTEST - span} too few: value_customers needs at "
            f"least {_SHORTEST} to see anyone come back."
        )
    return span


def _summary(rows: EagerFrame, end: int, time_unit: TimeUnit) -> Any:
    return summarize_customers(rows.to_native(), observation_end=date_of(end), time_unit=time_unit, regularity=True)


def _choose(
    rows: EagerFrame, days: Days, end: int, held: int, time_unit: TimeUnit, reasons: list[str]
) -> tuple[Any, Any, PurchaseModel]:
    """Fit the candidates on what was known before the holdout; the one that foresaw it best is chosen."""
    first = end - held + 1
    known = rows[np.flatnonzero(days < first)]
    if not len(known):
        reasons.append("Pareto/NBD, without a holdout: nothing was bought before it.")
        return None, None, ParetoNBD()
    calibration = _summary(known, first - 1, time_unit)
    seen = summarize_holdout(
        rows[np.flatnonzero(days >= first)].to_native(), customers=calibration, observation_end=date_of(end)
    )
    x = numeric_column(nw.from_native(calibration, eager_only=True), "frequency", what="summary")
    if (x > 0).sum() < _FEWEST_REPEATERS:
        reasons.append(
            f"Pareto/NBD, without a comparison: fewer than {_FEWEST_REPEATERS} bought again before the holdout."
        )
        return None, None, ParetoNBD()
    fitted: dict[str, PurchaseModel] = {}
    for name, model in _candidates(calibration).items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FitWarning)  # a weak candidate loses; the chosen one's warning is shown
                fitted[name] = model.fit(calibration)
        except ConvergenceError:
            reasons.append(f"{name} did not converge and was not considered.")
    board = compare_models(calibration, fitted, holdout=seen)
    table = nw.from_native(board, eager_only=True)
    scores = dict(zip(table.get_column("model").to_list(), table.get_column("log_score").to_list(), strict=True))
    best = max(fitted, key=lambda name: scores[name])
    weeks = held / DAYS["week"]
    reasons.append(
        f"{best} gave what happened in the last {weeks:,.0f} weeks the largest probability: log score "
        + ", ".join(f"{name} {scores[name]:.4f}" for name in sorted(fitted, key=lambda n: -scores[n]))
        + "."
    )
    forecast = fitted[best].predict(calibration, held / DAYS[time_unit])
    return board, calibration_by_frequency(forecast, seen), type(fitted[best])(**fitted[best].get_params())


def _candidates(calibration: Any) -> dict[str, PurchaseModel]:
    candidates = {name: kind() for name, kind in CANDIDATES.items()}
    findings = nw.from_native(check_assumptions(calibration), eager_only=True)
    verdicts = dict(zip(findings.get_column("check").to_list(), findings.get_column("lower").to_list(), strict=True))
    if (verdicts["regular timing"] or 0) > REGULAR:
        candidates["MBG/CNBD-k"] = MBGCNBD(k="auto")
    return candidates


def _spend_model(summary: Any, reasons: list[str]) -> tuple[GammaGamma | str, Any]:
    """Gamma-Gamma where repeat buyers allow it, else the mean of all purchases."""
    try:
        return GammaGamma().fit(summary), summary
    except (InputError, ConvergenceError) as error:
        frame = nw.from_native(summary, eager_only=True)
        total, purchases = (numeric_column(frame, c, what="summary") for c in ("total_value", "purchases"))
        mean = max(float(total.sum() / purchases.sum()), 0.0)
        reasons.append(f"Everyone is taken to spend {mean:,.2f} a purchase, the mean of all: {error}")
        return "mean_spend", frame.with_columns(nw.lit(mean).alias("mean_spend")).to_native()
