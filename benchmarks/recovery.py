"""Recovery: cohorts simulated from known parameters over a wide grid, fitted here and by lifetimes.

For each model: how many fits converge, how many say that the data do not identify a parameter (boundary, ridge), how
far estimates lie from the truth, in standard errors and in what is told of a new customer (repeat purchases within as
long as was observed; the population's mean spend; survival to twice the periods observed). The same cohorts go through
lifetimes where it has the model; its optimum is put into our likelihood. Cohorts that a fit refuses with an InputError
(no one comes back, no one leaves a contract) are drawn again and counted.

A fit that does not converge, or that ends 1e-3 or more below lifetimes', is an error.

    python benchmarks/recovery.py [--cohorts 500] [--models BG/NBD ...] [--smoke]

The table in README.md is of 500 cohorts each, half an hour; without an argument there are 100.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from _cohorts import MODELS, Case, Cohort

from customer_value.errors import ConvergenceError, InputError

COHORTS = 100
WORSE = 1e-3  # of log-likelihood
HEADER = """| model | cohorts (redrawn) | converged | boundary | ridge | bias in s.e. | within 2 | told: bias, spread \
| lifetimes: gave up | ended below | cohorts | CPU s ours / lifetimes |
|---|---|---|---|---|---|---|---|---|---|---|---|"""


@dataclass
class Tally:
    """What was seen over the cohorts of one model."""

    name: str
    cohorts: int = 0
    redrawn: int = 0
    failed: list[dict[str, float]] = field(default_factory=list)
    boundary: int = 0
    ridge: int = 0
    errors: list[list[float]] = field(default_factory=list)  # of log parameters, in standard errors
    told: list[float] = field(default_factory=list)  # logs of estimate over truth
    peers: int = 0
    gave_up: int = 0
    below: int = 0
    beaten: list[dict[str, float]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=lambda: [0.0, 0.0])

    def line(self) -> str:
        """Return the row of the table."""
        errors = np.array(self.errors)
        bias = np.nanmedian(errors, axis=0) if errors.size else np.array([np.nan])
        known = np.abs(errors[np.isfinite(errors)])
        told = np.array(self.told)[np.isfinite(self.told)]
        spread = np.quantile(np.abs(told), 0.9) if told.size else np.nan
        peer = f"{self.gave_up} | {self.below} | {self.peers}" if self.peers else " | | "
        return (
            f"| {self.name} | {self.cohorts} ({self.redrawn}) | {self.cohorts - len(self.failed)} | {self.boundary} | "
            f"{self.ridge} | {', '.join(f'{b:+.2f}' for b in bias)} | {(known < 2).mean():.0%} | "
            f"{100 * np.expm1(np.median(told)):+.2f}, {100 * spread:.1f} | {peer} | "
            f"{self.seconds[0]:.1f} / {self.seconds[1]:.1f} |"
        )


def recover(name: str, case: Case, cohorts: int, seed: int = 0) -> Tally:
    """Draw the cohorts of one model and fit them all."""
    tally, rng = Tally(name), np.random.default_rng(seed)
    for number, features in enumerate(case.features(cohorts, seed)):
        cohort, ours = fitted(case, features, rng, tally)
        tally.cohorts += 1
        if ours is not None:
            compare_with_truth(case, cohort, ours, tally)
        if case.lifetimes is not None and number % case.lifetimes_every == 0:
            compare_with_lifetimes(case, cohort, ours, tally)
    return tally


def fitted(case: Case, features: dict[str, float], rng: np.random.Generator, tally: Tally) -> tuple[Cohort, Any]:
    """Return a cohort that can be fitted, and the fit; None where it does not converge."""
    while True:
        cohort = case.cohort(features, rng)
        start = time.process_time()
        try:
            return cohort, case.fit(cohort.frame)
        except InputError:
            tally.redrawn += 1
        except ConvergenceError:
            tally.failed.append(cohort.params)
            return cohort, None
        finally:
            tally.seconds[0] += time.process_time() - start


def compare_with_truth(case: Case, cohort: Cohort, ours: Any, tally: Tally) -> None:
    tally.boundary += bool(ours.diagnostics_["boundary"])
    tally.ridge += bool(ours.diagnostics_["ridge"])
    spread = np.sqrt(np.diag(ours._log_covariance))
    logs = np.log([ours.params_[p] / cohort.params[p] for p in ours.params_])
    tally.errors.append((logs / spread).tolist())
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = case.told(ours, cohort.length) / case.told(case.given(cohort.params), cohort.length)
        tally.told.append(float(np.log(ratio)))


def compare_with_lifetimes(case: Case, cohort: Cohort, ours: Any, tally: Tally) -> None:
    start = time.process_time()
    theirs = case.fit_lifetimes(cohort.frame)
    tally.seconds[1] += time.process_time() - start
    tally.peers += 1
    if theirs is None:
        tally.gave_up += 1
        return
    gain = ours.log_likelihood_ - log_likelihood(case, theirs, cohort) if ours is not None else -np.inf
    tally.below += bool(gain > WORSE)
    if gain < -WORSE:
        tally.beaten.append(cohort.params)


def log_likelihood(case: Case, params: dict[str, float], cohort: Cohort) -> float:
    model = case.given(params)
    return float(model._log_likelihood(model._theta, *case.columns(cohort.frame)).sum())


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohorts", type=int, default=COHORTS, help="of each model")
    parser.add_argument("--models", nargs="+", choices=list(MODELS), default=list(MODELS))
    parser.add_argument("--smoke", action="store_true", help="a few cohorts, to see that it runs")
    options = parser.parse_args(arguments)
    print(HEADER)
    tallies = []
    for name in options.models:
        tallies.append(recover(name, MODELS[name], 4 if options.smoke else options.cohorts))
        print(tallies[-1].line(), flush=True)
    wrong = [f"{t.name}, {what}: {p}" for t in tallies for what in ("failed", "beaten") for p in getattr(t, what)]
    if wrong:
        raise SystemExit("\n".join(["", *wrong]))


if __name__ == "__main__":
    main()
