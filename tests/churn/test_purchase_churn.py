"""A purchase model as a churn model: silence within the horizon, checked against what a holdout saw."""

import numpy as np
import pytest

import customer_value as cv
from customer_value.churn import PurchaseChurn
from customer_value.errors import InputError


@pytest.fixture(scope="module")
def model(cdnow_summary):
    return cv.clv.ParetoNBD().fit(cdnow_summary)


def test_silence_is_no_purchase_within_the_horizon(model, cdnow_log, cdnow_summary):
    p = PurchaseChurn(model, horizon="13 weeks").predict_proba(cdnow_summary)
    np.testing.assert_array_equal(p[:, 0], model.probability_active(cdnow_summary, 13))
    _, holdout = cv.split_holdout(cdnow_log, observation_end="1997-09-30")
    window = holdout[holdout["date"] < "1997-12-31"]  # 13 weeks from 1997-10-01 on
    silent = ~cdnow_summary["customer_id"].isin(window["customer_id"])
    # The model expects .854 and .829 were silent, three standard errors off; 1 - P(alive) is off by ten times that.
    assert abs(p[:, 1].mean() - silent.mean()) < 0.03
    gone = PurchaseChurn(model, definition="p_alive").predict_proba(cdnow_summary)[:, 1]
    assert abs(gone.mean() - silent.mean()) > 0.2


def test_p_alive_answers_another_question(model, cdnow_summary):
    gone = PurchaseChurn(model, definition="p_alive").predict_proba(cdnow_summary)[:, 1]
    np.testing.assert_array_equal(gone, 1 - model.probability_alive(cdnow_summary))
    silent = PurchaseChurn(model, horizon=13).predict_proba(cdnow_summary)[:, 1]
    assert (silent > gone).all()  # to be gone is to be silent


def test_it_reads_like_a_classifier(model, cdnow_summary):
    churn = PurchaseChurn(model, horizon=39)
    p = churn.predict_proba(cdnow_summary)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    np.testing.assert_array_equal(churn.predict(cdnow_summary), p[:, 1] > 0.5)
    assert churn.classes_.tolist() == [0, 1]
    assert repr(churn) == "PurchaseChurn(ParetoNBD, horizon=39)"
    assert repr(PurchaseChurn(model, definition="p_alive")) == "PurchaseChurn(ParetoNBD, definition='p_alive')"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "needs a horizon, such as '90 days'"),
        ({"horizon": 3, "definition": "dead"}, "definition must be one of"),
        ({"purchase_model": cv.clv.ParetoNBD, "horizon": 3}, "purchase_model must be a fitted model"),
        ({"purchase_model": 3, "definition": "p_alive"}, r"with probability_alive\(summary\)"),
    ],
)
def test_bad_input(model, given, message):
    with pytest.raises(InputError, match=message):
        PurchaseChurn(**{"purchase_model": model, **given})
