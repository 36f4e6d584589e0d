"""Summaries and holdouts on PySpark equal those on pandas, for every refund policy, by day and by month.

PySpark needs Java and half a minute to start, so that it is no part of the tests: pip install "customer-value[spark]".
"""

from __future__ import annotations

import importlib.util
import sys
import warnings
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

import customer_value as cv

END, HOLDOUT_END = "1970-12-31", "1971-12-31"
TOLERANCE = 1e-12  # relative: sums in another order, logarithms of another library


def make_log(rows: int = 400) -> pd.DataFrame:
    """Make a log with refunds first and refunds only, zeros, hours and years before 1970."""
    rng = np.random.default_rng(0)
    log = pd.DataFrame(
        {
            "customer_id": rng.integers(0, 30, rows).astype(str),
            "date": np.datetime64("1969-06-01", "us") + rng.integers(0, 24 * 900, rows) * np.timedelta64(1, "h"),
            "amount": rng.choice([-5.0, -1.5, 0.0, 1.0, 2.25, 10.0], rows),
            "order_id": rng.integers(0, 60, rows),
        }
    )
    return pd.concat([log, log.iloc[:1].assign(customer_id="refunds only", amount=-1.0)], ignore_index=True)


def require_equal(spark: Any, expected: pd.DataFrame, what: str) -> None:
    """Raise unless a Spark frame holds what a pandas frame does, in its order."""
    found = pd.DataFrame([row.asDict() for row in spark.collect()], columns=spark.columns)
    assert list(found) == list(expected), what
    for column in expected:
        if expected[column].dtype.kind == "f":
            np.testing.assert_allclose(found[column].astype(float), expected[column], rtol=TOLERANCE, err_msg=what)
        elif expected[column].dtype.kind == "M":
            assert (pd.to_datetime(found[column]) == expected[column]).all(), (what, column)
        else:
            assert found[column].tolist() == expected[column].tolist(), (what, column)
    print(f"equal on {len(found)} customers: {what}")


def main() -> None:
    if importlib.util.find_spec("pyspark") is None:
        print("pyspark is not installed: nothing compared")
        sys.exit()
    from pyspark.sql import SparkSession

    warnings.simplefilter("ignore")  # of refunds left out and periods cut off, which the tests look at
    session = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "1")
        .getOrCreate()
    )
    log = make_log()
    spark = session.createDataFrame(log)
    sides, spark_sides = (cv.split_holdout(frame, observation_end=END) for frame in (log, spark))
    for grain, refunds in product(("day", "month"), ("net", "match", "drop")):
        what = f"grain={grain!r}, refunds={refunds!r}"
        options = {"grain": grain, "refunds": refunds}
        extra = {"windows": ("2 years",), "regularity": True}
        known = cv.summarize_customers(sides[0], observation_end=END, **options, **extra)
        spark_known = cv.summarize_customers(spark_sides[0], observation_end=END, **options, **extra)
        require_equal(spark_known, known, f"summary, {what}")
        seen, spark_seen = (
            cv.summarize_holdout(later, customers=customers, observation_end=HOLDOUT_END, **options)
            for later, customers in ((sides[1], known), (spark_sides[1], spark_known))
        )
        require_equal(spark_seen, seen, f"holdout, {what}")
    session.stop()


if __name__ == "__main__":
    main()
