"""Tiers of ten million customers, against pandas code and polars expressions that do the same.

A, B and C by cumulative share: pandas and polars sort the customers, add up and cut, as notebooks do, so that equal
scores at a cut are torn apart by their position; all others must agree. Fixed thresholds: nested conditions, labels
only and then with the reason of each customer, "clv 435 >= 100, < 900"; labels and texts must all be equal.

    python benchmarks/tiers.py [--smoke] [--customers N] [--rounds N]
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from _libraries import Work, read_options, run_all

import customer_value as cv

CUSTOMERS, ROUNDS, FLOOR = 10_000_000, 3, 2.0
CUTS, HIGH, LOW = (0.8, 0.95), 900, 100
NAMES = ["A", "B", "C"]
ORDERED = pd.CategoricalDtype(NAMES, ordered=True)
RULES = {"A": " >= 900", "B": " >= 100, < 900", "C": " < 100"}
FIXED = cv.segments.tiers.thresholds((HIGH, LOW))


def make_customers(n: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({"customer_id": np.arange(n), "clv": np.round(rng.lognormal(4, 2, n), 2)})


# ---- ours -------------------------------------------------------------------------------------------------------


def ours_abc(frame: Any) -> Any:
    return cv.assign_tiers(frame, reasons=False)


def ours_fixed(frame: Any, reasons: bool = False) -> Any:
    return cv.assign_tiers(frame, scheme=FIXED, reasons=reasons)


# ---- pandas -----------------------------------------------------------------------------------------------------


def pandas_abc(frame: pd.DataFrame) -> pd.DataFrame:
    falling = frame["clv"].sort_values(ascending=False)
    before = (falling.cumsum() - falling) / falling.sum()
    tiers = np.select([before < CUTS[0], before < CUTS[1]], [0, 1], 2)
    codes = pd.Series(tiers, index=falling.index).sort_index()
    return frame.assign(tier=pd.Categorical.from_codes(codes, dtype=ORDERED))


def pandas_fixed(frame: pd.DataFrame, reasons: bool = False) -> pd.DataFrame:
    codes = np.select([frame["clv"] >= HIGH, frame["clv"] >= LOW], [0, 1], 2)
    tiered = frame.assign(tier=pd.Categorical.from_codes(codes, dtype=ORDERED))
    if not reasons:
        return tiered
    number = np.floor(frame["clv"]).astype("int64").astype("str")
    return tiered.assign(tier_reason="clv " + number + tiered["tier"].map(RULES).astype("str"))


# ---- polars -----------------------------------------------------------------------------------------------------


def polars_abc(frame: pl.DataFrame) -> pl.DataFrame:
    clv = pl.col("clv")
    before = ((clv.sort(descending=True).cum_sum() - clv.sort(descending=True)) / clv.sum()).gather(
        clv.rank("ordinal", descending=True) - 1
    )
    return frame.lazy().with_columns(tier=labels(before < CUTS[0], before < CUTS[1])).collect()


def polars_fixed(frame: pl.DataFrame, reasons: bool = False) -> pl.DataFrame:
    clv = pl.col("clv")
    lazy = frame.lazy().with_columns(tier=labels(clv >= HIGH, clv >= LOW))
    if reasons:
        rule = pl.when(clv >= HIGH).then(pl.lit(RULES["A"])).when(clv >= LOW).then(pl.lit(RULES["B"]))
        number = clv.floor().cast(pl.Int64).cast(pl.String)
        lazy = lazy.with_columns(tier_reason=pl.concat_str(pl.lit("clv "), number, rule.otherwise(pl.lit(RULES["C"]))))
    return lazy.collect()


def labels(first: pl.Expr, second: pl.Expr) -> pl.Expr:
    best, next_best, others = (pl.lit(name, dtype=pl.Enum(NAMES)) for name in NAMES)
    return pl.when(first).then(best).when(second).then(next_best).otherwise(others)


# ---- the comparison ---------------------------------------------------------------------------------------------


WORK = [
    Work("A, B, C by cumulative share", ours_abc, pandas_abc, polars_abc, FLOOR),
    Work("fixed thresholds", ours_fixed, pandas_fixed, polars_fixed),
    Work(
        "fixed thresholds, with reasons",
        partial(ours_fixed, reasons=True),
        partial(pandas_fixed, reasons=True),
        partial(polars_fixed, reasons=True),
    ),
]


def require_agreement(customers: pd.DataFrame) -> None:
    """Raise unless all contenders give the same tiers; by share, but for equal scores at a cut."""
    other = pl.from_pandas(customers)
    fixed = ours_fixed(customers, reasons=True)
    texts = fixed.astype("str")
    if not texts.equals(pandas_fixed(customers, reasons=True).astype("str")):
        raise SystemExit("pandas: tiers or reasons by thresholds differ from ours")
    if not ours_fixed(other, reasons=True).equals(polars_fixed(other, reasons=True)):
        raise SystemExit("polars: tiers or reasons by thresholds differ from ours")
    ours = ours_abc(customers)["tier"].astype("str")
    at_cuts = customers["clv"].groupby(ours).min()[["A", "B"]]
    at_cuts = {*at_cuts, *customers["clv"].groupby(ours).max()[["B", "C"]]}
    theirs = {
        "pandas": pandas_abc(customers)["tier"].astype("str"),
        "polars": polars_abc(other)["tier"].cast(pl.String).to_pandas(),
    }
    for what, tiers in theirs.items():
        differ = tiers.to_numpy() != ours.to_numpy()
        if not set(customers.loc[differ, "clv"]) <= at_cuts:
            raise SystemExit(f"{what}: tiers by share differ from ours")
        print(f"{what}: {differ.sum()} of {len(ours):,} customers, equal to others at a cut, are in another tier")


def main() -> None:
    n, rounds = read_options(__doc__, CUSTOMERS, ROUNDS)
    customers = make_customers(n)
    require_agreement(customers.head(100_000))
    run_all(((work, customers) for work in WORK), rounds)


if __name__ == "__main__":
    main()
