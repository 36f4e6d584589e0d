import numpy as np
import pandas as pd
import pytest

import customer_value as cv
from customer_value.churn.cox import CoxModel
from customer_value.churn.hazard import DiscreteTimeHazard
from customer_value.churn.survival_churn import SurvivalChurn
from customer_value.errors import InputError

RNG = np.random.default_rng(0)
SPELLS = pd.DataFrame({"tenure": RNG.integers(1, 20, 200), "churned": RNG.random(200) < 0.4, "age": RNG.random(200)})


@pytest.mark.parametrize("kind", [DiscreteTimeHazard, CoxModel])
def test_scores_of_the_time_left(kind):
    model = kind().fit(SPELLS, duration="tenure", event="churned")
    now = SPELLS.assign(tenure=SPELLS["tenure"] % 10, clv_if_alive=100.0)
    churn = SurvivalChurn(model, horizon=5, given="tenure")
    scored = cv.churn.score_churn(now, model=churn)
    np.testing.assert_array_equal(scored["churn_probability"], model.churn_probability(now, 5, given="tenure"))
    np.testing.assert_allclose(scored["clv_at_risk"], 100 * scored["churn_probability"])
    assert churn.feature_names_in_.tolist() == ["age", "tenure"]
    assert churn.predict(now).tolist() == (scored["churn_probability"] > 0.5).astype(int).tolist()
    np.testing.assert_allclose(churn.predict_proba(now).sum(axis=1), 1)
    assert repr(churn) == f"SurvivalChurn({kind.__name__}, horizon=5, given='tenure')"
    assert SurvivalChurn(model, horizon=5).feature_names_in_.tolist() == ["age"]


def test_a_model_that_was_not_fitted():
    for wrong in (DiscreteTimeHazard(), DiscreteTimeHazard, "cox"):
        with pytest.raises(InputError, match="must be a fitted model of time to churn"):
            SurvivalChurn(wrong, horizon=3)
