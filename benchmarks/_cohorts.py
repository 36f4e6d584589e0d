"""Simulated cohorts for recovery.py and hard_data.py: one entry of MODELS per model.

A cohort is drawn from the model itself, at parameters that come from quantities one can picture: purchases per customer
within the observation if no one left, the share who leave, how much customers differ. These lie in a range each, on a
log scale, spread by a Latin hypercube.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import qmc

from customer_value import clv

Floats = NDArray[np.float64]
Features = dict[str, float]
Range = tuple[float, float]

CUSTOMERS: Range = (300, 3000)
WEEKS: Range = (26, 156)
RATE = {"mean": (0.2, 20.0), "r": (0.2, 4.0)}  # mean purchases within the observation, if no one left
COIN = {"leave": (0.02, 0.6), "sure": (0.5, 20.0)}  # mean dropout probability a/(a+b), and a + b
STAGGER = 0.3  # share of the observation over which customers arrive


@dataclass(frozen=True)
class Cohort:
    """Customers drawn from known parameters, as a frame that `fit` takes."""

    params: dict[str, float]
    frame: pd.DataFrame
    length: float


@dataclass(frozen=True)
class Case:
    """A model, where its parameters lie, and how a cohort of it is drawn."""

    model: Any
    ranges: Mapping[str, Range]
    params: Callable[[Features], dict[str, float]]
    draw: Callable[[Any, Features, np.random.Generator], pd.DataFrame]
    told: Callable[[Any, float], float]  # what is told of a new customer: a fitted model and the length of observation
    lifetimes: str | None = None  # its fitter in lifetimes
    lifetimes_every: int = 1  # cohorts per one that lifetimes is given: where it takes seconds

    def given(self, params: Mapping[str, float]) -> Any:
        return type(self.model).from_params(**self.model.get_params(), **params)

    def cohort(self, features: Features, rng: np.random.Generator) -> Cohort:
        params = self.params(features)
        return Cohort(params, self.draw(self.given(params), features, rng), features["length"])

    def features(self, n: int, seed: int) -> list[Features]:
        """Spread `n` points over the ranges, evenly in each of them on a log scale."""
        low, high = (np.log([r[i] for r in self.ranges.values()]) for i in (0, 1))
        points = np.exp(low + qmc.LatinHypercube(low.size, rng=seed).random(n) * (high - low))
        return [dict(zip(self.ranges, point, strict=True)) for point in points.tolist()]

    def fit(self, frame: pd.DataFrame) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what the data do not identify: diagnostics_ counts it
            return type(self.model)(**self.model.get_params()).fit(frame)

    def columns(self, frame: pd.DataFrame) -> tuple[Floats, ...]:
        """Columns of the likelihood."""
        if not self.model._columns:  # a contract model's
            return tuple(frame[name].to_numpy(dtype=np.float64) for name in ("period", "lost", "renewed"))
        if isinstance(self.model, clv.GammaGamma):
            frame = frame[frame["frequency"] > 0]
        return tuple(frame[name].to_numpy(dtype=np.float64) for name in self.model._columns)

    def fit_lifetimes(self, frame: pd.DataFrame) -> dict[str, float] | None:
        """Parameters that lifetimes finds; None where it gives up or ends in no number."""
        import lifetimes

        assert self.lifetimes is not None
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):  # it prints where it fails
            warnings.simplefilter("ignore")  # it takes logarithms of negative numbers on its way
            try:
                fitter = getattr(lifetimes, self.lifetimes)().fit(*self.columns(frame))
            except Exception:  # it raises errors of its own and of every library below it
                return None
        found = dict(fitter.params_)
        return found if all(np.isfinite(v) and v > 0 for v in found.values()) else None


# ---- what is drawn ------------------------------------------------------------------------------------------------


def buyers(model: Any, features: Features, rng: np.random.Generator) -> pd.DataFrame:
    """Customers who arrive over the first third of the observation and buy as the model says."""
    n, length = round(features["customers"]), features["length"]
    T = length * (1 - STAGGER * rng.random(n))
    if "opportunities" in model._columns:
        T = np.round(T)
    return summary(*model._draw_purchases(model._theta, T, rng), T)


def summary(customer: NDArray[np.intp], time: Floats, T: Floats) -> pd.DataFrame:
    """Summary of repeat purchases that come by customer and time."""
    n = T.size
    x = np.bincount(customer, minlength=n)
    recency = np.zeros(n)
    np.maximum.at(recency, customer, time)
    first = np.concatenate([[True], customer[1:] != customer[:-1]])[: time.size]
    wait = np.where(first, time, time - np.concatenate([[0.0], time])[: time.size])
    logs = np.bincount(customer, np.log(wait), n)
    return pd.DataFrame({"frequency": x, "recency": recency, "T": T, "opportunities": T, "log_intervals": logs})


def spenders(model: Any, features: Features, rng: np.random.Generator) -> pd.DataFrame:
    """Customers' means of as many amounts as a negative binomial gives them."""
    n = round(features["customers"])
    x = rng.poisson(rng.gamma(features["r"], features["mean"] / features["r"], n))
    total = model._draw_spend(model._theta, np.zeros(n), np.zeros(n), np.maximum(x, 1.0), rng)
    return pd.DataFrame({"frequency": x, "monetary_value": np.where(x > 0, total / np.maximum(x, 1), np.nan)})


def subscribers(model: Any, features: Features, rng: np.random.Generator) -> pd.DataFrame:
    """Renewal table of one cohort."""
    n, periods = round(features["customers"]), round(features["length"])
    table: pd.DataFrame = model.simulate(n, periods, random_state=int(rng.integers(2**31)))
    return table.assign(renewed=table["at_risk"] - table["lost"])


# ---- where the parameters lie -------------------------------------------------------------------------------------


def of_rate(f: Features) -> dict[str, float]:
    return {"r": f["r"], "alpha": f["r"] * f["length"] / f["mean"]}


def of_coin(f: Features, a: str = "a", b: str = "b") -> dict[str, float]:
    return {a: f["leave"] * f["sure"], b: (1 - f["leave"]) * f["sure"]}


def erlang(k: int) -> Callable[[Features], dict[str, float]]:
    return lambda f: of_rate(f | {"length": f["length"] / k}) | of_coin(f)


def purchases(model: Any, length: float) -> float:
    """Expected repeat purchases of a new customer within as long as was observed."""
    return float(model._expected_purchases_new(model._theta, np.array([float(round(length))]))[0])


def mean_spend(model: Any, length: float) -> float:
    return float(model._population_mean(model._theta))


def still_there(model: Any, length: float) -> float:
    """Share of a cohort that is left after twice the periods observed."""
    return float(np.exp(model._log_kept(model._theta, np.zeros(1), np.array([2.0 * round(length)])))[0])


OBSERVED = {"length": WEEKS, "customers": CUSTOMERS}
REGULAR = RATE | COIN | OBSERVED

MODELS: dict[str, Case] = {
    "NBD": Case(clv.NBD(), RATE | OBSERVED, of_rate, buyers, purchases),
    "BG/NBD": Case(
        clv.BGNBD(), RATE | COIN | OBSERVED, lambda f: of_rate(f) | of_coin(f), buyers, purchases, "BetaGeoFitter"
    ),
    "MBG/NBD": Case(
        clv.MBGNBD(),
        RATE | COIN | OBSERVED,
        lambda f: of_rate(f) | of_coin(f),
        buyers,
        purchases,
        "ModifiedBetaGeoFitter",
    ),
    "Pareto/NBD": Case(
        clv.ParetoNBD(),
        RATE | OBSERVED | {"s": (0.2, 4.0), "patience": (0.1, 10.0)},
        lambda f: of_rate(f) | {"s": f["s"], "beta": f["patience"] * f["length"]},
        buyers,
        purchases,
        "ParetoNBDFitter",
        lifetimes_every=5,
    ),
    "GGompertz/NBD": Case(
        clv.GGompertzNBD(),
        RATE | OBSERVED | {"age": (0.3, 10.0), "s": (0.2, 3.0), "beta": (0.3, 30.0)},
        lambda f: of_rate(f) | {"b": f["age"] / f["length"], "s": f["s"], "beta": f["beta"]},
        buyers,
        purchases,
    ),
    "BG/CNBD-2": Case(clv.BGCNBD(k=2), REGULAR, erlang(2), buyers, purchases),
    "MBG/CNBD-3": Case(clv.MBGCNBD(k=3), REGULAR, erlang(3), buyers, purchases),
    "BG/BB": Case(
        clv.BGBB(),
        COIN | {"buy": (0.05, 0.8), "alike": (0.5, 10.0), "length": (4, 40), "customers": CUSTOMERS},
        lambda f: of_coin({"leave": f["buy"], "sure": f["alike"]}, "alpha", "beta") | of_coin(f, "gamma", "delta"),
        buyers,
        purchases,
        "BetaGeoBetaBinomFitter",
    ),
    "Gamma-Gamma": Case(
        clv.GammaGamma(),
        RATE | OBSERVED | {"p": (0.5, 20.0), "q": (1.5, 8.0), "spend": (5.0, 500.0)},
        lambda f: {"p": f["p"], "q": f["q"], "v": f["spend"] * (f["q"] - 1) / f["p"]},
        spenders,
        mean_spend,
        "GammaGammaFitter",
    ),
    "sBG": Case(
        clv.ShiftedBetaGeometric(),
        COIN | {"length": (4, 24), "customers": CUSTOMERS},
        lambda f: of_coin(f, "alpha", "beta"),
        subscribers,
        still_there,
    ),
    "BdW": Case(
        clv.BetaDiscreteWeibull(),
        COIN | {"c": (0.4, 2.0), "length": (4, 24), "customers": CUSTOMERS},
        lambda f: of_coin(f, "gamma", "delta") | {"c": f["c"]},
        subscribers,
        still_there,
    ),
}
