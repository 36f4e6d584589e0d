"""What hangs on weights: against ranks and tiers computed by hand, and against scipy's rank correlation."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.stats import spearmanr

from customer_value import assign_tiers, weight_sensitivity
from customer_value.errors import InputError
from customer_value.segments import tiers
from customer_value.segments.weight_sensitivities import _drawn

SCHEME = tiers.scorecard({"value": 0.5, "loyalty": 0.3, "visits": 0.2}, cuts=(0.2, 0.5))


def customers(n=60):
    rng = np.random.default_rng(4)
    return pd.DataFrame(
        {"value": rng.gamma(1, 10, n), "loyalty": np.round(rng.random(n), 1), "visits": rng.integers(0, 4, n)}
    )


@pytest.mark.parametrize("cuts", [{"cuts": (0.2, 0.5)}, {"cuts": (0.6, 0.4), "by": "threshold"}])
def test_each_scenario_is_what_a_scheme_of_its_weights_gives(cuts):
    frame, given = customers(), {"value": 0.5, "loyalty": 0.3, "visits": 0.2}
    scheme = tiers.scorecard(given, **cuts)
    found = weight_sensitivity(frame, scheme=scheme, change=0.2, draws=0).set_index("scenario")
    weights = given | {"value": 0.5 * 1.2}
    moved = {column: weight / sum(weights.values()) for column, weight in weights.items()}
    before = assign_tiers(frame, scheme=scheme)
    after = assign_tiers(frame, scheme=tiers.scorecard(moved, **cuts))
    row = found.loc["value +20 %"]
    assert row["share_changed"] == (before["tier"] != after["tier"]).mean() > 0
    assert row["rank_agreement"] == pytest.approx(spearmanr(before["tier_score"], after["tier_score"])[0], abs=1e-12)
    assert list(found.index) == [f"{name} {sign}20 %" for name in weights for sign in "+-"]


def test_random_weights_spread_as_the_concentration_says():
    near, far = (
        weight_sensitivity(customers(), scheme=SCHEME, concentration=c, draws=40).set_index("scenario")
        for c in (1e6, 3.0)
    )
    assert near.loc["random, far", "rank_agreement"] > 0.999
    assert far.loc["random, far", "rank_agreement"] < far.loc["random, middle", "rank_agreement"] < 0.98
    assert far.loc["random, far", "share_changed"] > far.loc["random, middle", "share_changed"] > 0.05
    again = weight_sensitivity(customers(), scheme=SCHEME, concentration=3.0, draws=40, random_state=0)
    pd.testing.assert_frame_equal(again.set_index("scenario"), far)


def test_random_weights_have_the_mean_and_the_spread_that_are_told():
    weights = np.array([0.5, 0.3, 0.2, 0.0])
    drawn = np.array(list(_drawn(weights, 20_000, 50.0, 0)))
    np.testing.assert_allclose(drawn.sum(axis=1), 1, rtol=1e-12)
    # Five standard errors of a mean and, as a share, of a standard deviation of 20,000 draws.
    told = np.sqrt(weights * (1 - weights) / (50 + 1))
    np.testing.assert_allclose(drawn.mean(axis=0), weights, atol=5 * told.max() / np.sqrt(20_000))
    np.testing.assert_allclose(drawn.std(axis=0), told, rtol=5 / np.sqrt(2 * 20_000))


def test_neither_rows_nor_libraries_decide():
    frame = customers()
    expected = weight_sensitivity(frame, scheme=SCHEME, draws=5)
    shuffled = weight_sensitivity(frame.sample(frac=1, random_state=1), scheme=SCHEME, draws=5)
    pd.testing.assert_frame_equal(shuffled, expected)
    native = pl.from_pandas(frame)
    chunked = pl.concat([native[:23], native[23:]], rechunk=False)
    assert weight_sensitivity(chunked, scheme=SCHEME, draws=5).to_pandas().equals(expected)
    lazy = weight_sensitivity(native.lazy(), scheme=SCHEME, draws=5)
    assert lazy.collect().to_dicts() == expected.to_dict("records")


def test_equal_customers_have_no_rank_to_agree_on():
    frame = pd.DataFrame({"value": [1.0, 1.0], "loyalty": [0.5, 0.5], "visits": [2, 2]})
    found = weight_sensitivity(frame, scheme=SCHEME, draws=2)
    assert found["rank_agreement"].isna().all()
    assert (found["share_changed"] == 0).all()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"scheme": tiers.abc()}, "must weigh columns"),
        ({"scheme": "abc"}, "must weigh columns"),
        ({"change": 0}, "change must be between 0 and 1"),
        ({"change": 1.0}, "change must be between 0 and 1"),
        ({"draws": -1}, "draws must be a whole number"),
        ({"concentration": 0}, "concentration must be above 0"),
        ({"random_state": None}, "random_state"),
    ],
)
def test_arguments_that_do_not_fit(settings, said):
    with pytest.raises(InputError, match=said):
        weight_sensitivity(customers(), **{"scheme": SCHEME, **settings})


def test_columns_that_do_not_fit():
    with pytest.raises(InputError, match=r"lacks \['visits'\]"):
        weight_sensitivity(customers().drop(columns="visits"), scheme=SCHEME)
    with pytest.raises(InputError, match="value must not be null"):
        weight_sensitivity(customers().assign(value=np.nan), scheme=SCHEME)
    with pytest.raises(InputError, match="frame is empty"):
        weight_sensitivity(customers(0), scheme=SCHEME)
