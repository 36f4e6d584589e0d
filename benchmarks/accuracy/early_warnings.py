"""Share of false warnings of `early_warnings` on simulated customers: constant rates, some gone, regular and bursty.

The level that is promised (false discovery rate `q`) holds for purchases at random times with constant rates, also
where some customers have left. Fails above it by more than three standard errors. Regular and bursty buyers are shown,
not judged. `--smoke` takes a tenth of the worlds.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd

from customer_value.churn import early_warnings

CUTOFF = np.datetime64("2026-01-01")
WINDOW, BASELINE = 90, 365
SPAN = WINDOW + BASELINE
Q = 0.1
CUSTOMERS = 300

rng = np.random.default_rng(19400313)


def gaps_of(kind, rate, n):
    """Gaps in days between purchases at a yearly rate: at random, regular (Erlang 4), or in bursts."""
    mean = 365 / rate
    if kind == "regular":
        return rng.gamma(4, mean / 4, n)
    if kind == "bursty":  # three of four gaps are a fifth of the mean, the fourth makes up for them
        return np.where(rng.random(n) < 0.75, rng.exponential(mean / 5, n), rng.exponential(mean * 3.4, n))
    return rng.exponential(mean, n)


def world(kind, gone):
    """A log of customers with rates of their own; the first `gone` of them stop when the recent window begins."""
    rows = []
    for customer, rate in enumerate(rng.gamma(2, 8, CUSTOMERS)):
        end = BASELINE if customer < gone else SPAN
        days = np.cumsum(gaps_of(kind, rate + 0.5, int(4 * rate) + 20)) - 200  # a run-up, so that day 0 is any day
        days = np.concatenate([[-1], days[(days >= 0) & (days < end)]])
        rows.append(pd.DataFrame({"customer_id": customer, "date": CUTOFF - SPAN + np.floor(days).astype(int)}))
    return pd.concat(rows, ignore_index=True).assign(amount=1.0)


def run(kind, gone, worlds, dispersion):
    """Mean share of false warnings with its standard error, and the share of those gone that were found."""
    false, found = [], []
    for _ in range(worlds):
        warned = early_warnings(
            world(kind, gone), cutoff=CUTOFF, q=Q, dispersion=dispersion, observation_end="2025-12-31"
        )
        who = warned.loc[warned["warning"], "customer_id"].to_numpy()
        false.append((who >= gone).sum() / max(who.size, 1))
        found.append((who < gone).sum() / gone if gone else np.nan)
    return np.mean(false), np.std(false) / np.sqrt(worlds), np.mean(found)


def main():
    worlds = 10 if "--smoke" in sys.argv else 100
    failed = False
    print(f"{worlds} worlds of {CUSTOMERS} customers, tolerated share of false warnings {Q}")
    cases = (("at random", "estimate"), ("regular", "estimate"), ("bursty", "estimate"), ("bursty", 1.0))
    for kind, dispersion in cases:
        for gone in (0, 30):
            began = time.perf_counter()
            false, error, found = run(kind, gone, worlds, dispersion)
            told = f", found {found:.0%} of those gone" if gone else ""
            seconds = time.perf_counter() - began
            how = f"{kind}, dispersion {dispersion}"
            print(f"  {how:30} {gone:2} gone: false {false:.3f} (standard error {error:.3f}){told}; {seconds:.0f} s")
            failed |= kind == "at random" and false > Q + 3 * max(error, 1e-3)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
