"""Which model? Models side by side: how well they describe the past, and how well they foresaw what came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.stats import chi2, rankdata

from customer_value._frames import (
    AnyFrame,
    Column,
    EagerFrame,
    FrameT,
    as_given,
    collect,
    make_frame,
    open_frame,
    texts,
)
from customer_value._validation import (
    SUMMARY_MAKER,
    numeric_column,
    require_columns,
    require_same_ruler,
    require_some,
    time_unit_of,
)
from customer_value.clv._base import PurchaseModel
from customer_value.clv._holdout_join import join_holdout
from customer_value.clv._rows import Floats, distinct_rows
from customer_value.clv._spend import SpendModel
from customer_value.errors import InputError

PAST_RATE, NO_PURCHASES = "past rate continues", "no purchases"
_MISSING = float("nan")
_TINY = 1e-300


def compare_models(
    summary: FrameT,
    models: Mapping[str, PurchaseModel],
    *,
    holdout: Any = None,
    spend_model: SpendModel | str | None = None,
    customer_id: str = "customer_id",
) -> FrameT:
    """Compare purchase models on one customer summary, and on what a holdout saw of the same customers.

    Eager; a polars LazyFrame is collected once and comes back lazy.

    Parameters
    ----------
    summary
        Customer summary (`summarize_customers` makes it).
    models
        Purchase models by name. One that is not fitted is fitted on a copy; a fitted one is taken as it is.
    holdout
        What `summarize_holdout` gave for these customers; its length is the forecast's.
    spend_model
        Spend model, fitted or not, or a column with the spend of one purchase: adds the errors of value (currency).
    customer_id
        Name of the customer column in both frames.

    Returns
    -------
    One row for each model, best AIC first, then two naive forecasts where there is a holdout:

    model
        Its name.
    parameters, log_likelihood, aic, bic
        On this summary. A larger log-likelihood and a smaller AIC or BIC are better.
    nested, lr_statistic, lr_p_value
        The simpler model of this table that is a special case, and the likelihood ratio test against it. Where the
        simpler model lies on the boundary the p-value is an upper bound.
    expected_purchases, observed_purchases
        Totals within the holdout.
    mae, rmse, rank_correlation
        Mean absolute and root mean squared error of a customer's purchases; Spearman's correlation of expected and
        observed.
    log_score
        Mean log probability that the model had given to the number of purchases each customer then made: larger is
        better. It judges the whole forecast, not its middle alone.
    mae_value, rmse_value
        The same errors of value, where a spend model is given.

    Raises
    ------
    InputError
        Models are missing or no purchase models, the rulers differ, a column is missing, or customers of the summary
        are not in the holdout.

    Notes
    -----
    ``"past rate continues"`` expects frequency / T; ``"no purchases"`` expects nothing. The absolute error favours
    medians: where most customers buy nothing, expecting nothing is hard to beat by it. The log score is proper: only
    the true probabilities maximise it (Gneiting and Raftery 2007, JASA 102, 359-378).

    Examples
    --------
    >>> import customer_value as cv
    >>> log = cv.datasets.load_cdnow(sample=True)
    >>> calibration, later = cv.split_holdout(log, observation_end="1997-09-30")
    >>> summary = cv.summarize_customers(calibration, observation_end="1997-09-30")
    >>> holdout = cv.summarize_holdout(later, customers=summary, observation_end="1998-06-30")
    >>> board = cv.clv.compare_models(
    ...     summary, {"BG/NBD": cv.clv.BGNBD(), "Pareto/NBD": cv.clv.ParetoNBD()}, holdout=holdout)
    >>> board[["model", "aic", "expected_purchases", "rmse"]].round(2)
                     model       aic  expected_purchases  rmse
    0               BG/NBD  19172.86             1653.41  1.61
    1           Pareto/NBD  19197.95             1665.51  1.60
    2  past rate continues       NaN             2930.10  2.21
    3         no purchases       NaN                0.00  2.21
    """
    given = open_frame(summary, "summary")
    frame = collect(given)
    require_some(len(frame), "summary")
    told = None if holdout is None else collect(open_frame(holdout, "holdout"))
    if told is not None:
        require_columns(frame, [customer_id, "frequency", "T"], what="summary", maker=SUMMARY_MAKER)
    fitted = fit_all(frame, models)
    rows = [_described(name, model, frame) for name, model in fitted.items()]
    _add_ratios(rows, fitted)
    rows.sort(key=lambda row: row["aic"])
    if told is not None:
        rows += [{"model": name} for name in (PAST_RATE, NO_PURCHASES)]
        spend = None if spend_model is None else _spend(frame, spend_model)
        _add_errors(rows, fitted, frame, told, spend, customer_id)
    table = make_frame(table_columns(rows, given), given)
    result: FrameT = as_given(table, given)
    return result


def fit_all(frame: EagerFrame, models: Mapping[str, PurchaseModel]) -> dict[str, PurchaseModel]:
    """Return the models fitted: copies of those that were not, the others as they are."""
    if not isinstance(models, Mapping) or not models:
        raise InputError(f'models must map names to purchase models, such as {{"BG": clv.BGNBD()}}; got {models!r}.')
    fitted = {}
    for name, model in models.items():
        if not isinstance(model, PurchaseModel):
            raise InputError(f"models[{name!r}] must be a purchase model such as clv.BGNBD(); got {model!r}.")
        if model.__sklearn_is_fitted__():
            require_same_ruler(model.time_unit_, time_unit_of(frame), type(model).__name__)
            fitted[str(name)] = model
        else:
            fitted[str(name)] = type(model)(**model.get_params()).fit(frame.to_native())
    return fitted


def _described(name: str, model: PurchaseModel, frame: EagerFrame) -> dict[str, Any]:
    log_likelihood = model._total_log_likelihood(frame)
    k, n = len(model._parameters), len(frame)
    return {
        "model": name,
        "parameters": k,
        "log_likelihood": log_likelihood,
        "aic": 2 * k - 2 * log_likelihood,
        "bic": k * np.log(n) - 2 * log_likelihood,
    }


def _add_ratios(rows: list[dict[str, Any]], fitted: dict[str, PurchaseModel]) -> None:
    """Likelihood ratio of each model against the largest special case of it in the table."""
    for row in rows:
        model = fitted[row["model"]]
        simpler = [r for r in rows if type(fitted[r["model"]]).__name__ in model._nests]
        if not simpler:
            continue
        nested = max(simpler, key=lambda r: (r["parameters"], r["log_likelihood"]))
        statistic = max(2 * (row["log_likelihood"] - nested["log_likelihood"]), 0.0)
        row["nested"] = nested["model"]
        row["lr_statistic"] = statistic
        row["lr_p_value"] = float(chi2.sf(statistic, max(row["parameters"] - nested["parameters"], 1)))


def _spend(frame: EagerFrame, spend_model: SpendModel | str) -> Floats:
    if isinstance(spend_model, str):
        return numeric_column(frame, spend_model, what="summary")
    if not isinstance(spend_model, SpendModel):
        raise InputError(f"spend_model must be a model such as clv.GammaGamma(), or a column; got {spend_model!r}.")
    model = spend_model
    if not model.__sklearn_is_fitted__():
        model = type(model)(**model.get_params()).fit(frame.to_native())
    return model.expected_spend(frame.to_native())


def _add_errors(
    rows: list[dict[str, Any]],
    fitted: dict[str, PurchaseModel],
    frame: EagerFrame,
    holdout: EagerFrame,
    spend: Floats | None,
    key: str,
) -> None:
    columns = ["holdout_purchases", "holdout_duration", *(["holdout_value"] if spend is not None else [])]
    seen = join_holdout(frame, holdout, key, columns, "summary")
    observed = seen["holdout_purchases"]
    length = float(seen["holdout_duration"].max())
    if not (seen["holdout_duration"] == length).all() or length <= 0:
        raise InputError("holdout_duration must be above 0 and the same for all customers.")
    x, T = (numeric_column(frame, c, what="summary") for c in ("frequency", "T"))
    naive = {PAST_RATE: np.divide(x, T, out=np.zeros_like(x), where=T > 0) * length, NO_PURCHASES: np.zeros_like(x)}
    for row in rows:
        name = row["model"]
        expected = naive[name] if name in naive else fitted[name].expected_purchases(frame.to_native(), length)
        row |= {
            "expected_purchases": float(expected.sum()),
            "observed_purchases": float(observed.sum()),
            "mae": float(np.abs(expected - observed).mean()),
            "rmse": float(np.sqrt(((expected - observed) ** 2).mean())),
            "rank_correlation": _rank_correlation(expected, observed),
        }
        if name not in naive:
            row["log_score"] = _log_score(fitted[name], frame, observed, length)
        if spend is not None:
            off = expected * spend - seen["holdout_value"]
            row |= {"mae_value": float(np.abs(off).mean()), "rmse_value": float(np.sqrt((off**2).mean()))}


def _log_score(model: PurchaseModel, frame: EagerFrame, observed: Floats, length: float) -> float:
    """Mean log probability that the model gave to what each customer did: the only score that honesty maximises."""
    arrays = model._rows_of(frame)
    rows = distinct_rows([arrays.inverse.astype(np.float64), observed])
    which, counts = rows.columns[0].astype(np.intp), rows.columns[1]
    columns = tuple(c[which] for c in arrays.columns)
    alive = model._probability_alive(model._theta, *columns)
    state = tuple(
        np.broadcast_to(np.asarray(p, dtype=np.float64), counts.shape) for p in model._if_alive(model._theta, *columns)
    )
    probability = alive * model._future._pmf_new(state, counts, np.float64(length)) + (1 - alive) * (counts == 0)
    return float(np.log(np.maximum(probability, _TINY)) @ rows.counts / rows.counts.sum())


def _rank_correlation(expected: Floats, observed: Floats) -> float:
    """Spearman's correlation with mid-ranks; NaN where one of the two is constant."""
    a, b = (rankdata(v) - (v.size + 1) / 2 for v in (expected, observed))
    norm = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / norm if norm > 0 else _MISSING


def table_columns(rows: list[dict[str, Any]], like: AnyFrame) -> dict[str, Column]:
    """Rows as columns; what a row does not have is missing."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    ordered = [n for n in names if n not in ("nested", "lr_statistic", "lr_p_value")]
    if "nested" in names:
        ordered[5:5] = ["nested", "lr_statistic", "lr_p_value"]
    columns: dict[str, Column] = {}
    for name in ordered:
        values = [row.get(name, "" if name == "nested" else _MISSING) for row in rows]
        if name in ("model", "nested"):
            distinct = list(dict.fromkeys(values))
            codes = np.array([distinct.index(v) if v else -1 for v in values])
            columns[name] = texts(codes, distinct, like)
        else:
            columns[name] = np.array(values, dtype=np.float64)
    return columns
