"""Curves of contracts are drawn as they are, and what was seen beside them is the product-limit estimate."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import customer_value as cv
from customer_value.errors import InputError
from customer_value.plots import retention, survival

CURVE = {
    "period": [0, 1, 2, 3],
    "survival": [1.0, 0.6, 0.45, 0.36],
    "retention": [None, 0.6, 0.75, 0.8],
    "survival_lower": [1.0, 0.5, 0.4, 0.3],
    "survival_upper": [1.0, 0.7, 0.5, 0.4],
    "retention_lower": [None, 0.5, 0.7, 0.75],
    "retention_upper": [None, 0.7, 0.8, 0.85],
}
# Two cohorts; the second was observed for one renewal only.
SEEN = {
    "cohort": ["2023", "2023", "2024"],
    "period": [1, 2, 1],
    "at_risk": [100, 60, 300],
    "lost": [40, 15, 100],
}
BARE = ["period", "survival", "retention"]


def said(ax):
    return " | ".join(text.get_text() for text in ax.texts)


def test_the_curves_are_drawn(make_frame):
    (line,) = survival(make_frame(CURVE)).lines
    assert line.get_xdata().tolist() == [0, 1, 2, 3]
    assert line.get_ydata().tolist() == CURVE["survival"]
    (line,) = retention(make_frame(CURVE)).lines
    assert line.get_xdata().tolist() == [1, 2, 3]  # nobody has renewed at period 0
    assert line.get_ydata().tolist() == CURVE["retention"][1:]


@pytest.mark.parametrize("picture", [survival, retention])
def test_the_order_of_the_rows_does_not_matter(picture):
    curve = pd.DataFrame(CURVE)
    straight, shuffled = picture(curve).lines[0], picture(curve.iloc[[2, 0, 3, 1]]).lines[0]
    np.testing.assert_array_equal(straight.get_xydata(), shuffled.get_xydata())


@pytest.mark.parametrize(("picture", "name"), [(survival, "survival"), (retention, "retention")])
def test_intervals_are_bands(picture, name):
    ax = picture(pd.DataFrame(CURVE))
    corners = {(x, y) for x, y in ax.collections[0].get_paths()[0].vertices if x == 2}
    assert corners == {(2, CURVE[f"{name}_lower"][2]), (2, CURVE[f"{name}_upper"][2])}
    assert "line: model, band: its interval" in said(ax)
    bare = picture(pd.DataFrame(CURVE)[BARE])
    assert not bare.collections
    assert "band" not in said(bare)


def test_a_curve_from_the_first_renewal_on_begins_with_everyone():
    line = survival(pd.DataFrame(CURVE).iloc[1:]).lines[0]
    assert line.get_xydata()[0].tolist() == [0, 1]
    late = survival(pd.DataFrame(CURVE).iloc[2:]).lines[0]
    assert late.get_xydata()[0].tolist() == [2, 0.45]


def test_what_was_seen_is_the_product_limit_estimate(make_frame):
    # Renewed: 260 of 400 at the first renewal, 45 of 60 at the second.
    _, points = survival(make_frame(CURVE), renewals=make_frame(SEEN)).lines
    assert points.get_linestyle() == "None"
    np.testing.assert_allclose(points.get_xydata(), [[0, 1], [1, 0.65], [2, 0.65 * 0.75]], rtol=1e-15)
    ax = retention(make_frame(CURVE), renewals=make_frame(SEEN))
    np.testing.assert_allclose(ax.lines[1].get_xydata(), [[1, 0.65], [2, 0.75]], rtol=1e-15)
    assert "points: seen" in said(ax)


@pytest.mark.parametrize("kind", [cv.clv.ShiftedBetaGeometric, cv.clv.BetaDiscreteWeibull])
def test_curves_of_models(kind):
    there = [1000, 631, 468, 382, 326, 289]  # the regular customers of Fader and Hardie (2007)
    lost = [before - after for before, after in pairwise(there)]
    renewals = pd.DataFrame({"cohort": "regular", "period": range(1, 6), "at_risk": there[:-1], "lost": lost})
    curve = kind().fit(renewals).curve(8, interval=0.9)
    for picture, name, first in ((survival, "survival", 0), (retention, "retention", 1)):
        ax = picture(curve, renewals=renewals)
        model, seen = ax.lines
        assert model.get_ydata().tolist() == curve[name].tolist()[first:]
        assert "band: its interval" in said(ax)
        # Both models fit this cohort to within 2 points of a hundred.
        at_seen = model.get_ydata()[: len(seen.get_ydata())]
        np.testing.assert_allclose(at_seen, seen.get_ydata(), atol=0.02)


def test_labels_tell_units():
    ax = survival(pd.DataFrame(CURVE))
    assert ax.get_xlabel() == "Period (number of the renewal)"
    assert ax.get_ylabel() == "Share of customers still there"
    assert ax.yaxis.get_major_formatter()(0.5) == "50%"
    assert ax.get_ylim()[0] == 0
    assert said(ax) == "Share of all who began; line: model, band: its interval"
    assert "Share of those who were there until then" in said(retention(pd.DataFrame(CURVE)))


@pytest.mark.parametrize(("picture", "name"), [(survival, "survival"), (retention, "retention")])
def test_bad_curves_are_refused(picture, name):
    for change, message in (
        ({"period": [0, 1, 1, 2]}, "period must differ from row to row"),
        ({"period": [0, 1.5, 2, 3]}, "period must be a whole number, 0 or above; 1 of 4"),
        ({name: [1.0, 1.2, 0.5, 0.4]}, f"{name} must be from 0 to 1; 1 of 4"),
        ({name: np.nan}, f"{name} is null in every row: there is nothing to draw"),
        ({name: "high"}, f"{name} must be numeric"),
    ):
        with pytest.raises(InputError, match=message):
            picture(pd.DataFrame(CURVE).assign(**change))
    with pytest.raises(InputError, match=rf"lacks \['{name}'\].*curve\(periods\) makes it"):
        picture(pd.DataFrame(CURVE).drop(columns=name))


def test_bad_renewals_are_refused():
    curve, seen = pd.DataFrame(CURVE), pd.DataFrame(SEEN)
    for change, message in (
        ({"lost": [40, 61, 100]}, r"lost must be from 0 to at_risk; 1 of 3 rows is not \(rows 1\)"),
        ({"lost": [-1, 15, 100]}, "lost must be from 0 to at_risk"),
        ({"period": [0, 1, 1]}, "period must be a whole number, 1 or above"),
    ):
        with pytest.raises(InputError, match=message):
            retention(curve, renewals=seen.assign(**change))
    with pytest.raises(InputError, match="renewals must have every period from 1 on"):
        survival(curve, renewals=seen.assign(period=[1, 3, 1]))
    with pytest.raises(InputError, match=r"lacks \['lost'\].*summarize_renewals"):
        survival(curve, renewals=seen.drop(columns="lost"))
    with pytest.raises(InputError, match="the renewal table is empty"):
        survival(curve, renewals=seen.head(0))
