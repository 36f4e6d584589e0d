"""RFM scores and the ten segments of ten million customers, against pandas' qcut and against polars expressions.

Three pieces of work. Fit and score: edges from the customers themselves, by the treatment of ties that the contender
has, so that all scores can be held equal: pandas cuts R and M with `qcut` and F by its rank with ties broken by
position, as notebooks do (R and M are equal to ours, F cannot be); polars sums comparisons with quantiles. Known
edges: last month's scheme, `cut` in pandas, comparisons in polars. Segments: a label and its reason for each customer
from his scores; pandas and polars look the label up in a table of 25 cells and give no reason.

    python benchmarks/rfm.py [--smoke] [--customers N] [--rounds N]
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from _libraries import Work, read_options, run_all

import customer_value as cv

CUSTOMERS, ROUNDS, FLOOR = 10_000_000, 3, 3.0
SHARES = (0.2, 0.4, 0.6, 0.8)
COLUMNS = {"r_score": "time_since_last", "f_score": "purchases", "m_score": "total_value"}
EDGES = {"r": (350.0, 210.0, 110.0, 40.0), "f": (2.0, 3.0, 5.0, 8.0), "m": (9.5, 16.5, 27.5, 49.5)}
LABELS = cv.segments.TEN_SEGMENTS.labels["en"]


def make_customers(n: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "customer_id": np.arange(n),
            "time_since_last": rng.integers(0, 730, n),
            "purchases": rng.geometric(0.3, n),
            "total_value": np.round(rng.lognormal(3, 1, n), 2),
        }
    )


def table_of_cells() -> dict[int, str]:
    """The name of each cell 10 R + F, by the library's own rules."""
    r, f = np.meshgrid(range(1, 6), range(1, 6))
    cells = pd.DataFrame({"r_score": r.ravel(), "f_score": f.ravel()})
    named = cv.assign_segments(cells)
    return dict(zip(10 * cells["r_score"] + cells["f_score"], named["segment"].astype(str), strict=True))


CELLS = table_of_cells()


# ---- ours -------------------------------------------------------------------------------------------------------


def ours_fit(frame: Any, ties: Any = "mid") -> Any:
    return cv.score_rfm(frame, ties=ties)


def ours_known(frame: Any) -> Any:
    return cv.score_rfm(frame, scheme=cv.segments.RFMScheme(EDGES))


def ours_segments(scored: Any) -> Any:
    return cv.assign_segments(scored)


# ---- pandas -----------------------------------------------------------------------------------------------------


def digits(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(rfm_score=100 * frame["r_score"] + 10 * frame["f_score"] + frame["m_score"])


def pandas_fit(frame: pd.DataFrame) -> pd.DataFrame:
    scores = {
        "r_score": 5 - pd.qcut(frame["time_since_last"], 5, labels=False),
        "f_score": pd.qcut(frame["purchases"].rank(method="first"), 5, labels=False) + 1,
        "m_score": pd.qcut(frame["total_value"], 5, labels=False) + 1,
    }
    return digits(frame.assign(**scores))


def pandas_known(frame: pd.DataFrame) -> pd.DataFrame:
    ends = [-math.inf, *sorted(EDGES["r"]), math.inf]
    scores = {"r_score": 5 - pd.cut(frame["time_since_last"], ends, labels=False)}
    for name, column in list(COLUMNS.items())[1:]:
        ends = [-math.inf, *EDGES[name[0]], math.inf]
        scores[name] = pd.cut(frame[column], ends, labels=False, right=False) + 1
    return digits(frame.assign(**scores))


def pandas_segments(scored: pd.DataFrame) -> pd.DataFrame:
    names = pd.CategoricalDtype(list(LABELS.values()), ordered=True)
    return scored.assign(segment=(10 * scored["r_score"] + scored["f_score"]).map(CELLS).astype(names))


# ---- polars -----------------------------------------------------------------------------------------------------


def with_digits(frame: pl.DataFrame, scores: Mapping[str, pl.Expr]) -> pl.DataFrame:
    number = 100 * pl.col("r_score") + 10 * pl.col("f_score") + pl.col("m_score")
    lazy = frame.lazy().with_columns(**scores).with_columns(rfm_score=number)
    return lazy.collect()


def one_more(hits: list[pl.Expr]) -> pl.Expr:
    return sum((hit.cast(pl.Int64) for hit in hits[1:]), 1 + hits[0].cast(pl.Int64))


def polars_fit(frame: pl.DataFrame) -> pl.DataFrame:
    def quantiles(column: str) -> list[pl.Expr]:
        return [pl.col(column).quantile(share, interpolation="linear") for share in SHARES]

    r, f, m = COLUMNS.values()
    return with_digits(
        frame,
        {
            "r_score": one_more([pl.col(r) <= edge for edge in quantiles(r)]),
            "f_score": one_more([pl.col(f) > edge for edge in quantiles(f)]),
            "m_score": one_more([pl.col(m) > edge for edge in quantiles(m)]),
        },
    )


def polars_known(frame: pl.DataFrame) -> pl.DataFrame:
    r, f, m = COLUMNS.values()
    return with_digits(
        frame,
        {
            "r_score": one_more([pl.col(r) <= edge for edge in EDGES["r"]]),
            "f_score": one_more([pl.col(f) >= edge for edge in EDGES["f"]]),
            "m_score": one_more([pl.col(m) >= edge for edge in EDGES["m"]]),
        },
    )


def polars_segments(scored: pl.DataFrame) -> pl.DataFrame:
    names = pl.Enum(list(LABELS.values()))
    cell = 10 * pl.col("r_score") + pl.col("f_score")
    return scored.lazy().with_columns(segment=cell.replace_strict(CELLS, return_dtype=names)).collect()


# ---- the comparison ---------------------------------------------------------------------------------------------


WORK = [
    Work("fit and score, ties mid", ours_fit, pandas_fit, polars_fit, FLOOR),
    Work("fit and score, ties edge", partial(ours_fit, ties="edge"), pandas_fit, polars_fit, FLOOR),
    Work("score on known edges", ours_known, pandas_known, polars_known),
    Work("name segments", ours_segments, pandas_segments, polars_segments),
]


def require_agreement(customers: pd.DataFrame) -> None:
    """Raise unless all contenders give the same scores and segments, wherever they can."""
    other = pl.from_pandas(customers)
    names = [*COLUMNS, "rfm_score"]
    pairs = {
        "qcut": (ours_fit(customers, "edge")[["r_score", "m_score"]], pandas_fit(customers)[["r_score", "m_score"]]),
        "quantiles in polars": (ours_fit(other, "edge")[names], polars_fit(other)[names]),
        "cut": (ours_known(customers)[names], pandas_known(customers)[names]),
        "comparisons in polars": (ours_known(other)[names], polars_known(other)[names]),
    }
    scored = ours_fit(customers)
    theirs = pl.from_pandas(scored)
    segments = {
        "map": (ours_segments(scored)[["segment"]], pandas_segments(scored)[["segment"]]),
        "replace in polars": (ours_segments(theirs)[["segment"]], polars_segments(theirs)[["segment"]]),
    }
    for what, (one, another) in {**pairs, **segments}.items():
        if not one.equals(another):
            raise SystemExit(f"{what}: scores or segments differ from ours")
    print(f"scores and segments agree for {len(customers):,} customers")


def main() -> None:
    n, rounds = read_options(__doc__, CUSTOMERS, ROUNDS)
    customers = make_customers(n)
    require_agreement(customers.head(100_000))
    scored = ours_fit(customers)
    run_all(((work, scored if work.ours is ours_segments else customers) for work in WORK), rounds)


if __name__ == "__main__":
    main()
