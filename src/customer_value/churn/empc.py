"""The expected maximum profit of a churn score: what the best campaign with it brings, per customer of the base."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc

from customer_value._validation import number
from customer_value.churn._ranked import Floats, ranked_counts
from customer_value.churn._roc_hull import hull_corners
from customer_value.errors import InputError


def empc_score(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    clv: float = 200.0,
    incentive: float = 10.0,
    contact_cost: float = 1.0,
    alpha: float = 6.0,
    beta: float = 14.0,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Return the expected maximum profit of a retention campaign that a churn score steers (EMPC).

    Parameters
    ----------
    y_true : array_like
        1 or True for customers who churned, 0 or False for the others.
    y_score : array_like
        Any score that is higher for those who are more likely to churn.
    clv : float
        Value of a customer who is kept, above `incentive`. Value that a customer has if kept: `clv_if_alive`, on
        average, and not `clv`, which counts churn already.
    incentive : float
        Cost of the offer to whoever takes it, 0 or above.
    contact_cost : float
        Cost of each contact, 0 or above.
    alpha, beta : float
        Shape of the beta distribution of the acceptance rate: how likely someone who would leave is to take the offer
        and stay. The mean is alpha / (alpha + beta), .3 by default.
    sample_weight : array_like, optional
        How many customers each row stands for.

    Returns
    -------
    float
        Profit per customer of the base, contacted or not, in the currency of `clv`; 0 or above.

    Raises
    ------
    InputError
        An outcome is not 0 or 1, all are the same, a score is not finite, lengths differ, or a cost or shape is out of
        its range.

    See Also
    --------
    empc_fraction : the share of the base that this campaign contacts.
    mpc_score : the same for a known acceptance rate.

    Notes
    -----
    T. Verbraken, W. Verbeke and B. Baesens (2013), "A novel profit maximizing metric for measuring classification
    performance of customer churn prediction models", *IEEE TKDE* 25(5), 961-973, equations (6) and (12). For each
    acceptance rate the campaign stops at the most profitable corner of the ROC curve's convex hull; the profit is then
    averaged over the acceptance rates. Between the rates at which one corner takes over from the next the profit is
    linear, so the average is a sum of incomplete beta functions and exact. Customers with the same score are contacted
    together or not at all.

    As a scikit-learn scorer: ``make_scorer(empc_score, response_method="predict_proba", clv=300)``.

    Examples
    --------
    >>> from customer_value.churn import empc_score
    >>> churned = [0, 1, 0, 1, 0, 1, 0, 1]
    >>> round(empc_score(churned, [0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9]), 4)
    23.8756

    Choosing a model by it:

    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.metrics import make_scorer
    >>> from sklearn.model_selection import cross_val_score
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> scorer = make_scorer(empc_score, response_method="predict_proba", clv=300)
    >>> cross_val_score(LogisticRegression(), X, X[:, 0] > 1, scoring=scorer, cv=2).round(1)
    array([12. , 11.9])
    """
    return _empc(y_true, y_score, clv, incentive, contact_cost, alpha, beta, sample_weight)[0]


def empc_fraction(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    clv: float = 200.0,
    incentive: float = 10.0,
    contact_cost: float = 1.0,
    alpha: float = 6.0,
    beta: float = 14.0,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Return the share of the base that the most profitable campaign contacts, averaged as `empc_score` is.

    Parameters
    ----------
    y_true, y_score, clv, incentive, contact_cost, alpha, beta, sample_weight
        As in `empc_score`.

    Returns
    -------
    float
        Share of the customers to contact, 0 to 1.

    Raises
    ------
    InputError
        As in `empc_score`.

    Notes
    -----
    Verbraken, Verbeke and Baesens (2013), equation (13).

    Examples
    --------
    >>> from customer_value.churn import empc_fraction
    >>> churned = [0, 1, 0, 1, 0, 1, 0, 1]
    >>> round(empc_fraction(churned, [0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9]), 4)
    0.8744
    """
    return _empc(y_true, y_score, clv, incentive, contact_cost, alpha, beta, sample_weight)[1]


def mpc_score(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    clv: float = 200.0,
    incentive: float = 10.0,
    contact_cost: float = 1.0,
    acceptance: float = 0.3,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Return the maximum profit of a retention campaign that a churn score steers, for one acceptance rate (MPC).

    Parameters
    ----------
    y_true, y_score, clv, incentive, contact_cost, sample_weight
        As in `empc_score`.
    acceptance : float
        Probability that someone who would leave takes the offer and stays, 0 to 1.

    Returns
    -------
    float
        Profit per customer of the base, contacted or not; 0 or above.

    Raises
    ------
    InputError
        As in `empc_score`.

    See Also
    --------
    mpc_fraction : the share of the base that this campaign contacts.

    Notes
    -----
    Verbraken, Verbeke and Baesens (2013), equation (8).

    Examples
    --------
    >>> from customer_value.churn import mpc_score
    >>> mpc_score([0, 1, 0, 1, 0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9])
    23.875
    """
    return _mpc(y_true, y_score, clv, incentive, contact_cost, acceptance, sample_weight)[0]


def mpc_fraction(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    clv: float = 200.0,
    incentive: float = 10.0,
    contact_cost: float = 1.0,
    acceptance: float = 0.3,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Return the share of the base that the campaign of `mpc_score` contacts; the smallest of equally good ones.

    Parameters
    ----------
    y_true, y_score, clv, incentive, contact_cost, acceptance, sample_weight
        As in `mpc_score`.

    Returns
    -------
    float
        Share of the customers to contact, 0 to 1.

    Raises
    ------
    InputError
        As in `empc_score`.

    Examples
    --------
    >>> from customer_value.churn import mpc_fraction
    >>> mpc_fraction([0, 1, 0, 1, 0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9])
    0.875
    """
    return _mpc(y_true, y_score, clv, incentive, contact_cost, acceptance, sample_weight)[1]


def expected_maximum(
    corners: tuple[Floats, Floats], *, clv: float, incentive: float, contact_cost: float, alpha: float, beta: float
) -> tuple[float, float]:
    """Profit and share contacted, from the churners and the others at each corner of the hull."""
    left, stayed = corners
    customers = left[-1] + stayed[-1]
    # Corner i is best between the rates at which reaching it, and then going on to the next, begins to pay.
    with np.errstate(divide="ignore", invalid="ignore"):
        others_per_churner = np.diff(stayed) / np.diff(left)
        pays = ((incentive + contact_cost) * others_per_churner + contact_cost) / (clv - incentive)
    pays = np.where(np.diff(left) > 0, pays, np.inf)
    rates = np.clip(np.concatenate(([0.0], np.maximum.accumulate(pays), [1.0])), 0, 1)
    share = np.diff(betainc(alpha, beta, rates))  # of the acceptance rates for which each corner is best
    mean = alpha / (alpha + beta) * np.diff(betainc(alpha + 1, beta, rates))  # their sum: rate x density over the span
    profit = (mean * (clv - incentive) - share * contact_cost) @ left - share @ stayed * (incentive + contact_cost)
    return float(profit / customers), float(share @ (left + stayed) / customers)


def maximum(
    corners: tuple[Floats, Floats], *, clv: float, incentive: float, contact_cost: float, acceptance: float
) -> tuple[float, float]:
    """Profit and share contacted at one acceptance rate, from the same."""
    left, stayed = corners
    customers = left[-1] + stayed[-1]
    profit = (acceptance * (clv - incentive) - contact_cost) * left - (incentive + contact_cost) * stayed
    best = int(profit.argmax())
    return float(profit[best] / customers), float((left[best] + stayed[best]) / customers)


def campaign_costs(clv: float, incentive: float, contact_cost: float) -> dict[str, float]:
    """Return the costs of a campaign, checked."""
    d = number(incentive, "incentive", low=0)
    costs = {"clv": number(clv, "clv"), "incentive": d, "contact_cost": number(contact_cost, "contact_cost", low=0)}
    if costs["clv"] <= d:
        raise InputError(
            f"clv must be above incentive; got clv={clv!r} and incentive={incentive!r}. Nobody is kept at a profit by "
            "an offer that costs more than the customer is worth."
        )
    return costs


def _empc(
    y_true: ArrayLike,
    y_score: ArrayLike,
    clv: float,
    incentive: float,
    contact_cost: float,
    alpha: float,
    beta: float,
    sample_weight: ArrayLike | None,
) -> tuple[float, float]:
    costs = campaign_costs(clv, incentive, contact_cost)
    a, b = (number(v, n, low=0, open_ends=True) for n, v in (("alpha", alpha), ("beta", beta)))
    _, churners, others = ranked_counts(y_true, y_score, sample_weight)
    return expected_maximum(hull_corners(churners, others), **costs, alpha=a, beta=b)


def _mpc(
    y_true: ArrayLike,
    y_score: ArrayLike,
    clv: float,
    incentive: float,
    contact_cost: float,
    acceptance: float,
    sample_weight: ArrayLike | None,
) -> tuple[float, float]:
    costs = campaign_costs(clv, incentive, contact_cost)
    rate = number(acceptance, "acceptance", low=0, high=1)
    _, churners, others = ranked_counts(y_true, y_score, sample_weight)
    return maximum(hull_corners(churners, others), **costs, acceptance=rate)
