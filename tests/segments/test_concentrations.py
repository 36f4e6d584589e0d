"""Concentration against published figures, against its definition customer by customer, and at the edges."""

import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer_value.errors import InputError
from customer_value.segments import concentration, gini, lorenz_curve

TESTS = Path(__file__).parents[1]
GOLDEN = json.loads((TESTS / "golden" / "segments_concentration.json").read_text(encoding="utf-8"))

# Whole amounts with many ties, so that definitions can be checked in exact fractions.
amounts = st.lists(st.integers(0, 9), min_size=1, max_size=25).filter(any)


def online_retail():
    return pd.read_csv(TESTS / "data" / "online_retail_customers.csv")


def results(frame, **arguments):
    table = concentration(frame, **arguments)
    return {
        name if math.isnan(level) else (name, level): result
        for name, level, result in zip(table["measure"], table["level"], table["result"], strict=True)
    }


# ---- published figures -------------------------------------------------------------------------------------------


def test_gini_of_rs_ineq():
    published = GOLDEN["gini"]
    assert gini(published["values"]) == pytest.approx(published["gini"], abs=1e-15)


def test_online_retail():
    published = GOLDEN["online_retail"]
    got = results(online_retail())
    # Ten digits are given.
    assert got["gini"] == pytest.approx(published["gini"], abs=6e-11)
    assert got["top_share", 0.2] == pytest.approx(published["top_20_percent"], abs=6e-11)
    assert got["top_share", 0.01] == pytest.approx(published["top_1_percent"], abs=6e-11)
    assert got["customers_needed", 0.8] == published["customers_for_80_percent"]
    assert got["share_needed", 0.8] == published["customers_for_80_percent"] / 4338


# ---- definitions -------------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(amounts, st.integers(1, 20), st.integers(1, 20))
def test_every_measure_is_what_its_definition_gives_in_exact_fractions(values, top, share):
    n, total = len(values), sum(values)
    best = sorted(values, reverse=True)
    got = results(pd.DataFrame({"total_value": values}), tops=[top / 20], reach=[share / 20])
    differences = Fraction(sum(abs(x - y) for x in values for y in values), 2 * n * total)
    assert got["gini"] == pytest.approx(float(differences), abs=1e-13)
    first = best[: math.ceil(Fraction(top, 20) * n)]
    assert got["top_share", top / 20] == pytest.approx(sum(first) / total, abs=1e-13)
    needed = next(k for k in range(n + 1) if sum(best[:k]) >= Fraction(share, 20) * total)
    assert got["customers_needed", share / 20] == needed
    assert got["share_needed", share / 20] == needed / n


@settings(max_examples=30)
@given(amounts, st.integers(2, 40))
def test_the_curve_is_the_cumulative_share_of_the_least_valuable(values, points):
    curve = lorenz_curve(pd.DataFrame({"total_value": values}), points=points)
    np.testing.assert_allclose(curve["lorenz_customers"], np.linspace(0, 1, points))
    cumulative = np.concatenate([[0], np.cumsum(sorted(values))]) / sum(values)
    expected = np.interp(np.linspace(0, 1, points), np.linspace(0, 1, len(values) + 1), cumulative)
    np.testing.assert_allclose(curve["lorenz_value"], expected, atol=1e-12)


def test_equal_values_and_one_with_all():
    assert gini([3.0] * 7) == pytest.approx(0, abs=1e-15)
    assert gini([0.0, 0.0, 0.0, 5.0]) == 0.75
    assert gini([0.0, 0.0, 0.0, 5.0], corrected=True) == 1.0
    assert results(pd.DataFrame({"total_value": [0.0, 0, 0, 5]}), corrected=True)["gini"] == 1.0


# ---- negative values ---------------------------------------------------------------------------------------------


def test_negative_values_are_refused_clipped_or_kept():
    values = [-40.0, 10.0, 20.0, 30.0]
    frame = pd.DataFrame({"total_value": values})
    with pytest.raises(InputError, match=r"total_value must be 0 or above; 1 of 4 rows is not \(rows 0\).*clip"):
        concentration(frame)
    assert gini(values, negative="clip") == pytest.approx(gini([0, 10, 20, 30]), abs=1e-15)
    kept = results(frame, negative="keep", tops=[0.25], reach=[0.8])
    differences = sum(abs(x - y) for x in values for y in values)
    assert kept["gini"] == pytest.approx(differences / (2 * 4 * sum(values)), abs=1e-12)  # 3.75: no longer below 1
    assert kept["top_share", 0.25] == pytest.approx(1.5)
    assert kept["customers_needed", 0.8] == 1
    assert lorenz_curve(frame, negative="keep")["lorenz_value"].min() == pytest.approx(-2.0)
    with pytest.raises(InputError, match="add up to more than 0"):
        concentration(pd.DataFrame({"total_value": [-40.0, 10.0]}), negative="keep")


# ---- intervals ---------------------------------------------------------------------------------------------------


def test_intervals_are_quantiles_over_samples_of_customers():
    values = np.random.default_rng(3).gamma(0.5, 40, 80).round(2)
    table = concentration(
        pd.DataFrame({"total_value": values}), tops=[0.1], reach=[0.5], interval=0.8, n_resamples=1500
    )
    rng = np.random.default_rng(4)
    drawn = []
    for _ in range(1500):
        best = np.sort(rng.choice(values, 80))[::-1]
        brought = np.cumsum(best)
        drawn.append([gini(best), brought[7] / brought[-1], 1 + np.argmax(brought >= brought[-1] / 2)])
    ends = np.quantile(drawn, [0.1, 0.9], axis=0)
    # Two bootstraps of 1,500 samples differ in an 80 % end by about .045 standard deviations; four times that.
    allowed = 0.18 * np.std(drawn, axis=0) + [0, 0, 0.5]
    for column, expected in zip(["result_lower", "result_upper"], ends, strict=True):
        assert (np.abs(table[column].to_numpy()[:3] - expected) < allowed).all()
    assert (table["result_lower"] <= table["result"]).all()
    assert (table["result"] <= table["result_upper"]).all()


def test_a_sample_that_brings_nothing_leaves_no_interval():
    table = concentration(pd.DataFrame({"total_value": [0.0, 0.0, 1.0]}), interval=0.9, n_resamples=200)
    assert table[["result_lower", "result_upper"]].isna().all(axis=None)
    assert table["result"].notna().all()


# ---- frames ------------------------------------------------------------------------------------------------------


def test_each_cutoff_of_a_history_is_measured_apart(make_frame, read):
    data = {"cutoff": [2, 1, 2, 1, 1], "total_value": [1.0, 4.0, 3.0, 4.0, 1.0]}
    given_frame = make_frame(data)
    table = concentration(given_frame, tops=[0.5], reach=[])
    assert type(table) is type(given_frame)
    got = read(table)
    assert got["cutoff"] == [1, 1, 2, 2]
    assert got["measure"] == ["gini", "top_share"] * 2
    assert [round(result, 12) for result in got["result"]] == [
        round(number, 12) for number in (gini([4, 4, 1]), 8 / 9, 0.25, 0.75)
    ]
    assert pd.isna(got["level"][0])
    curves = read(lorenz_curve(given_frame, points=3))
    assert curves["cutoff"] == [1, 1, 1, 2, 2, 2]
    assert curves["lorenz_value"][3:] == [0, 0.25, 1]
    assert read(lorenz_curve(given_frame, points=3, by=None))["lorenz_customers"] == [0, 0.5, 1]


@settings(max_examples=15)
@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=30), st.randoms())
def test_the_order_of_rows_chunks_and_the_library_change_nothing(values, random):
    arguments = {"interval": 0.9, "n_resamples": 20}
    expected = concentration(pd.DataFrame({"total_value": values}), **arguments)
    random.shuffle(values)
    shuffled = pl.DataFrame({"total_value": values})
    pd.testing.assert_frame_equal(concentration(shuffled.to_pandas(), **arguments), expected)
    cut = len(values) // 2
    for other in (
        pl.concat([shuffled[:cut], shuffled[cut:]], rechunk=False),
        pa.concat_tables([shuffled[:cut].to_arrow(), shuffled[cut:].to_arrow()]),
    ):
        pd.testing.assert_frame_equal(concentration(other, **arguments).to_pandas(), expected, check_dtype=False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"value": "clv"}, r"lacks \['clv'\]"),
        ({"by": "region"}, r"lacks \['region'\]"),
        ({"tops": 0.2}, "tops must be a list of shares"),
        ({"tops": [20]}, "each of tops must be from 0 to 1; got 20"),
        ({"reach": [0.0]}, "reach must be above 0"),
        ({"negative": "drop"}, "negative must be one of"),
        ({"interval": 90}, "interval must be between 0 and 1"),
        ({"corrected": 1}, "corrected must be True or False"),
        ({"corrected": True}, "two customers or more"),
        ({"n_resamples": 0}, "n_resamples must be a whole number"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        concentration(pd.DataFrame({"total_value": [1.0]}), **arguments)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "empty"),
        ([0.0, 0.0], "add up to more than 0"),
        ([1.0, None], "must not be null"),
        (["1"], "must be numeric"),
    ],
)
def test_bad_values_are_refused(values, message):
    frame = pd.DataFrame({"total_value": values})
    with pytest.raises(InputError, match=message):
        concentration(frame)
    with pytest.raises(InputError, match=message):
        lorenz_curve(frame)


def test_bad_numbers_are_refused():
    with pytest.raises(InputError, match="empty"):
        gini([])
    with pytest.raises(InputError, match="values must be finite"):
        gini([1.0, math.nan])
    with pytest.raises(InputError, match="values must be 0 or above"):
        gini([1.0, -1.0])
    with pytest.raises(InputError, match="two values or more"):
        gini([1.0], corrected=True)
