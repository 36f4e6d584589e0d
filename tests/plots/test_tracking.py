"""The tracking picture draws both lines over dates and marks where calibration ended."""

import datetime as dt

import pandas as pd
import pytest
from matplotlib.dates import date2num

import customer_value as cv
from customer_value.errors import InputError
from customer_value.plots import tracking

ENDS = [dt.date(1997, 1, 8), dt.date(1997, 1, 15), dt.date(1997, 1, 22)]
TABLE = {
    "period_end": ENDS,
    "expected": [10.0, 30.0, 42.0],
    "actual": [8, 33, 40],
    "expected_cumulative": [10.0, 40.0, 1082.0],
    "actual_cumulative": [8, 41, 1081],
    "in_calibration": [True, True, False],
}


def pandas_table(**change):
    return pd.DataFrame({**TABLE, "period_end": pd.to_datetime(ENDS), **change})


@pytest.mark.parametrize("kind", ["cumulative", "incremental"])
def test_both_lines_are_drawn_over_dates(make_frame, kind):
    table = {**TABLE, "period_end": pd.to_datetime(ENDS)} if make_frame is pd.DataFrame else TABLE
    ax = tracking(make_frame(table), kind=kind)
    actual, expected, boundary = ax.lines
    ending = "_cumulative" if kind == "cumulative" else ""
    assert actual.get_ydata().tolist() == TABLE[f"actual{ending}"]
    assert expected.get_ydata().tolist() == TABLE[f"expected{ending}"]
    for line in (actual, expected):
        assert date2num(line.get_xdata()).tolist() == date2num(ENDS).tolist()
    assert date2num(boundary.get_xdata()).tolist() == [date2num(ENDS[1])] * 2


def test_labels_tell_units_and_totals():
    ax = tracking(pandas_table())
    assert ax.get_ylabel() == "Cumulative repeat purchases"
    assert ax.get_xlabel() == "End of period (date)"
    assert {"expected 1,082", "actual 1,081", "calibration", "holdout"} <= {text.get_text() for text in ax.texts}
    assert ax.get_ylim()[0] == 0
    incremental = tracking(pandas_table(), kind="incremental")
    assert {"expected", "actual"} <= {text.get_text() for text in incremental.texts}


@pytest.mark.parametrize(
    ("days", "unit"), [([1, 2, 3], "day"), ([1, 8, 15], "week"), ([1, 11, 21], "10 days"), ([1], "period")]
)
def test_the_length_of_a_period_is_told(days, unit):
    ends = pd.to_datetime([f"1997-01-{day:02d}" for day in days])
    table = pandas_table().head(len(days)).assign(period_end=ends)
    assert tracking(table, kind="incremental").get_ylabel() == f"Repeat purchases per {unit}"


@pytest.mark.parametrize(
    ("ends", "unit"),
    [
        (["1997-01-31", "1997-02-28", "1997-03-31"], "month"),
        (["1997-02-14", "1997-03-14", "1997-04-14"], "month"),
        (["1996-12-31", "1997-03-31", "1997-06-30"], "quarter"),
        (["1995-06-30", "1996-06-30", "1997-06-30"], "year"),
        (["1997-01-30", "1997-03-01", "1997-03-31"], "30 days"),
        (["1997-01-31", "1997-03-31", "1997-05-31"], "60 days"),
    ],
)
def test_calendar_periods_are_told_from_days(ends, unit):
    table = pandas_table(period_end=pd.to_datetime(ends))
    assert tracking(table, kind="incremental").get_ylabel() == f"Repeat purchases per {unit}"


def test_every_model_is_tracked_over_a_cohort_with_staggered_starts(any_model):
    customers = 1500
    end = {"observation_end": "2009-12-31"}
    log = any_model.simulate_log(customers, start="2001-01-01", acquired_until="2003-12-31", **end)
    occasions = "opportunities" in any_model._columns
    length = {} if occasions else {"period_days": 28}
    table = cv.tracking_table(log, purchase_model=any_model, calibration_end="2004-12-31", **end, **length)
    for how, ending in (("cumulative", "_cumulative"), ("incremental", "")):
        ax = tracking(table, kind=how)
        actual, expected, _ = ax.lines
        assert actual.get_ydata().tolist() == table[f"actual{ending}"].tolist()
        assert expected.get_ydata().tolist() == table[f"expected{ending}"].tolist()
        unit = "year" if occasions else "28 days"
        assert ax.get_ylabel() == {
            "cumulative": "Cumulative repeat purchases", "incremental": f"Repeat purchases per {unit}"
        }[how]  # fmt: skip
    # What the model makes is what it expects: within 4 standard errors of the total, and 1 % for purchases of one day.
    repeats = log.groupby("customer_id").size() - 1
    total = table["expected_cumulative"].iloc[-1]
    error = 4 * repeats.std() * customers**0.5 + 0.01 * total
    assert abs(table["actual_cumulative"].iloc[-1] - total) < error
    assert error < 0.25 * total


def test_the_boundary_is_drawn_only_where_there_is_one():
    for inside in ([True] * 3, [False] * 3):
        ax = tracking(pandas_table(in_calibration=inside))
        assert len(ax.lines) == 2
        assert "holdout" not in {text.get_text() for text in ax.texts}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"period_end": ["1997-01-08", "1997-01-15", "1997-01-22"]}, "period_end must be a date; its type is"),
        ({"period_end": pd.to_datetime(["1997-01-08", None, "1997-01-22"])}, "period_end must not be null"),
        ({"in_calibration": [1, 1, 0]}, "in_calibration must be true or false"),
        ({"actual_cumulative": [1.0, None, 2.0]}, "actual_cumulative must not be null"),
    ],
)
def test_bad_columns_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        tracking(pandas_table(**change))


def test_an_unknown_kind_and_a_missing_column_are_refused():
    with pytest.raises(InputError, match=r"kind must be one of \['cumulative', 'incremental'\]"):
        tracking(pandas_table(), kind="cumulated")
    with pytest.raises(InputError, match=r"lacks \['expected'\].*tracking_table"):
        tracking(pandas_table().drop(columns="expected"), kind="incremental")
