"""Models that are not fitted, on another ruler, of impossible parameters, or from a file that is none."""

import json

import numpy as np
import pandas as pd
import pytest

import customer_value as cv

MODELS = [cv.clv.BGNBD, cv.clv.ParetoNBD, cv.clv.GammaGamma]
BUYING = MODELS[:2]
GIVEN = {
    cv.clv.BGNBD: {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    cv.clv.ParetoNBD: {"r": 0.553, "alpha": 10.58, "s": 0.606, "beta": 11.67},
    cv.clv.GammaGamma: {"p": 6.25, "q": 3.74, "v": 15.44},
}
WEEKS = "BGNBD was fitted in weeks and this summary is in days. Make the summary with .*time_unit='week'"


# ---- not fitted ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", BUYING)
@pytest.mark.parametrize(
    "ask",
    [
        lambda m, s: m.predict(s, 26),
        lambda m, s: m.probability_alive(s),
        lambda m, s: m.probability_active(s, 26),
        lambda m, s: m.expected_purchases(s, 26),
        lambda m, s: m.expected_purchases_new(26),
        lambda m, s: m.expected_purchases_new([26]),
        lambda m, s: m.purchase_distribution(s, 26, [0]),
        lambda m, s: m.purchase_distribution_new(26, [0]),
        lambda m, s: m.discounted_expected_purchases(s, discount_rate=0.01),
        lambda m, s: m.posterior_rates(s),
        lambda m, s: m.simulate(10, 26.0),
        lambda m, s: m.summary_table(),
        lambda m, s: m.to_json(),
        lambda m, s: m.params_,
        lambda m, s: m.covariance_,
        lambda m, s: m.aic_,
        lambda m, s: cv.save_models("model.json", m=m),
        lambda m, s: cv.score_clv(s, purchase_model=m, spend_model="total_value", horizon=26, margin=0.3),
        lambda m, s: cv.tracking_table(s, purchase_model=m, calibration_end="1997-09-30", observation_end="1998-06-30"),
    ],
)
def test_a_purchase_model_that_is_not_fitted(model, ask, calls):
    summary = calls["score_clv"].frame.assign(date=pd.Timestamp("1997-01-01"), amount=1.0)
    with pytest.raises(cv.NotFittedError, match=r"(is not fitted; |has no \w+: )call fit\(summary\) or from_params"):
        ask(model(), summary)


def test_a_spend_model_that_is_not_fitted(calls, refuse):
    summary = calls["score_clv"].frame
    refuse(calls["score_clv"], summary, "this GammaGamma is not fitted; call fit", cv.NotFittedError,
           spend_model=cv.clv.GammaGamma())  # fmt: skip
    with pytest.raises(cv.NotFittedError, match="this GammaGamma is not fitted"):
        cv.clv.GammaGamma().expected_spend(summary)


@pytest.mark.parametrize("model", MODELS)
def test_given_parameters_have_no_uncertainty(model, calls, refuse):
    given = model.from_params(**GIVEN[model])
    with pytest.raises(cv.NotFittedError, match="no standard errors: its parameters were given by from_params"):
        given.summary_table()
    with pytest.raises(cv.NotFittedError, match="has no aic_: its parameters were given by from_params"):
        given.aic_  # noqa: B018  reading the property is the test
    call = calls["score_clv"]
    refuse(call, call.frame, "no standard errors", cv.NotFittedError, interval=0.9)


@pytest.mark.parametrize("model", MODELS)
def test_a_failed_fit_leaves_the_model_as_it_was(model, calls):
    summary = calls["score_clv"].frame
    fitted = model().fit(summary)
    before, ruler = dict(fitted.params_), fitted.time_unit_
    with pytest.raises(cv.InputError):
        fitted.fit(summary[summary["frequency"] == 0].assign(time_unit="day"))
    assert (fitted.params_, fitted.time_unit_) == (before, ruler)
    fresh = model()
    with pytest.raises(cv.InputError):
        fresh.fit(summary[summary["frequency"] == 0])
    assert not fresh.__sklearn_is_fitted__()


# ---- another ruler -------------------------------------------------------------------------------------------------


def test_a_model_in_weeks_on_a_summary_in_days(calls, refuse):
    log = calls["summarize_customers"].frame
    days = cv.summarize_customers(log, observation_end="1998-06-30", time_unit="day")
    for name in ("predict", "probability_alive", "probability_active", "expected_purchases", "purchase_distribution"):
        for call in calls[f"BGNBD.{name}"].everywhere():
            refuse(call, days, WEEKS)
    for call in calls["score_clv"].everywhere():
        refuse(call, days, WEEKS)


# ---- weights -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("use", ["BGNBD.fit", "ParetoNBD.fit", "GammaGamma.fit"])
@pytest.mark.parametrize(
    ("weights", "match"),
    [
        (np.full(200, -1.0), "weights must be 0 or above and finite; 200 of 200 rows are not"),
        (np.where(np.arange(200) == 1, np.nan, 1.0), r"weights must be 0 or above and finite; 1 of 200 .* \(rows 1\)"),
        (np.where(np.arange(200) == 1, np.inf, 1.0), "weights must be 0 or above and finite; 1 of 200 rows is not"),
        (np.zeros(200), "weights must not all be 0: there is no customer left to fit"),
        (np.ones(3), "weights must have one number for each of the 200 rows; got 3"),
        (np.ones((200, 2)), "weights must be numbers in one dimension"),
        (["many"] * 200, "weights must be numbers in one dimension"),
        (np.ones(200, dtype=bool), "weights must be numbers in one dimension"),
        ("weight", r"the summary lacks \['weight'\]"),
        ("time_unit", "time_unit must be numeric; its type is String"),
        ("monetary_value", "monetary_value must not be null or NaN"),
    ],
)
def test_weights(use, weights, match, calls, refuse):
    refuse(calls[use], calls[use].frame, match, weights=weights)


@pytest.mark.parametrize(
    ("column", "match"),
    [
        (-1.0, "weights must be 0 or above and finite; 200 of 200 rows are not"),
        (np.where(np.arange(200) == 1, -1.0, 1.0), "weights must be 0 or above and finite; 1 of 200 rows is not"),
        (np.where(np.arange(200) == 1, np.nan, 1.0), "weights must be 0 or above and finite; 1 of 200 rows is not"),
        (0.0, "weights must not all be 0"),
        ("many", "n must be numeric; its type is String"),
        (None, r"the summary lacks \['n'\]"),
    ],
)
def test_weights_of_a_lazy_frame(column, match, calls, refuse):
    call = calls["BGNBD.fit"].within("polars[lazy]")
    frame = call.frame if column is None else call.frame.assign(n=column)
    refuse(call, frame, match, weights="n")
    refuse(call, frame, "weights of a lazy summary are named by their column; got an array", weights=np.ones(200))


def test_an_unknown_first_purchase(calls, refuse):
    refuse(calls["GammaGamma"], None, r"first_purchase must be one of .*; got 'first'", first_purchase="first")


def test_purchases_that_are_no_counts(calls, refuse):
    frame = calls["GammaGamma.fit"].frame
    for purchases, match in (
        (frame["purchases"] + 0.5, "a whole number: it counts purchase periods"),
        (-1, "0 or above"),
    ):
        with pytest.raises(cv.InputError, match=f"purchases must be {match}"):
            cv.clv.GammaGamma(first_purchase="include").fit(frame.assign(purchases=purchases))


# ---- parameters ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_parameters(model, refuse):
    params = GIVEN[model]
    first, *rest = params
    with pytest.raises(cv.InputError, match=rf"has the parameters \['{first}', .*\]; got \[\]"):
        model.from_params()
    with pytest.raises(cv.InputError, match=rf"has the parameters .*; got {[*rest]}".replace("[", r"\[")):
        model.from_params(**{p: params[p] for p in rest})
    with pytest.raises(cv.InputError, match=r"has the parameters .*; got \[.*'z'\]"):
        model.from_params(**params, z=1.0)
    for value in (0, -1.0, float("nan"), float("inf"), "0.5", True, None):
        with pytest.raises(cv.InputError, match=f"{first} must be above 0; got {value!r}"):
            model.from_params(**params | {first: value})
    with pytest.raises(cv.InputError, match=r"time_unit must be one of .*'week'.*; got 'weeks'\. Did you mean 'week'"):
        model.from_params(**params, time_unit="weeks")
    with pytest.raises(cv.InputError, match="has no argument 'penalty'"):
        model().set_params(penalty=0.1)


def test_a_population_without_a_mean_is_told(calls):
    summary = calls["score_clv"].frame
    once = int((summary["frequency"] == 0).sum())
    heavy = cv.clv.GammaGamma.from_params(p=6.25, q=0.9, v=15.44)
    for call in (lambda: heavy.expected_spend(summary), lambda: calls["score_clv"](summary, spend_model=heavy)):
        with pytest.warns(cv.FitWarning, match=f"expected spend is null for {once} of 200 customers"):
            call()


# ---- files ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "change",
    [
        lambda saved: [],
        lambda saved: saved | {"schema": 99},
        lambda saved: saved | {"model": "Unheard"},
        lambda saved: {k: v for k, v in saved.items() if k != "time_unit"},
        lambda saved: saved | {"params": {}},
        lambda saved: saved | {"params": dict.fromkeys(saved["params"], "1")},
        lambda saved: saved | {"params": []},
        lambda saved: saved | {"time_unit": "fortnight"},
        lambda saved: saved | {"arguments": {"penalty": 1}},
        lambda saved: saved | {"log_covariance": [[1.0]]},
        lambda saved: saved | {"log_covariance": "none"},
        lambda saved: saved | {"learned": {"log_likelihood_": "high"}},
        lambda saved: saved | {"learned": None},
    ],
)
def test_text_that_to_json_did_not_write(model, change, tmp_path):
    saved = change(json.loads(model.from_params(**GIVEN[model], time_unit="week").to_json()))
    with pytest.raises(cv.InputError, match=f"{model.__name__}"):
        model.from_json(json.dumps(saved))
    (tmp_path / "m.json").write_text(json.dumps({"schema": 1, "models": {"m": saved}}), encoding="utf-8")
    with pytest.raises(cv.InputError):
        cv.load_models(tmp_path / "m.json")


def test_text_of_another_model(calls):
    text = cv.clv.BGNBD.from_params(**GIVEN[cv.clv.BGNBD]).to_json()
    with pytest.raises(cv.InputError, match="ParetoNBD reads models of its own class and schema 1"):
        cv.clv.ParetoNBD.from_json(text)


def test_files(tmp_path):
    model = cv.clv.BGNBD.from_params(**GIVEN[cv.clv.BGNBD])
    with pytest.raises(FileNotFoundError):
        cv.save_models(tmp_path / "none" / "m.json", m=model)
    with pytest.raises(FileNotFoundError):
        cv.load_models(tmp_path / "m.json")
    (tmp_path / "m.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(cv.InputError, match="is not a file that save_models wrote"):
        cv.load_models(tmp_path / "m.json")
    with pytest.raises(cv.InputError, match=r"path must name a file, .*; got None"):
        cv.load_models(None)
