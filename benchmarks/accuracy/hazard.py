"""Time to churn against simulated truth with late entry, over many samples and on one big one.

Prints deviations in standard errors (z) of survival at five horizons; fails above the stated limits.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd

from customer_value.churn.cox import CoxModel
from customer_value.churn.hazard import DiscreteTimeHazard
from customer_value.churn.life_tables import life_table

HORIZONS = (3, 6, 12, 24, 36)
BOTH = pd.DataFrame({"x": [0, 1]})
NAMES = {"duration": "time", "event": "left", "features": ["x"]}


def chance(period, x):
    """Probability to leave in a period: the logarithm of its odds is -2.5 - .4 ln(period) + .7 x."""
    return 1 / (1 + np.exp(2.5 + 0.4 * np.log(period) - 0.7 * x))


def customers(n, seed):
    """Customers seen from a late entry on, for 6 to 39 periods; those who left before it are not seen."""
    rng = np.random.default_rng(seed)
    x, entry = rng.integers(0, 2, n), rng.integers(0, 10, n)
    period = np.arange(1, 61)
    stays = np.cumprod(1 - chance(period[:, None], np.array([0, 1])), axis=0)
    life = 1 + np.array([np.searchsorted(-stays[:, v], -u) for v, u in ((0, rng.random(n)), (1, rng.random(n)))])
    life = np.where(x == 1, life[1], life[0])
    end = np.minimum(entry + rng.integers(6, 40, n), 60)
    seen = pd.DataFrame({"x": x, "entry": entry, "time": np.minimum(life, end), "left": life <= end})
    return seen[life > entry]


def deviations(model):
    """Deviation of survival from the truth in standard errors, on the scale of log(-log S)."""
    z = []
    for horizon in HORIZONS:
        told = model.predict(BOTH, horizon, interval=0.6826894921)
        middle, upper = (np.log(-np.log1p(-told[c])) for c in ("churn_probability", "churn_probability_upper"))
        truth = np.array([-np.log1p(-chance(np.arange(1, horizon + 1), x)).sum() for x in (0, 1)])
        z.append((middle - np.log(truth)) / (upper - middle))
    return np.concatenate(z)


def samples(make, count):
    """Mean, spread and share within two standard errors over many samples."""
    z = np.array([deviations(make(customers(5000, seed))) for seed in range(count)])
    return {
        "largest mean z": np.abs(z.mean(axis=0)).max(),
        "spread of z, from 1": np.abs(z.std(axis=0) - 1).max(),
        "share beyond two errors": (np.abs(z) > 2).mean(),
    }


def big(n):
    """One big sample, in seconds and standard errors."""
    seen = customers(n, 0)
    begun = time.time()
    model = DiscreteTimeHazard().fit(seen, entry="entry", **NAMES)
    took = time.time() - begun
    wrong = DiscreteTimeHazard().fit(seen, **NAMES)
    print(f"  {len(seen):,} customers seen, {model.n_person_periods_:,.0f} person-periods: {took:.1f} s")
    print(f"  z: {deviations(model).round(2).tolist()}")
    print(f"  z where entry is left out: {deviations(wrong).round(0).tolist()}")
    return {"largest z": np.abs(deviations(model)).max()}


def days(n):
    """Continuous time at a constant rate, entry and last sight on any day: relative error of S by width of period."""
    rng = np.random.default_rng(1)
    life, entry = rng.exponential(20, n), np.where(rng.random(n) < 0.5, 0, rng.uniform(0, 30, n))
    end = entry + rng.uniform(0, 40, n)
    seen = pd.DataFrame({"entry": entry, "time": np.minimum(life, end), "left": life <= end})[life > entry]
    errors = {}
    for width in (0.25, 1.0, 4.0):
        table = life_table(seen, duration="time", event="left", entry="entry", width=width).set_index("time_to")
        told = np.array([table["survival"][float(t)] for t in (4, 12, 20, 40)])
        errors[f"S of a life table, width {width:g}"] = np.abs(told / np.exp(-np.array([4, 12, 20, 40]) / 20) - 1).max()
    few = seen.head(n // 10).assign(
        time=lambda f: np.ceil(f["time"] * 4) / 4, x=rng.integers(0, 2, min(n // 10, len(seen)))
    )
    few = few[few["entry"] < few["time"]]
    told = CoxModel().fit(few, entry="entry", **NAMES).predict(BOTH, 20, interval=0.6826894921)
    off = np.log(-np.log1p(-told["churn_probability"]))
    errors["z of a Cox model's S(20)"] = np.abs(off / (np.log(-np.log1p(-told["churn_probability_upper"])) - off)).max()
    return errors


def main():
    begun, failed = time.time(), False
    size = 20 if "--smoke" in sys.argv else 1
    limits = {"largest mean z": 0.3, "spread of z, from 1": 0.2, "share beyond two errors": 0.065, "largest z": 3.0}
    limits |= {"S of a life table, width 4": 0.02, "z of a Cox model's S(20)": 3.0}
    fit = {
        baseline: lambda seen, baseline=baseline: DiscreteTimeHazard(baseline=baseline).fit(
            seen, entry="entry", **NAMES
        )
        for baseline in ("log", "spline")
    }
    stages = {
        "hazard, log": lambda: samples(fit["log"], 300 // size),
        "hazard, spline": lambda: samples(fit["spline"], 300 // size),
        "Cox": lambda: samples(lambda seen: CoxModel().fit(seen, entry="entry", **NAMES), 150 // size),
        "big": lambda: big(1_000_000 // size),
        "parts of periods": lambda: days(400_000 // size),
    }
    for title, stage in stages.items():
        for what, error in stage().items():
            most = limits.get(what, 0.01) * (1 if size == 1 else 4)
            failed |= not error < most
            print(f"{title:18} {what:36} {error:9.4f}  {'ok' if error < most else f'ABOVE {most}'}", flush=True)
    print(f"{time.time() - begun:.0f} s")
    sys.exit(failed)


if __name__ == "__main__":
    main()
