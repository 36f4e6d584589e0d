"""The spread of rates over customers, against scipy's distributions and the model's own simulation of counts."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import stats

import customer_value as cv
from customer_value.clv import heterogeneity_table

CDNOW = {"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259}
OTHER = {"r": 6.0, "alpha": 0.3, "a": 5.0, "b": 0.2}


def of(table, rate):
    return table[table["rate"] == rate].reset_index(drop=True)


@pytest.mark.parametrize("params", [CDNOW, OTHER], ids=["many near 0", "pole at 1"])
def test_shares_and_densities_are_those_of_the_distributions(params):
    table = heterogeneity_table(cv.clv.BGNBD.from_params(**params, time_unit="week"))
    assert table["rate"].unique().tolist() == ["purchase_rate", "dropout_probability"]
    truths = {
        "purchase_rate": stats.gamma(params["r"], scale=1 / params["alpha"]),
        "dropout_probability": stats.beta(params["a"], params["b"]),
    }
    for rate, truth in truths.items():
        rows = of(table, rate)
        # Close below 1 a float holds few digits of 1 - p: there the shares are known to 1e-9 up to this distance.
        inside = rows[rows["density"].notna() & ((rows["rate_value"] < 1 - 1e-6) | (rate == "purchase_rate"))]
        assert len(inside) >= 150
        np.testing.assert_allclose(truth.cdf(inside["rate_value"]), inside["cumulative_share"], rtol=1e-9)
        np.testing.assert_allclose(truth.pdf(inside["rate_value"]), inside["density"], rtol=1e-9)
        np.testing.assert_allclose(rows["rate_mean"], truth.mean(), rtol=1e-12)
        assert (np.diff(rows["rate_value"]) >= 0).all()
        assert (np.diff(rows["cumulative_share"]) > 0).all()
    assert set(table["time_unit"]) == {"week"}


def test_the_rates_make_the_models_counts():
    # Averaged over the rates of the table, Poisson purchases that survive p each are the model's P(X(t) = 1 .. 3).
    model, t = cv.clv.BGNBD.from_params(r=1.4, alpha=3.0, a=1.3, b=2.2), 6.0
    table = heterogeneity_table(model, points=2000)
    rows = of(table, "purchase_rate")
    edges = (rows["cumulative_share"].to_numpy()[1:] + rows["cumulative_share"].to_numpy()[:-1]) / 2
    weights = np.diff(np.concatenate([[0.0], edges, [1.0]]))
    none = weights @ stats.poisson(rows["rate_value"] * t).pmf(0)
    assert none == pytest.approx(model.purchase_distribution_new(t, [0])[0], rel=1e-5)


def test_extremes_are_told_without_infinite_numbers():
    nobody = heterogeneity_table(cv.clv.BGNBD.from_params(r=1e-8, alpha=1e8, a=1e-8, b=1e-8))
    assert of(nobody, "purchase_rate")["rate_value"].max() < 1e-6
    assert set(of(nobody, "dropout_probability")["rate_value"].round(6)) == {0.0, 1.0}
    assert not np.isinf(nobody["density"]).any()
    alike = heterogeneity_table(cv.clv.BGNBD.from_params(r=1e8, alpha=1e8, a=1e8, b=1e8))
    np.testing.assert_allclose(of(alike, "purchase_rate")["rate_value"], 1.0, atol=1e-3)
    assert np.isfinite(alike["density"]).all()
    assert "time_unit" not in alike


def test_points_lie_closest_at_both_ends():
    shares = of(heterogeneity_table(cv.clv.BGNBD.from_params(**CDNOW), points=50), "purchase_rate")["cumulative_share"]
    assert len(shares) == 50
    np.testing.assert_allclose(shares + shares[::-1].to_numpy(), 1.0, atol=1e-15)
    assert shares.iloc[0] < 1e-3
    assert np.diff(shares).max() < 2 * 1 / 50


def test_each_library_gives_the_same_table():
    model = cv.clv.BGNBD.from_params(**OTHER, time_unit="day")
    first = heterogeneity_table(model, points=9)
    of_polars = heterogeneity_table(model, points=9, backend="polars")
    of_arrow = heterogeneity_table(model, points=9, backend="pyarrow")
    assert isinstance(of_polars, pl.DataFrame)
    assert isinstance(of_arrow, pa.Table)
    expected = first.astype(object).where(first.notna(), None).to_dict("list")
    assert of_polars.to_dict(as_series=False) == of_arrow.to_pydict() == expected


def test_what_is_refused():
    model = cv.clv.BGNBD.from_params(**CDNOW)
    with pytest.raises(cv.InputError, match="points must be a whole number from 2 to 100,000; got 1"):
        heterogeneity_table(model, points=1)
    with pytest.raises(cv.InputError, match="backend must be one of"):
        heterogeneity_table(model, backend="spark")
    with pytest.raises(cv.InputError, match=r"purchase_model must be a purchase model .*; got str"):
        heterogeneity_table("BGNBD")
    with pytest.raises(cv.NotFittedError):
        heterogeneity_table(cv.clv.BGNBD())
    assert isinstance(heterogeneity_table(model), pd.DataFrame)
