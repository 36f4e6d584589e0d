"""What 90 % intervals cost for a million customers: seconds, and peak memory above the input.

The other way to have them, which Bayesian libraries such as pymc-marketing take, holds one number for each draw and
customer: 4,000 draws of a million customers are 32,000 MB for one quantity. It is measured here on a hundredth of the
customers, since that grows with their number; ours keeps its memory whatever the number of draws.

    python benchmarks/intervals.py [--smoke]
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from _compare import added_memory

import customer_value as cv

CUSTOMERS, DRAWS, WEEKS, LEVEL = 1_000_000, 4000, 52.0, 0.9


def make_summary(customers: int) -> pd.DataFrame:
    log = cv.datasets.simulate_transactions(
        customers, start="1997-01-01", end="1997-09-30", acquired=("1997-01-01", "1997-03-25")
    )
    summary: pd.DataFrame = cv.summarize_customers(log, observation_end="1997-09-30", time_unit="week")
    return summary[["customer_id", "frequency", "recency", "T", "monetary_value", "time_unit"]]


def draws_by_customers(model: cv.clv.BGNBD, draws: np.ndarray, summary: pd.DataFrame) -> np.ndarray:
    """Quantiles over a table of draws x customers."""
    columns = tuple(summary[c].to_numpy(float) for c in ("frequency", "recency", "T"))
    table = np.array([model._expected(tuple(draw), columns, WEEKS) for draw in draws.tolist()])
    return np.quantile(table, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)


def value(summary: pd.DataFrame, *, buying: cv.clv.BGNBD, spend: cv.clv.GammaGamma, **interval: object) -> object:
    return cv.score_clv(
        summary, purchase_model=buying, spend_model=spend, horizon="12 months", margin=0.3, annual_discount_rate=0.1,
        **interval,
    )  # fmt: skip


def row(what: str, work: Callable[[pd.DataFrame], object], summary: pd.DataFrame) -> None:
    start = time.perf_counter()
    work(summary)
    seconds = time.perf_counter() - start
    print(f"| {what} | {len(summary):,} | {seconds:.2f} | {added_memory(work, summary):,.0f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--smoke", action="store_true")
    customers = 5000 if parser.parse_args().smoke else CUSTOMERS
    warnings.simplefilter("ignore", cv.CustomerValueWarning)
    summary = make_summary(customers)
    sample = summary.head(customers // 100)
    model, spend = cv.clv.BGNBD().fit(summary.head(20_000)), cv.clv.GammaGamma().fit(summary.head(20_000))
    drawn = model.posterior_draws(DRAWS)
    by_draws = model.with_uncertainty(drawn)

    print("| what | customers | seconds | MB above the input |")
    print("|---|---|---|---|")
    row("`predict(interval=0.9)`", partial(model.predict, horizon=WEEKS, interval=LEVEL), summary)
    row("the same by 4,000 posterior draws", partial(by_draws.predict, horizon=WEEKS, interval=LEVEL), summary)
    scored = partial(value, buying=model, spend=spend)
    row("`score_clv` without intervals", scored, summary)
    row("`score_clv(interval=0.9)`", partial(scored, interval=LEVEL), summary)
    row("the same by 4,000 posterior draws", partial(scored, buying=by_draws, interval=LEVEL), summary)
    outcome = partial(scored, interval=LEVEL, interval_for="outcome")
    row('`score_clv(interval=0.9, interval_for="outcome")`', outcome, summary)
    row("table of 4,000 draws x customers, one quantity", partial(draws_by_customers, model, drawn.params), sample)


if __name__ == "__main__":
    main()
