import json
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from customer_value.churn.survival_comparison import compare_survival
from customer_value.errors import InputError

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "churn_survival.json").read_text())["log_rank_6mp"]
TRIAL = pd.concat([pd.DataFrame(GOLDEN[arm]).assign(arm=arm) for arm in ("6-MP", "placebo")])


def compare(frame=TRIAL, **extra):
    return compare_survival(frame, duration="duration", event="event", by="arm", **extra)


def test_remission_under_6mp_and_placebo():
    table = compare()
    assert table["lost"].tolist() == [9, 21]
    np.testing.assert_allclose(table["expected_lost"], GOLDEN["expected"], atol=0.005)
    np.testing.assert_allclose(table["log_rank"], GOLDEN["chi2"], atol=0.005)
    assert table["p_value"][0] == pytest.approx(4.2e-5, rel=0.02)
    assert table["median_time"].tolist() == [23, 8]
    assert table["degrees_of_freedom"].tolist() == [1, 1]


def test_three_groups_against_the_cells_of_each_time():
    """The covariance by Klein and Moeschberger, eq. 7.3.4, written out; late entry by who is there."""
    rng = np.random.default_rng(4)
    n = 300
    frame = pd.DataFrame({"arm": rng.integers(0, 3, n), "since": rng.integers(0, 4, n)})
    frame["duration"] = frame["since"] + rng.integers(1, 12, n)
    frame["event"] = rng.random(n) < 0.6
    off, cov = np.zeros(3), np.zeros((3, 3))
    for t in np.unique(frame.loc[frame["event"], "duration"]):
        there = frame[(frame["since"] < t) & (frame["duration"] >= t)]
        n_g = np.bincount(there["arm"], minlength=3)
        d_g = np.bincount(there.loc[there["event"] & (there["duration"] == t), "arm"], minlength=3)
        size, d = n_g.sum(), d_g.sum()
        off += d_g - n_g * d / size
        for g in range(3):
            for h in range(3):
                same = float(g == h)
                cov[g, h] += n_g[g] / size * (same - n_g[h] / size) * (size - d) / (size - 1) * d
    expected = off[:2] @ np.linalg.solve(cov[:2, :2], off[:2])
    table = compare(frame, entry="since")
    assert table["log_rank"][0] == pytest.approx(expected, rel=1e-10)
    assert table["degrees_of_freedom"][0] == 2


def test_weights_are_repeated_rows_in_any_library():
    frame = TRIAL.assign(n=1 + np.arange(len(TRIAL)) % 2)
    repeated = compare(frame.loc[np.repeat(True, len(frame))].iloc[np.repeat(np.arange(len(frame)), frame["n"])])
    weighted = compare(pl.from_pandas(frame), weights="n").to_pandas()
    pd.testing.assert_frame_equal(weighted, repeated, rtol=1e-12)


def test_under_the_null_the_p_value_is_uniform():
    rng = np.random.default_rng(7)
    low = 0
    for _ in range(100):
        life, seen = rng.exponential(10, 150), rng.uniform(0, 20, 150)
        frame = pd.DataFrame({"duration": np.minimum(life, seen), "event": life < seen, "arm": rng.random(150) < 0.4})
        low += compare(frame)["p_value"][0] < 0.2
    assert 8 <= low <= 32  # 20 expected, three standard deviations of 4


def test_refusals():
    with pytest.raises(InputError, match="arm has one group only"):
        compare(TRIAL.assign(arm="all"))
    with pytest.raises(InputError, match="event is true in no row"):
        compare(TRIAL.assign(event=0))
