"""What all pictures share: given axes are used, matplotlib is optional, nothing is shown, numbers read well."""

import sys

import pandas as pd
import pytest
from matplotlib import pyplot

import customer_value as cv
from customer_value.errors import InputError, MissingDependencyError
from customer_value.plots._axes import length, short

SCORED = pd.DataFrame({"r_score": [5, 1], "f_score": [5, 2], "total_value": [90.0, 20.0]})
CALIBRATION = pd.DataFrame({"frequency": ["0", "1+"], "customers": [2, 1], "predicted": [0.2, 1.0], "observed": [0, 2]})
TRACKING = pd.DataFrame(
    {
        "period_end": pd.to_datetime(["1997-01-08", "1997-01-15"]),
        "expected_cumulative": [1.0, 2.0],
        "actual_cumulative": [1, 3],
        "in_calibration": [True, False],
    }
)
GRID = pd.DataFrame(
    {"frequency": [0, 1], "recency": [0.0, 5.0], "T": [9.0, 9.0], "expected_purchases": [0.1, 0.2], "horizon": [5, 5]}
)
RATES = pd.DataFrame(
    {
        "rate": ["purchase_rate"] * 2,
        "rate_value": [0.1, 0.2],
        "density": [4.0, 2.0],
        "cumulative_share": [0.2, 0.9],
        "rate_mean": [0.15, 0.15],
    }
)
CURVE = pd.DataFrame({"period": [1, 2], "survival": [0.6, 0.4], "retention": [0.6, 0.67]})
PICTURES = [
    pytest.param(cv.plots.frequency_recency, GRID, id="frequency_recency"),
    pytest.param(cv.plots.heterogeneity, RATES, id="heterogeneity"),
    pytest.param(cv.plots.survival, CURVE, id="survival"),
    pytest.param(cv.plots.retention, CURVE, id="retention"),
    pytest.param(cv.plots.rfm_heatmap, SCORED, id="rfm_heatmap"),
    pytest.param(cv.plots.calibration_by_frequency, CALIBRATION, id="calibration_by_frequency"),
    pytest.param(cv.plots.tracking, TRACKING, id="tracking"),
]


@pytest.mark.parametrize(("picture", "frame"), PICTURES)
def test_a_given_ax_is_drawn_on_and_no_other_figure_is_made(picture, frame):
    _, (left, right) = pyplot.subplots(1, 2)
    figures = pyplot.get_fignums()
    assert picture(frame, ax=right) is right
    assert right.has_data()
    assert not left.has_data()
    assert pyplot.get_fignums() == figures


@pytest.mark.parametrize(("picture", "frame"), PICTURES)
def test_without_ax_a_new_figure_is_made_that_can_be_saved_and_is_not_shown(picture, frame, monkeypatch, tmp_path):
    monkeypatch.setattr(pyplot, "show", lambda *_, **__: pytest.fail("a picture was shown"))
    before = frame.copy()
    ax = picture(frame)
    ax.figure.savefig(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 5000
    pd.testing.assert_frame_equal(frame, before)
    assert ax.get_xlabel()
    assert ax.get_ylabel()
    assert ax.get_title(loc="left")


@pytest.mark.parametrize(("picture", "frame"), PICTURES)
def test_without_matplotlib_the_error_names_the_install(picture, frame, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(MissingDependencyError, match=r"matplotlib.*pip install 'customer-value\[plots\]'"):
        picture(frame)


@pytest.mark.parametrize(("picture", "frame"), PICTURES)
def test_bad_ax_and_bad_frames_are_refused(picture, frame):
    with pytest.raises(InputError, match="ax must be a matplotlib Axes"):
        picture(frame, ax=pyplot.figure())
    with pytest.raises(InputError, match="lacks"):
        picture(frame.iloc[:, :1].rename(columns=lambda name: "other"))
    with pytest.raises(InputError, match="empty"):
        picture(frame.head(0))
    with pytest.raises(InputError, match="must be a DataFrame"):
        picture([1, 2])


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.0421, "0.0421"), (98.64, "98.6"), (12345.2, "12,345"), (1.34e6, "1.34M"), (-2e9, "-2B")],
)
def test_numbers_are_short(value, text):
    assert short(value) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1, "week", "1 week"),
        (52.0, "week", "52 weeks"),
        (52.17857, "week", "52.2 weeks"),
        (3653, None, "3,653 time units"),
    ],
)
def test_times_are_told_with_their_unit(value, unit, text):
    assert length(value, unit) == text
