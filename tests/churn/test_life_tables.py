import json
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from customer_value._stats.survival import kaplan_meier
from customer_value.churn.life_tables import life_table
from customer_value.errors import InputError

TESTS = Path(__file__).parents[1]
GOLDEN = json.loads((TESTS / "golden" / "churn_survival.json").read_text())
ROSSI = pd.read_csv(TESTS / "data" / "rossi.csv")
MAKERS = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "lazy": pl.LazyFrame, "pyarrow": pa.table}
NAMES = {"duration": "week", "event": "arrest"}


def test_whole_periods_are_kaplan_meier():
    table = life_table(ROSSI, **NAMES, interval=0.95)
    assert table["survival"].iloc[-1] == pytest.approx(GOLDEN["rossi_km_52"]["survival"], rel=1e-13)
    curve = kaplan_meier(ROSSI["week"], ROSSI["arrest"], interval=0.95)
    stepped = table[table["lost"] > 0]
    assert stepped["period"].tolist() == curve.time.tolist()
    for ours, name in (("survival", "survival"), ("survival_lower", "lower"), ("survival_upper", "upper")):
        np.testing.assert_allclose(stepped[ours], getattr(curve, name), rtol=1e-12)
    np.testing.assert_array_equal(stepped["at_risk"], curve.at_risk)
    assert table["lost"].sum() == ROSSI["arrest"].sum()
    assert table["censored"].sum() == len(ROSSI) - ROSSI["arrest"].sum()
    assert table["period"].tolist() == list(range(1, 53))
    assert ((table["hazard_lower"] <= table["hazard"]) & (table["hazard"] <= table["hazard_upper"])).all()


@pytest.mark.parametrize("maker", MAKERS)
def test_frames_of_all_libraries(maker):
    given = MAKERS[maker](ROSSI.to_dict("list"))
    result = life_table(given, **NAMES, by="fin")
    assert type(result) is type(given)
    frame = result.collect() if maker == "lazy" else result
    frame = frame.to_pandas() if maker != "pandas" else frame
    pd.testing.assert_frame_equal(frame, life_table(ROSSI, **NAMES, by="fin"))


def test_groups_have_tables_of_their_own_whatever_the_order_of_the_rows():
    table = life_table(ROSSI.sample(frac=1, random_state=3), **NAMES, by="race")
    for race, part in ROSSI.groupby("race"):
        alone = life_table(part, **NAMES)
        own = table[table["race"] == race].drop(columns="race").reset_index(drop=True)
        pd.testing.assert_frame_equal(own, alone)


def test_weights_are_repeated_rows():
    weighted = life_table(ROSSI.assign(n=ROSSI["prio"] % 3), **NAMES, weights="n")
    repeated = life_table(ROSSI.loc[ROSSI.index.repeat(ROSSI["prio"] % 3)], **NAMES)
    pd.testing.assert_frame_equal(weighted, repeated)


def test_late_entry_by_the_definition():
    late = ROSSI.assign(since=np.minimum(ROSSI["age"] % 7, ROSSI["week"] - 1))
    table = life_table(late, **NAMES, entry="since").set_index("period")
    for period in (1, 3, 7, 30):
        there = (late["since"] < period) & (late["week"] >= period)
        left = (there & (late["week"] == period) & (late["arrest"] == 1)).sum()
        assert (table["at_risk"][period], table["lost"][period]) == (there.sum(), left)
        assert table["hazard"][period] == pytest.approx(left / there.sum(), rel=1e-14)


def test_parts_of_periods_count_as_parts():
    """A constant rate of .05 a month, seen from any day to any day: tables of any width meet the truth."""
    rng = np.random.default_rng(5)
    n = 40_000
    life, since, seen = rng.exponential(20, n), rng.uniform(0, 6, n), rng.uniform(0, 12, n)
    until = since + seen
    frame = pd.DataFrame({"since": since, "time": np.minimum(life, until), "left": life <= until})[life > since]
    for width in (0.5, 1.0, 2.0):
        table = life_table(frame, duration="time", event="left", entry="since", width=width)
        inner = table[(table["time_to"] <= 12)]
        truth = -np.expm1(-0.05 * width)
        error = np.sqrt(truth / inner["at_risk"])
        assert (np.abs(inner["hazard"] - truth) < 4 * error).all()
        total = (inner["hazard"] * inner["at_risk"]).sum() / inner["at_risk"].sum()
        assert total == pytest.approx(truth, rel=0.025)  # 11,000 events: a standard error of 1 %
        # Counting every customer in full instead would say 6 to 25 % too little.
        assert inner["lost"].sum() / inner["at_risk"].sum() < 0.95 * truth


def test_a_gap_is_not_bridged():
    frame = pd.DataFrame({"since": [2, 2, 8, 8], "t": [3, 4, 9, 10], "left": [1, 0, 1, 0]})
    table = life_table(frame, duration="t", event="left", entry="since").set_index("period")
    assert table.index.tolist() == list(range(3, 11))
    assert table.loc[[5, 8], "hazard"].isna().all()
    assert table["survival"].dropna().index.tolist() == [3, 4]
    assert table["at_risk"][6] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"width": 0}, "width must be above 0"),
        ({"interval": 1.5}, "interval must be between 0 and 1"),
        ({"by": "survival"}, "would have 'survival' twice"),
        ({"by": "color"}, r"lacks \['color'\]"),
        ({"event": "age"}, "age must be true or false"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(InputError, match=message):
        life_table(ROSSI.assign(survival=1), **(NAMES | arguments))
