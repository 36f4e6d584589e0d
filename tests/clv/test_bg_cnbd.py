"""BG/CNBD-k: what is special to the model."""

import numpy as np

import customer_value as cv
from customer_value.clv import BGCNBD


def test_whoever_has_not_come_back_is_alive():
    model = BGCNBD.from_params(k=4, r=0.5, alpha=1.0, a=0.8, b=2.5)
    assert model._probability_alive(model._theta, np.zeros(1), np.zeros(1), np.full(1, 1e5))[0] == 1


def test_the_longer_the_silence_the_nearer_the_next_purchase():
    # A customer sure to stay, a week into a cycle of about two: with regular purchases waiting pays, by chance not.
    x, T, active = np.full(2, 500.0), np.full(2, 1000.0), {}
    for k in (1, 8):
        params = (1000.0, 2000.0 / k, 1e-9, 1e3)
        t_x = T - np.array([0.0, 1.0])
        active[k] = BGCNBD(k=k)._active(params, (x, t_x, T), 1.0)
    assert abs(active[1][1] / active[1][0] - 1) < 1e-6
    assert active[8][1] > 3 * active[8][0]


def test_the_published_choice_on_cdnow(cdnow_log):
    # BTYDplus' demo of CDNOW finds no regularity (its grocery data, k = 2, are not public here).
    calibration, _ = cv.split_holdout(cdnow_log, observation_end="1997-09-30")
    summary = cv.summarize_customers(calibration, observation_end="1997-09-30", time_unit="week", regularity=True)
    model = BGCNBD().fit(summary)
    assert model.k_ == 1
    assert abs(model.log_likelihood_ + 9582.4292067) < 1e-5  # that of BG/NBD, as published
