from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from customer_value.churn.survival_curves import kaplan_meier, survival_table
from customer_value.errors import InputError

ROSSI = pd.read_csv(Path(__file__).parents[1] / "data" / "rossi.csv")
NAMES = {"duration": "week", "event": "arrest"}


def test_the_table_is_the_curve_at_every_time():
    late = ROSSI.assign(since=np.minimum(ROSSI["age"] % 7, ROSSI["week"] - 1), n=1 + ROSSI["prio"] % 3)
    for extra in ({}, {"entry": "since"}, {"entry": "since", "weights": "n"}):
        table = survival_table(late, **NAMES, **extra, interval=0.8)
        arrays = {name: late[column] for name, column in extra.items()}
        curve = kaplan_meier(late["week"], late["arrest"], **arrays, interval=0.8)
        np.testing.assert_allclose(table["survival"], curve.at(table["time"]), rtol=1e-12)
        steps = table[table["lost"] > 0]
        for ours, name in (("at_risk", "at_risk"), ("survival_lower", "lower"), ("survival_upper", "upper")):
            np.testing.assert_allclose(steps[ours], getattr(curve, name), rtol=1e-12)
        weight = late["n"] if "weights" in extra else np.ones(len(late))
        assert table["censored"].sum() == weight[late["arrest"] == 0].sum()


def test_time_0_and_nobody_left():
    frame = pd.DataFrame({"t": [0, 0, 2, 5, 5], "left": [1, 0, 1, 1, 1]})
    table = survival_table(frame, duration="t", event="left")
    assert table["at_risk"].tolist() == [5, 3, 2]
    np.testing.assert_allclose(table["survival"], [0.8, 0.8 * 2 / 3, 0])
    assert np.isnan(table["survival_upper"].iloc[-1])


def test_before_the_first_event_the_curve_is_1():
    table = survival_table(pd.DataFrame({"t": [1, 2, 3], "left": [0, 1, 0]}), duration="t", event="left")
    assert table.loc[0, ["survival", "survival_lower", "survival_upper"]].tolist() == [1, 1, 1]


def test_groups():
    table = survival_table(pl.from_pandas(ROSSI), **NAMES, by="fin")
    assert table["fin"].unique(maintain_order=True).to_list() == [0, 1]
    one = survival_table(ROSSI[ROSSI["fin"] == 1], **NAMES)
    np.testing.assert_array_equal(table.filter(pl.col("fin") == 1)["survival"], one["survival"])
    with pytest.raises(InputError, match="would have 'time' twice"):
        survival_table(ROSSI.assign(time=1), **NAMES, by="time")
