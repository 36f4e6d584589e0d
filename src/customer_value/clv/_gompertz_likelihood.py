"""Likelihood of the GGompertz/NBD with its derivatives, and the odds of having left.

With lambda ~ Gamma(r, alpha) and S the survival function of the gamma/Gompertz lifetime (`_gompertz_integrals`), a
customer with x purchases, the last at t_x, silent until T, has

    L = Gamma(r+x)/Gamma(r) alpha^r [ (alpha+T)^-(r+x) S(T) + int_{t_x}^T (alpha+tau)^-(r+x) S(tau) h(tau) d tau ],
    h(tau) = s b / (1 + (beta-1) e^(-b tau)),

Bemmaor & Glady (2012), eq. 9, derived anew. Both terms are taken relative to (alpha+t_x)^-(r+x) S(t_x): who is alive at
t_x starts afresh with alpha + t_x and beta of his age. The derivatives come from under the integral: means over the
unknown time of leaving, second derivatives with the covariance of the first ones added.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
from numpy.typing import NDArray

from customer_value.clv._gompertz_integrals import NEGLIGIBLE, Path, aged, ageing, march
from customer_value.clv._special import Floats, count_totals, distinct_whole, gamma_ratio, weighted_sums

Params = tuple[Any, ...]

_PIECE = 8192  # rows at a time, so that their arrays stay in the cache
# Rows: the log-likelihood, its gradient, the upper triangle of its Hessian (r, alpha, b, s, beta in order).
_ROWS = (1, 6, 21)
_PAIRS = tuple(combinations_with_replacement(range(5), 2))
_PLACE = {pair: 6 + k for k, pair in enumerate(_PAIRS)}
HESSIAN = np.array([[_PLACE[min(i, j), max(i, j)] for j in range(5)] for i in range(5)])
_R, _ALPHA, _B, _S, _BETA = range(5)
_COUNTED = np.array([0, 1, _PLACE[_R, _R]])  # rows with a part that depends on the count alone


def likelihood_rows(params: Params, x: Floats, t_x: Floats, T: Floats, order: int) -> Floats:
    """Log-likelihood, gradient (order 1) and Hessian (order 2) of each customer, as rows; arguments broadcast."""
    return _in_pieces(_likelihood, params, (x, t_x, T), order)


def likelihood_totals(params: Params, x: Floats, t_x: Floats, T: Floats, weights: Floats) -> Floats:
    """Weighted sums of `likelihood_rows` of order 2 for common parameters; what rests on the count is summed by it."""
    total = np.zeros(_ROWS[2])
    for start in range(0, x.size, _PIECE):
        piece = slice(start, start + _PIECE)
        total += weighted_sums(_timing(params, x[piece], t_x[piece], T[piece], order=2), weights[piece])
    counts, totals = count_totals(x, weights)
    total[_COUNTED] += weighted_sums(np.stack(gamma_ratio(params[0], counts)), totals)
    return total


def log_odds_gone(params: Params, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """Log-odds of having left in (t_x, T] against being alive at T; arguments broadcast."""

    def odds(params: Params, x: Floats, t_x: Floats, T: Floats, order: int) -> Floats:
        path = _path(params, x, t_x)
        return (_log_left(path, T - t_x) - path.log_value(T - t_x))[None, :]

    return np.asarray(_in_pieces(odds, params, (x, t_x, T), order=0)[0])


def _in_pieces(rows: Callable[..., Floats], params: Params, data: tuple[Floats, ...], order: int) -> Floats:
    """Broadcast parameters and data, evaluate `rows` a piece of customers at a time, and give the rows that shape."""
    shape = np.broadcast_shapes(*(np.shape(v) for v in (*params, *data)))
    columns = [np.ravel(np.broadcast_to(np.asarray(v, dtype=np.float64), shape)) for v in data]
    values = [float(p) if np.ndim(p) == 0 else np.ravel(np.broadcast_to(p, shape)) for p in params]
    out = np.empty((_ROWS[order], columns[0].size))
    for start in range(0, columns[0].size, _PIECE):
        piece = slice(start, start + _PIECE)
        here = tuple(p if isinstance(p, float) else p[piece] for p in values)
        out[:, piece] = rows(here, *(c[piece] for c in columns), order=order)
    return out.reshape(-1, *shape)


def _likelihood(params: Params, x: Floats, t_x: Floats, T: Floats, order: int) -> Floats:
    rows = _timing(params, x, t_x, T, order)
    r = params[0]
    if isinstance(r, float):
        counts, places = distinct_whole(x)
        rows[_COUNTED[: order + 1]] += np.stack(gamma_ratio(r, counts)[: order + 1])[:, places]
    else:
        rows[_COUNTED[: order + 1]] += gamma_ratio(r, x)[: order + 1]
    return rows


def _timing(params: Params, x: Floats, t_x: Floats, T: Floats, order: int) -> Floats:
    """All of `likelihood_rows` but the gamma functions."""
    r, alpha, b, s, beta = params
    path, silence = _path(params, x, t_x), T - t_x
    log_stayed = path.log_value(silence)
    rows = np.empty((_ROWS[order], x.size))
    if order:
        log_left, change, covariance, left = _left(path, alpha, beta, t_x, silence, order)
    else:
        log_left = _log_left(path, silence)
    small = np.exp(-np.abs(log_left - log_stayed))
    faded, share, late = ageing(b, beta, t_x)
    rows[0] = np.maximum(log_stayed, log_left) + np.log1p(small)
    rows[0] -= r * np.log1p(t_x / alpha) + x * np.log(alpha + t_x) + s * faded
    if order == 0:
        return rows
    likelier, unlikelier = 1 / (1 + small), small / (1 + small)
    gone = np.where(log_left > log_stayed, likelier, unlikelier)
    there = np.where(log_left > log_stayed, unlikelier, likelier)
    score_left = change + _score(params, x, t_x, faded, share)
    score_left[_B] += 1 / b + t_x * late * (beta - 1)
    score_left[_S] += 1 / s
    score_left[_BETA] -= late
    faded, share, late = ageing(b, beta, T)
    score_stayed = _score(params, x, T, faded, share)
    rows[1:6] = there * score_stayed + gone * score_left
    if order == 1:
        return rows
    gap = score_left - score_stayed
    for k, (i, j) in enumerate(_PAIRS):
        rows[6 + k] = gone * (covariance[k] + there * gap[i] * gap[j])
    for pair, value in _curvature(T, alpha + T, share, late, r + x, alpha, b, s, beta).items():
        rows[_PLACE[pair]] += there * value + gone * left[pair]
    rows[_PLACE[_ALPHA, _ALPHA]] -= r / alpha**2
    rows[_PLACE[_S, _S]] -= gone / s**2
    rows[_PLACE[_B, _B]] -= gone / b**2
    rows[_PLACE[_BETA, _BETA]] -= s / beta**2
    return rows


def _score(params: Params, x: Floats, tau: Floats, faded: Floats, share: Floats) -> Floats:
    """Gradient of ln [alpha^r (alpha+tau)^-(r+x) S(tau)]."""
    r, alpha, b, s, beta = params
    rows = (
        -np.log1p(tau / alpha),
        (r * tau / alpha - x) / (alpha + tau),
        -s * tau * share,
        -faded,
        -s * np.expm1(-b * tau) * share / beta,
    )
    return np.stack(np.broadcast_arrays(*rows))


def _path(params: Params, x: Floats, t_x: Floats) -> Path:
    """Silence after t_x of those who were alive then."""
    r, alpha, b, s, beta = params
    values = (0.0, r + x, alpha + t_x, b, s, aged(b, beta, t_x))
    return Path(*(np.broadcast_to(np.asarray(v, dtype=np.float64), x.shape) for v in values))


def _curvature(
    tau: Floats, A: Floats, share: Floats, late: Floats, a: Any, alpha: Any, b: Any, s: Any, beta: Any
) -> dict[tuple[int, int], Floats]:
    """Second derivatives of ln [alpha^r (alpha+tau)^-a S(tau)], but for those of alpha^r and beta^s alone.

    share = 1/(1 + (beta-1) e^(-b tau)), late = share e^(-b tau). With the hazard as another factor, s in the last
    three is s + 1, and its own derivatives come on top.
    """
    return {
        (_R, _ALPHA): tau / (alpha * A),
        (_ALPHA, _ALPHA): a / A**2,
        (_B, _S): -tau * share,
        (_S, _BETA): -np.expm1(-b * tau) * share / beta,
        (_B, _B): -s * tau**2 * share * late * (beta - 1),
        (_B, _BETA): s * tau * share * late,
        (_BETA, _BETA): s * late**2,
    }


def _ended(path: Path, mass: Floats) -> Callable[[NDArray[np.intp], Floats], NDArray[np.bool_]]:
    """Tell where the path, which bounds all that can still be lost to dropout, is negligible beside the mass."""

    def ended(rows: NDArray[np.intp], u: Floats) -> NDArray[np.bool_]:
        return np.asarray(path[rows].log_value(u) < np.log(mass[rows]) - NEGLIGIBLE)

    return ended


def _log_left(path: Path, silence: Floats) -> Floats:
    """Logarithm of the integral of path times hazard over the silence, -inf where there is none."""
    mass, nothing = np.zeros((2, silence.size))
    for panels in march(path, nothing, nothing, silence, _ended(path, mass)):
        here = path[panels.rows]
        faded, share, _ = ageing(here.b, here.beta, panels.tau)
        log_density = -here.r * np.log1p(panels.tau / here.alpha) - here.s * faded
        mass[panels.rows] += here.s * here.b * (np.exp(log_density) * share * panels.weights).sum(axis=0)
    with np.errstate(divide="ignore"):
        return np.log(mass)


def _left(
    path: Path, alpha: Any, beta: Any, t_x: Floats, silence: Floats, order: int
) -> tuple[Floats, Floats, Floats, dict[tuple[int, int], Floats]]:
    """`_log_left`, and moments of those who left: of their scores, and means of their second derivatives.

    A score is that of path times hazard, less its value at the start of the silence: that keeps the digits of the
    covariance.
    """
    alpha, beta = (np.broadcast_to(np.asarray(v, dtype=np.float64), silence.shape) for v in (alpha, beta))
    lived, share_x = np.exp(-path.b * t_x), 1 / path.beta
    mass, nothing = np.zeros((2, silence.size))
    change, squares = np.zeros((5, silence.size)), np.zeros((15, silence.size))
    curved: dict[tuple[int, int], Floats] = {}
    for panels in march(path, nothing, nothing, silence, _ended(path, mass)):
        rows, u = panels.rows, panels.tau
        here, known, since = path[rows], t_x[rows], lived[rows]
        b, s, A, more = here.b, here.s, here.alpha + u, here.s + 1
        log_bought = np.log1p(u / here.alpha)
        faded, share, late = ageing(b, here.beta, u)
        late *= since
        density = np.exp(-here.r * log_bought - s * faded) * (s * b * share * panels.weights)
        d = np.empty((5, *u.shape))
        np.negative(log_bought, out=d[_R])
        np.divide(here.r * u, here.alpha * A, out=d[_ALPHA])
        d[_B] = u * (1 - more * share) - more * known * (share - share_x[rows])
        np.negative(faded, out=d[_S])
        d[_BETA] = -more * (late - since * share_x[rows])
        mass[rows] += density.sum(axis=0)
        change[:, rows] += np.einsum("nr,knr->kr", density, d)
        if order == 2:
            k = 0
            for i in range(5):
                squares[k : k + 5 - i, rows] += np.einsum("nr,knr->kr", density * d[i], d[i:])
                k += 5 - i
            tau = known + u
            second = _curvature(tau, alpha[rows] + tau, share, late, here.r, alpha[rows], b, more, beta[rows])
            for pair, value in second.items():
                total = curved.setdefault(pair, np.zeros(silence.size))
                total[rows] += np.einsum("nr,nr->r", density, value)
    some = np.where(mass > 0, mass, 1)
    change /= some
    for k, (i, j) in enumerate(_PAIRS):
        squares[k] = squares[k] / some - change[i] * change[j]
    with np.errstate(divide="ignore"):
        return np.log(mass), change, squares, {pair: v / some for pair, v in curved.items()}
