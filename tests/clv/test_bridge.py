"""Models of lifetimes keep their own predictions."""

import warnings

import numpy as np
import pytest

import customer_value as cv

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import lifetimes


@pytest.mark.filterwarnings("ignore")  # numpy's, from inside lifetimes
@pytest.mark.parametrize("name", ["BetaGeoFitter", "ParetoNBDFitter", "ModifiedBetaGeoFitter"])
def test_purchase_models(name, cdnow_summary):
    data = cdnow_summary["frequency"], cdnow_summary["recency"], cdnow_summary["T"]
    fitter = getattr(lifetimes, name)().fit(*data)
    model = cv.clv.from_lifetimes(fitter, time_unit="week")
    expected = fitter.conditional_expected_number_of_purchases_up_to_time(39, *data)
    np.testing.assert_allclose(model.expected_purchases(cdnow_summary, "39 weeks"), expected, rtol=1e-9)
    np.testing.assert_allclose(
        model.probability_alive(cdnow_summary), fitter.conditional_probability_alive(*data), rtol=1e-9
    )


@pytest.mark.filterwarnings("ignore")
def test_gamma_gamma(cdnow_summary):
    buyers = cdnow_summary[cdnow_summary["frequency"] > 0]
    fitter = lifetimes.GammaGammaFitter().fit(buyers["frequency"], buyers["monetary_value"])
    expected = fitter.conditional_expected_average_profit(buyers["frequency"], buyers["monetary_value"])
    np.testing.assert_allclose(cv.clv.from_lifetimes(fitter).expected_spend(buyers), expected, rtol=1e-9)


@pytest.mark.filterwarnings("ignore")
def test_bg_bb():
    data = cv.datasets.load_donations()
    columns = data["frequency"], data["recency"], data["opportunities"]
    fitter = lifetimes.BetaGeoBetaBinomFitter().fit(*columns, data["customers"])
    model = cv.clv.from_lifetimes(fitter, time_unit="year")
    expected = fitter.conditional_expected_number_of_purchases_up_to_time(5, *columns)
    np.testing.assert_allclose(model.expected_purchases(data, "5 years"), expected, rtol=1e-9)


def test_what_is_no_fitter():
    with pytest.raises(cv.InputError, match=r"fitter must be one of BetaGeoFitter.*got BGNBD"):
        cv.clv.from_lifetimes(cv.clv.BGNBD())
    with pytest.raises(cv.InputError, match="this BetaGeoFitter is not fitted"):
        cv.clv.from_lifetimes(lifetimes.BetaGeoFitter())
