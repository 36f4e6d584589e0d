"""Qini curves: the definition by hand, known uplift against chance, ties, sign, intervals."""

import numpy as np
import pandas as pd
import pytest

from customer_value._frames import collect, open_frame
from customer_value.churn.qini import qini_curve
from customer_value.errors import InputError

SMALL = {
    "uplift": [0.4, 0.3, 0.3, 0.1, 0.0, -0.1],
    "treatment": [1, 0, 1, 0, 1, 0],
    "churned": [0, 1, 0, 0, 1, 1],
}


def to_pandas(native):
    return collect(open_frame(native)).to_pandas()


def campaign(n=20_000, seed=0):
    rng = np.random.default_rng(seed)
    x, treatment = rng.random(n), rng.random(n) < 0.5
    true = 0.3 * x - 0.05
    churned = rng.random(n) < 0.4 - true * treatment
    return pd.DataFrame({"uplift": true, "treatment": treatment, "churned": churned, "noise": rng.random(n)})


def test_by_hand(make_frame):
    frame = make_frame(SMALL)
    made = qini_curve(frame, points=6)
    assert type(made) is type(frame)
    curve = to_pandas(made)
    # After the first: no control yet. After the tie: 0 of 2 contacted and 1 of 1 control churned, so 2 were saved;
    # then 0 of 2 and 1 of 2, 1 saved; 1 of 3 and 1 of 2, .5; 1 of 3 and 2 of 3, 1. Each over 3 contacted.
    corners = np.array([0, 0, 2, 1, 0.5, 1]) / 3
    shares = np.array([0, 1, 3, 4, 5, 6]) / 6
    assert curve["incremental"].tolist() == pytest.approx(
        np.interp(curve["share_of_customers"], shares, corners).tolist()
    )
    assert curve["incremental_random"].tolist() == pytest.approx((curve["share_of_customers"] / 3).tolist())
    assert curve["qini"].tolist() == pytest.approx([np.trapezoid(corners, shares) - 1 / 6] * 7)
    effect = np.array([0, 0, 1, 0.5, 0.5 - 1 / 3, 1 / 3]) * shares
    assert curve["auuc"].tolist() == pytest.approx([np.trapezoid(effect, shares)] * 7)
    assert curve["uplift_min"].tolist()[1:] == [0.4, 0.3, 0.3, 0.1, 0.0, -0.1]


def test_the_area_does_not_depend_on_the_points():
    frame = campaign(1000)
    assert qini_curve(frame, points=3)["qini"][0] == qini_curve(frame, points=400)["qini"][0]


def test_true_uplift_has_the_coefficient_that_the_simulation_implies():
    frame = campaign(30_000)
    # Ranked by x from 1 down, g(s) = int over the top s of .3 x - .05; its area over the chord is .3 / 12.
    curve = qini_curve(frame, interval=0.99, n_resamples=25)
    assert curve["qini"][0] == pytest.approx(0.3 / 12, abs=0.006)  # three standard errors
    assert curve["qini_lower"][0] < 0.025 < curve["qini_upper"][0]
    assert curve["incremental"].iloc[-1] == pytest.approx(0.1, abs=0.015)
    half = curve.set_index("share_of_customers")["incremental"][0.5]
    assert half == pytest.approx(0.0875, abs=0.012)  # int from 1/2 to 1 of .3 x - .05


def test_chance_has_none():
    frame = campaign(20_000)
    of_noise = qini_curve(frame, uplift="noise", interval=0.99, n_resamples=25)
    assert of_noise["qini_lower"][0] < 0 < of_noise["qini_upper"][0]
    assert qini_curve(frame.assign(noise=0.5), uplift="noise")["qini"][0] == pytest.approx(0, abs=1e-15)
    turned = qini_curve(frame.assign(uplift=-frame["uplift"]))
    assert turned["qini"][0] < -0.015


def test_a_response_turns_the_sign():
    frame = campaign(2000)
    other = frame.assign(stayed=~frame["churned"])
    expected = qini_curve(frame, interval=0.9, n_resamples=20)
    made = qini_curve(other, outcome="stayed", outcome_is="response", interval=0.9, n_resamples=20)
    same = [column for column in made.columns if column not in {"qini_lower", "qini_upper"}]
    pd.testing.assert_frame_equal(made[same], expected[same])


def test_it_does_not_depend_on_the_order_of_rows():
    frame = campaign(500)
    turned = frame.sample(frac=1, random_state=1)
    expected = qini_curve(frame, interval=0.9, n_resamples=20)
    pd.testing.assert_frame_equal(qini_curve(turned, interval=0.9, n_resamples=20), expected)


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ({"treatment": 1}, {}, "treatment must hold both groups; there is no control group"),
        ({"treatment": 0}, {}, "there is no contacted customer"),
        ({"churned": 0}, {}, "churned must hold both outcomes"),
        ({"uplift": np.nan}, {}, "uplift must not be null"),
        ({}, {"uplift": "effect"}, r"lacks \['effect'\].*TLearner"),
        ({}, {"treatment": "contacted"}, r"lacks \['contacted'\]"),
        ({}, {"outcome_is": "bad"}, "outcome_is must be one of"),
        ({}, {"points": 0}, "points must be a whole number"),
        ({}, {"interval": 1.0}, "interval must be between 0 and 1"),
    ],
)
def test_bad_input(change, arguments, message):
    with pytest.raises(InputError, match=message):
        qini_curve(pd.DataFrame(SMALL).assign(**change), **arguments)
