"""Models side by side, against figures computed by hand."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import stats

import customer_value as cv


@pytest.fixture(scope="module")
def holdout(cdnow_log, cdnow_summary):
    _, later = cv.split_holdout(cdnow_log, observation_end="1997-09-30")
    return cv.summarize_holdout(later, customers=cdnow_summary, observation_end="1998-06-30")


@pytest.fixture(scope="module")
def board(cdnow_summary, holdout):
    models = {"BG": cv.clv.BGNBD(), "NBD": cv.clv.NBD(), "Pareto": cv.clv.ParetoNBD()}
    return cv.clv.compare_models(cdnow_summary, models, holdout=holdout, spend_model=cv.clv.GammaGamma()).set_index(
        "model"
    )


def test_likelihoods_are_those_of_the_fits(board, cdnow_summary):
    # BG and Pareto as published (CLVTools), NBD by an independent fit with scipy.
    published = {"BG": -9582.4292067, "Pareto": -9594.97617894, "NBD": -9763.657614673}
    for name, value in published.items():
        assert board.loc[name, "log_likelihood"] == pytest.approx(value, abs=1e-5)
    assert list(board.index) == ["BG", "Pareto", "NBD", "past rate continues", "no purchases"]
    assert board.loc["BG", "aic"] == pytest.approx(8 + 2 * 9582.4292067, abs=1e-4)
    assert board.loc["NBD", "bic"] == pytest.approx(2 * np.log(2357) + 2 * 9763.657614673, abs=1e-4)


def test_ratios_against_the_special_case(board):
    assert board.loc["BG", "nested"] == "NBD"
    statistic = 2 * (9763.657614673 - 9582.4292067)
    assert board.loc["BG", "lr_statistic"] == pytest.approx(statistic, abs=1e-3)
    assert board.loc["BG", "lr_p_value"] == pytest.approx(stats.chi2.sf(statistic, 2), rel=1e-3)
    assert np.isnan(board.loc["NBD", "lr_statistic"])


def test_errors_on_the_holdout(board, cdnow_summary, holdout):
    seen = holdout.set_index("customer_id").loc[cdnow_summary["customer_id"], "holdout_purchases"].to_numpy()
    expected = cv.clv.BGNBD().fit(cdnow_summary).expected_purchases(cdnow_summary, 39)
    row = board.loc["BG"]
    assert row["expected_purchases"] == pytest.approx(1653.408, abs=0.01)  # CLVTools
    assert (board["observed_purchases"] == 1882).all()
    assert row["mae"] == pytest.approx(np.abs(expected - seen).mean(), rel=1e-12)
    assert row["rmse"] == pytest.approx(np.sqrt(((expected - seen) ** 2).mean()), rel=1e-12)
    assert row["rank_correlation"] == pytest.approx(stats.spearmanr(expected, seen).statistic, rel=1e-9)
    naive = board.loc["past rate continues"]
    assert naive["expected_purchases"] == pytest.approx((cdnow_summary["frequency"] / cdnow_summary["T"]).sum() * 39)
    assert board.loc["no purchases", "mae"] == pytest.approx(seen.mean())
    assert np.isnan(board.loc["no purchases", "rank_correlation"])
    spent = holdout.set_index("customer_id").loc[cdnow_summary["customer_id"], "holdout_value"].to_numpy()
    worth = expected * cv.clv.GammaGamma().fit(cdnow_summary).expected_spend(cdnow_summary)
    assert row["mae_value"] == pytest.approx(np.abs(worth - spent).mean(), rel=1e-12)


def test_the_log_score_is_the_mean_log_probability_of_what_came(board, cdnow_summary, holdout):
    seen = holdout.set_index("customer_id").loc[cdnow_summary["customer_id"], "holdout_purchases"].to_numpy()
    model = cv.clv.ParetoNBD().fit(cdnow_summary)
    pmf = model.purchase_distribution(cdnow_summary, 39, range(int(seen.max()) + 1))
    assert board.loc["Pareto", "log_score"] == pytest.approx(np.log(pmf[np.arange(seen.size), seen]).mean(), rel=1e-10)
    # Proper: the model that lets customers leave describes them better than the one that does not.
    assert board.loc["NBD", "log_score"] < board.loc["Pareto", "log_score"]


def test_fitted_models_are_taken_as_they_are(cdnow_summary):
    half, rest = cdnow_summary.iloc[::2], cdnow_summary.iloc[1::2]
    fitted = cv.clv.BGNBD().fit(half)
    table = cv.clv.compare_models(rest, {"half": fitted, "own": cv.clv.BGNBD()}).set_index("model")
    columns = [rest[c].to_numpy(float) for c in ("frequency", "recency", "T")]
    exact = fitted._log_likelihood(fitted._theta, *columns).sum()
    assert table.loc["half", "log_likelihood"] == pytest.approx(exact, rel=1e-12)
    assert table.loc["own", "log_likelihood"] > table.loc["half", "log_likelihood"]


def test_models_given_are_not_changed(cdnow_summary):
    mine = cv.clv.BGNBD()
    cv.clv.compare_models(cdnow_summary, {"mine": mine})
    assert not mine.__sklearn_is_fitted__()


def test_every_library(cdnow_summary, holdout):
    models = {"BG": cv.clv.BGNBD()}
    data = cdnow_summary.drop(columns="observation_end")
    there = cv.clv.compare_models(data, models, holdout=holdout)
    polars = cv.clv.compare_models(pl.from_pandas(data), models, holdout=pl.from_pandas(holdout))
    lazy = cv.clv.compare_models(pl.from_pandas(data).lazy(), models, holdout=pl.from_pandas(holdout))
    assert isinstance(lazy, pl.LazyFrame)
    for other in (polars, lazy.collect()):
        np.testing.assert_allclose(other["rmse"].to_numpy(), there["rmse"], rtol=1e-9)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda s, m, h: (s, [], h), "models must map names to purchase models"),
        (lambda s, m, h: (s, {}, h), "models must map names to purchase models"),
        (lambda s, m, h: (s, {"a": cv.clv.GammaGamma()}, h), r"models\['a'\] must be a purchase model"),
        (lambda s, m, h: (s, m, h.head(5)), "every customer of the summary must be in the holdout"),
        (lambda s, m, h: (s, m, h.drop(columns="holdout_duration")), "holdout_duration"),
        (lambda s, m, h: (s, m, pd.concat([h, h])), "customer_id must be unique in the holdout"),
        (lambda s, m, h: (s.assign(time_unit="day"), {"a": cv.clv.BGNBD().fit(s)}, h), "was fitted in weeks"),
        (lambda s, m, h: (s, m, h.assign(holdout_duration=0.0)), "holdout_duration must be above 0"),
    ],
)
def test_bad_input(change, match, cdnow_summary, holdout):
    summary, models, seen = change(cdnow_summary, {"BG": cv.clv.BGNBD()}, holdout)
    with pytest.raises(cv.InputError, match=match):
        cv.clv.compare_models(summary, models, holdout=seen)


@pytest.mark.parametrize("k", [2, "auto"])
def test_a_regular_model_is_compared_by_the_likelihood_of_its_fit(k, cdnow_log):
    calibration, _ = cv.split_holdout(cdnow_log, observation_end="1997-09-30")
    summary = cv.summarize_customers(calibration, observation_end="1997-09-30", regularity=True)
    fitted = cv.clv.MBGCNBD(k=k).fit(summary)
    loaded = cv.clv.MBGCNBD.from_json(fitted.to_json())
    table = cv.clv.compare_models(summary, {"own": cv.clv.MBGCNBD(k=k), "loaded": loaded, "MBG": cv.clv.MBGNBD()})
    told = table.set_index("model")["log_likelihood"]
    assert told["own"] == pytest.approx(fitted.log_likelihood_, rel=1e-12)
    assert told["loaded"] == pytest.approx(fitted.log_likelihood_, rel=1e-12)
    if k == "auto":  # CDNOW's customers are not regular: k = 1 is MBG/NBD
        assert told["own"] == pytest.approx(told["MBG"], rel=1e-12)
