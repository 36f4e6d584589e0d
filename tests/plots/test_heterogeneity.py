"""The picture of a rate draws its density, mean and share near 0, with poles cut off and units told."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import customer_value as cv
from customer_value.errors import InputError
from customer_value.plots import heterogeneity

SHARES = [0.1, 0.4, 0.7, 0.995]
TABLE = {
    "rate": ["purchase_rate"] * 4 + ["dropout_rate"] * 4,
    "rate_value": [0.01, 0.1, 0.3, 1.0, 0.02, 0.04, 0.06, 0.1],
    "density": [None, 4.0, 1.0, 0.1, 1.0, 9.0, 3.0, 0.2],
    "cumulative_share": [*SHARES, *SHARES],
    "rate_mean": [0.2] * 4 + [0.05] * 4,
    "time_unit": ["week"] * 8,
}
BG = cv.clv.BGNBD.from_params(r=0.2426, alpha=4.4136, a=0.7929, b=2.4259, time_unit="week")


def said(ax):
    return " | ".join(text.get_text() for text in ax.texts)


def test_the_density_is_drawn_in_order(make_frame):
    table = pd.DataFrame(TABLE).iloc[[5, 0, 7, 2, 1, 6, 4, 3]]
    ax = heterogeneity(make_frame({name: column.tolist() for name, column in table.items()}))
    curve, mean = ax.lines
    assert curve.get_xdata().tolist() == TABLE["rate_value"][:4]
    np.testing.assert_array_equal(curve.get_ydata(), [np.nan, 4.0, 1.0, 0.1])
    assert set(mean.get_xdata()) == {0.2}


def test_labels_tell_the_unit_the_mean_and_the_share_near_0():
    ax = heterogeneity(pd.DataFrame(TABLE))
    assert ax.get_xlabel() == "Purchase rate: purchases per week while a customer"
    assert ax.get_ylabel() == "Density of customers"
    # A tenth of the mean of 0.2 is 0.02: a ninth of the way from 10 to 40 percent.
    assert said(ax) == "mean 0.2 | 13% of them below a tenth of the mean"
    other = heterogeneity(pd.DataFrame(TABLE), rate="dropout_rate")
    assert other.get_xlabel() == "Dropout rate per week"
    assert "0% of them below a tenth of the mean" in said(other)
    bare = heterogeneity(pd.DataFrame(TABLE).drop(columns="time_unit"))
    assert bare.get_xlabel() == "Purchase rate: purchases per time unit while a customer"


def test_a_pole_runs_out_at_the_top_and_the_bulk_can_be_seen():
    ax = heterogeneity(cv.clv.heterogeneity_table(BG))
    truth = stats.gamma(0.2426, scale=1 / 4.4136)
    width, height = ax.get_xlim()[1], ax.get_ylim()[1]
    assert width == pytest.approx(truth.ppf(0.99), rel=1e-3)
    assert height == pytest.approx(1.05 * truth.pdf(0.02 * width), rel=0.1)
    assert f"{truth.cdf(0.1 * truth.mean()):.0%} of them below a tenth" in said(ax)
    both = heterogeneity(
        cv.clv.heterogeneity_table(cv.clv.BGNBD.from_params(r=1, alpha=1, a=0.3, b=0.4)), rate="dropout_probability"
    )
    assert both.get_xlabel() == "Dropout probability (0 to 1)"
    assert both.get_ylim()[1] < 5
    hump = heterogeneity(cv.clv.heterogeneity_table(cv.clv.BGNBD.from_params(r=9, alpha=1, a=1, b=1)))
    assert hump.get_ylim()[1] == pytest.approx(1.05 * stats.gamma(9).pdf(8), rel=1e-3)


def test_customers_are_drawn_as_shares_of_all(make_frame):
    own = {"purchase_rate": [0.05, 0.05, 0.21, 5.0]}
    ax = heterogeneity(make_frame(TABLE), customers=make_frame(own))
    (bars,) = ax.patches
    heights, edges, _ = bars.get_data()
    # The fourth customer is beyond the picture and counts all the same.
    assert (heights * np.diff(edges)).sum() == pytest.approx(0.75)
    assert heights[np.searchsorted(edges, 0.05) - 1] * (edges[1] - edges[0]) == pytest.approx(0.5)
    assert "bars: customers' own means" in said(ax)


def test_of_models_and_their_customers():
    summary = pd.DataFrame({"frequency": [0, 3], "recency": [0.0, 20.0], "T": [39.0, 39.0], "time_unit": "week"})
    ax = heterogeneity(
        cv.clv.heterogeneity_table(BG), rate="dropout_probability", customers=BG.posterior_rates(summary)
    )
    assert len(ax.patches) == 1


def test_every_rate_of_every_model(any_model):
    table = cv.clv.heterogeneity_table(any_model)
    rates = table["rate"].unique()
    assert "purchase_rate" in rates or "purchase_probability" in rates
    assert len(rates) == 1 + bool(any_model._dropout)
    for rate in rates:
        ax = heterogeneity(table, rate=rate)
        assert ("per year" if rate.endswith("_rate") else "(0 to 1)") in ax.get_xlabel()


def test_a_rate_of_nobody_is_drawn_empty():
    table = cv.clv.heterogeneity_table(cv.clv.BGNBD.from_params(r=1, alpha=1, a=1e-8, b=1e8))
    ax = heterogeneity(table, rate="dropout_probability")
    assert ax.get_ylim()[1] > 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rate_value": "high"}, "rate_value must be numeric"),
        ({"cumulative_share": None}, "cumulative_share must"),
        ({"rate": None}, "rate must not be null"),
        ({"time_unit": "fortnight"}, "time_unit must hold one of"),
    ],
)
def test_bad_columns_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        heterogeneity(pd.DataFrame(TABLE).assign(**change))


def test_unknown_rates_and_missing_columns_are_refused():
    with pytest.raises(InputError, match=r"rate must be one of \['dropout_rate', 'purchase_rate'\]; got 'churn'"):
        heterogeneity(pd.DataFrame(TABLE), rate="churn")
    with pytest.raises(InputError, match=r"lacks \['density'\].*heterogeneity_table"):
        heterogeneity(pd.DataFrame(TABLE).drop(columns="density"))
    with pytest.raises(InputError, match=r"the customer frame lacks \['purchase_rate'\].*posterior_rates"):
        heterogeneity(pd.DataFrame(TABLE), customers=pd.DataFrame({"frequency": [1]}))
    with pytest.raises(InputError, match="the customer frame is empty"):
        heterogeneity(pd.DataFrame(TABLE), customers=pd.DataFrame({"purchase_rate": [0.1]}).head(0))
