"""The grid of histories: each cell is the model's own prediction, and only histories that can be are in it."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import customer_value as cv
from customer_value.clv import frequency_recency_table
from customer_value.clv._base import PurchaseModel

BG = cv.clv.BGNBD.from_params(r=0.2426, alpha=4.4136, a=0.7929, b=2.4259, time_unit="week")
YEAR = {"T": 39, "horizon": "39 weeks"}


def test_the_published_customer():
    # The published expectation for x = 2, t_x = 30.43, T = 38.86 over 39 weeks, as in tests/golden/bg_nbd.json.
    table = frequency_recency_table(BG, T=38.86, horizon=39, max_frequency=2, max_recency=30.43, steps=4)
    cell = table.query("frequency == 2").iloc[-1]
    assert cell["recency"] == 30.43
    assert cell["expected_purchases"] == pytest.approx(1.226, abs=5e-4)


def test_every_cell_is_the_models_prediction():
    table = frequency_recency_table(BG, **YEAR, steps=13)
    told = BG.predict(table[["frequency", "recency", "T", "time_unit"]], 39)
    columns = ["p_alive", "p_active", "expected_purchases"]
    np.testing.assert_allclose(table[columns], told[columns], rtol=1e-14)
    assert set(table["T"]) == set(table["horizon"]) == {39.0}
    assert set(table["time_unit"]) == {"week"}


def test_impossible_histories_are_left_out_and_all_others_are_there():
    table = frequency_recency_table(BG, **YEAR, max_frequency=7)
    assert list(zip(table["frequency"], table["recency"], strict=True)) == [
        (0, 0.0), *((x, float(t)) for x in range(1, 8) for t in range(1, 40)),
    ]  # fmt: skip


def test_the_largest_frequency_is_rarely_exceeded():
    top = int(frequency_recency_table(BG, **YEAR)["frequency"].max())
    more, same = (1 - BG.purchase_distribution_new(39, range(n)).sum() for n in (top, top + 1))
    assert same <= 1e-3 < more


def test_long_sides_are_cut_into_steps():
    table = frequency_recency_table(BG, T="10 years", horizon=1, max_frequency=1000, max_recency=100.5, steps=10)
    assert sorted(set(table["frequency"])) == list(range(0, 1001, 100))
    np.testing.assert_allclose(sorted(set(table["recency"])), np.linspace(0, 100.5, 11), rtol=1e-15)
    assert table["T"].iloc[0] == pytest.approx(3652.5 / 7)
    assert len(frequency_recency_table(BG, T=1e-3, horizon=1, max_frequency=1, steps=1)) == 2


def test_each_library_gives_the_same_table():
    first = frequency_recency_table(BG, **YEAR, steps=3)
    of_polars = frequency_recency_table(BG, **YEAR, steps=3, backend="polars")
    of_arrow = frequency_recency_table(BG, **YEAR, steps=3, backend="pyarrow")
    assert isinstance(of_polars, pl.DataFrame)
    assert isinstance(of_arrow, pa.Table)
    assert of_polars.to_dict(as_series=False) == of_arrow.to_pydict() == first.to_dict("list")


def test_a_model_without_a_ruler_takes_numbers():
    bare = cv.clv.BGNBD.from_params(**BG.params_)
    table = frequency_recency_table(bare, T=39, horizon=39, steps=3)
    assert "time_unit" not in table
    with pytest.raises(cv.InputError, match="T='39 weeks' needs to know the model's time unit"):
        frequency_recency_table(bare, T="39 weeks", horizon=39)


class Occasions(PurchaseModel):
    """A model of opportunities that tells back what it was asked."""

    _parameters = ("a",)
    _columns = ("frequency", "recency", "opportunities")
    _future_columns = ("frequency", "opportunities")

    @staticmethod
    def _probability_alive(params, x, t_x, n):
        return t_x / n

    @staticmethod
    def _if_alive(params, x, t_x, n):
        return (x, n)

    @staticmethod
    def _expected_purchases_new(params, t):
        return params[0] * t

    @staticmethod
    def _sf_new(params, n, t):
        return np.broadcast_to(0.5, np.broadcast_shapes(np.shape(n), np.shape(params[0])))


def test_opportunities_are_whole_and_bound_the_purchases():
    model = Occasions.from_params(a=1.0)
    table = frequency_recency_table(model, T=4, horizon=2)
    cells = list(zip(table["frequency"], table["recency"], strict=True))
    assert cells == [(0, 0), (1, 1), (1, 2), (1, 3), (1, 4), (2, 2), (2, 3), (2, 4), (3, 3), (3, 4), (4, 4)]
    assert "T" not in table
    assert set(table["opportunities"]) == {4}
    np.testing.assert_allclose(table["expected_purchases"], table["recency"] / 4 * table["frequency"] * 2)
    thinned = frequency_recency_table(model, T=100, horizon=2, steps=7)
    assert (thinned["recency"] == np.floor(thinned["recency"])).all()
    assert thinned["recency"].max() == thinned["frequency"].max() == 100
    with pytest.raises(cv.InputError, match=r"T must be a whole number of them; got 4\.5"):
        frequency_recency_table(model, T=4.5, horizon=2)
    with pytest.raises(cv.InputError, match="max_frequency must be a whole number from 1 to 4; got 5"):
        frequency_recency_table(model, T=4, horizon=2, max_frequency=5)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"max_recency": 40}, "max_recency must be <= T; got 40 and 39 time units"),
        ({"max_frequency": 0}, "max_frequency must be a whole number from 1"),
        ({"steps": 0}, "steps must be a whole number from 1 to 1,000; got 0"),
        ({"T": 0}, "T must be positive and finite"),
        ({"horizon": "forever"}, "horizon must be a number of time units or a text"),
        ({"backend": "spark"}, "backend must be one of"),
    ],
)
def test_what_is_refused(changes, match):
    with pytest.raises(cv.InputError, match=match):
        frequency_recency_table(BG, **{**YEAR, **changes})


def test_only_fitted_purchase_models():
    with pytest.raises(cv.InputError, match=r"purchase_model must be a purchase model .*; got GammaGamma"):
        frequency_recency_table(cv.clv.GammaGamma.from_params(p=1, q=2, v=3), **YEAR)
    with pytest.raises(cv.NotFittedError):
        frequency_recency_table(cv.clv.BGNBD(), **YEAR)


def test_rows_are_sorted_by_history():
    table = frequency_recency_table(BG, **YEAR)
    assert isinstance(table, pd.DataFrame)
    assert table.sort_values(["frequency", "recency"]).index.tolist() == list(range(len(table)))
