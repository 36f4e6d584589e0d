"""MBG/CNBD-k: what is special to the model."""

import numpy as np
import pytest

import customer_value as cv
from customer_value.clv import BGCNBD, MBGCNBD

PARAMS = (0.5, 1.0, 0.8, 2.5)


def test_a_share_of_one_time_buyers_has_left():
    model = MBGCNBD(k=4)
    now, ages = model._probability_alive(PARAMS, np.zeros(2), np.zeros(2), np.array([0.0, 1e5]))
    assert now == pytest.approx(2.5 / 3.3, rel=1e-14)
    assert ages < 0.03
    assert model._pmf_new(PARAMS, np.zeros(1), 1e12)[0] > 0.8 / 3.3
    assert model._survival_new(PARAMS, np.zeros(1))[0] == pytest.approx(2.5 / 3.3, rel=1e-14)


def test_whoever_stayed_at_first_is_a_customer_whose_coin_was_won_once():
    won = (0.5, 1.0, 0.8, 3.5)
    history = tuple(np.array(v) for v in ([0.0, 2.0, 7.0], [0.0, 8.0, 20.0], [20.0, 20.0, 21.0]))
    one, other = MBGCNBD(k=3), BGCNBD(k=3)
    np.testing.assert_allclose(
        one._expected_if_alive(PARAMS, history, 9.0), other._expected_if_alive(won, history, 9.0)
    )
    n, stays = np.arange(1.0, 5), 2.5 / 3.3
    np.testing.assert_allclose(one._pmf_new(PARAMS, n, 9.0), stays * other._pmf_new(won, n, 9.0), rtol=1e-14)
    found = one._interval_pmf_new(PARAMS, n, 4.0, 9.0)
    np.testing.assert_allclose(found, stays * other._interval_pmf_new(won, n, 4.0, 9.0), rtol=1e-14)


def test_the_published_choice_on_cdnow(cdnow_log):
    # BTYDplus' demo of CDNOW finds no regularity (its grocery data, k = 2, are not public here).
    calibration, _ = cv.split_holdout(cdnow_log, observation_end="1997-09-30")
    summary = cv.summarize_customers(calibration, observation_end="1997-09-30", time_unit="week", regularity=True)
    assert MBGCNBD().fit(summary).k_ == 1
