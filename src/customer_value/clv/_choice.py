"""The choice of a purchase model: the one that foresaw the end of the log best."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np

from customer_value._frames import EagerFrame, nw
from customer_value._units import DAYS, TimeUnit, date_of
from customer_value._validation import numeric_column
from customer_value.clv._base import PurchaseModel
from customer_value.clv.assumptions import REGULAR, check_assumptions
from customer_value.clv.bg_nbd import BGNBD
from customer_value.clv.comparison import PAST_RATE, compare_models
from customer_value.clv.evaluation import calibration_by_frequency
from customer_value.clv.mbg_cnbd import MBGCNBD
from customer_value.clv.mbg_nbd import MBGNBD
from customer_value.clv.nbd import NBD
from customer_value.clv.pareto_nbd import ParetoNBD
from customer_value.errors import ConvergenceError, CustomerValueWarning
from customer_value.transactions._periods import Days
from customer_value.transactions.holdout import summarize_holdout
from customer_value.transactions.summary import summarize_customers

_FEWEST_REPEATERS = 10
_AS_GOOD = 2.0  # log probability of the whole holdout that tells no two models apart


class Choice(NamedTuple):
    """The candidates, unfitted, best first; how they did on the holdout, and the best one's calibration there."""

    order: dict[str, PurchaseModel]
    comparison: Any
    calibration: Any
    reasons: list[str]


def choose_model(rows: EagerFrame, days: Days, end: int, held: int, time_unit: TimeUnit) -> Choice:
    """Fit the candidates on what was known before the last `held` days; the one that foresaw these best is first.

    Warnings stay unheard: the last fit, on all data, gives its own.
    """
    reasons: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CustomerValueWarning)
        first = end - held + 1
        known = rows[np.flatnonzero(days < first)]
        calibration = _summary(known, first - 1, time_unit) if len(known) else None
        if calibration is None or _repeaters(calibration) < _FEWEST_REPEATERS:
            return _by_aic(_summary(rows, end, time_unit), date_of(first), reasons)
        seen = summarize_holdout(
            rows[np.flatnonzero(days >= first)].to_native(), customers=calibration, observation_end=date_of(end)
        )
        fitted = _fit_all(calibration, reasons)
        board = compare_models(calibration, fitted, holdout=seen)
        order = _by_log_score(nw.from_native(board, eager_only=True), len(calibration), held, reasons)
        forecast = fitted[next(iter(order))].predict(calibration, held / DAYS[time_unit])
        chosen = {name: _anew(fitted[name]) for name in order}
        return Choice(chosen, board, calibration_by_frequency(forecast, seen), reasons)


def _by_log_score(board: nw.DataFrame[Any], customers: int, held: int, reasons: list[str]) -> list[str]:
    """Names of the models, best first: of those that foresaw as well as the best, the simplest."""
    rows = {row["model"]: row for row in board.rows(named=True)}
    scores = {name: row["log_score"] for name, row in rows.items() if _is_number(row["log_score"])}
    top = max(scores.values())
    as_good = {name: customers * (top - score) <= _AS_GOOD for name, score in scores.items()}

    def rank(name: str) -> tuple[bool, float, float]:
        return not as_good[name], rows[name]["parameters"] if as_good[name] else 0.0, -scores[name]

    order = sorted(scores, key=rank)
    best = order[0]
    rivals = [name for name in order[1:] if as_good[name]]
    listed = ", ".join(f"{name} {scores[name]:.4f}" for name in sorted(scores, key=lambda n: -scores[n]))
    simpler = any(rows[name]["parameters"] > rows[best]["parameters"] for name in rivals)
    verdict = (
        f"it foresaw the last {held:,} days as well as any ({', '.join(rivals)} did too"
        f"{', with more parameters' if simpler else ''})"
        if rivals
        else f"it gave what customers did in the last {held:,} days the largest probability"
    )
    reasons.append(f"{best} is chosen: {verdict}. Log scores: {listed}.")
    expected, observed = (rows[best][f"{which}_purchases"] for which in ("expected", "observed"))
    naive = rows[PAST_RATE]["expected_purchases"]
    off = f" ({expected / observed - 1:+.0%})" if observed else ""
    reasons.append(
        f"Of the {observed:,.0f} purchases of these days it expected {expected:,.0f}{off}; past rates going on would "
        f"have made {naive:,.0f}."
    )
    return order


def _by_aic(summary: Any, first: Any, reasons: list[str]) -> Choice:
    """Without a holdout: the candidates by AIC on all data."""
    fitted = _fit_all(summary, reasons)
    order = sorted(fitted, key=lambda name: fitted[name].aic_)
    reasons.append(
        f"{order[0]} is chosen by its AIC and unchecked: before {first}, where a holdout would begin, fewer than "
        f"{_FEWEST_REPEATERS} customers had bought again."
    )
    return Choice({name: _anew(fitted[name]) for name in order}, None, None, reasons)


def _fit_all(summary: Any, reasons: list[str]) -> dict[str, PurchaseModel]:
    candidates: dict[str, PurchaseModel] = {
        "NBD": NBD(), "BG/NBD": BGNBD(), "MBG/NBD": MBGNBD(), "Pareto/NBD": ParetoNBD(),
    }  # fmt: skip
    if _is_regular(summary):
        candidates["MBG/CNBD-k"] = MBGCNBD(k="auto")
    fitted, failed = {}, ""
    for name, model in candidates.items():
        try:
            fitted[name] = model.fit(summary)
        except ConvergenceError as error:
            failed = f"{name} was not considered, for it could not be fitted: {error}"
            reasons.append(failed)
    if not fitted:
        raise ConvergenceError(failed)
    return fitted


def _is_regular(summary: Any) -> bool:
    findings = nw.from_native(check_assumptions(summary), eager_only=True)
    shape = findings.filter(nw.col("check") == "regular timing").get_column("lower").to_list()[0]
    return _is_number(shape) and shape > REGULAR


def _anew(model: PurchaseModel) -> PurchaseModel:
    return type(model)(**model.get_params())


def _repeaters(summary: Any) -> int:
    return int((numeric_column(nw.from_native(summary, eager_only=True), "frequency", what="summary") > 0).sum())


def _summary(rows: EagerFrame, end: int, time_unit: TimeUnit) -> Any:
    return summarize_customers(rows.to_native(), observation_end=date_of(end), time_unit=time_unit, regularity=True)


def _is_number(value: float | None) -> bool:
    return value is not None and not np.isnan(value)
