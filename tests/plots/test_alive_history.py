"""The picture of P(alive): a line for each customer, and a point for each purchase."""

import datetime as dt

import pandas as pd
import pytest
from matplotlib.dates import date2num

import customer_value as cv
from customer_value.errors import InputError
from customer_value.plots import alive_history

DAYS = [dt.date(2026, 1, day) for day in (1, 2, 3)]
HISTORY = {
    "customer_id": [4711, 4711, 4711, 12, 12, 12],
    "date": DAYS * 2,
    "p_alive": [1.0, 0.9, 0.95, 1.0, 0.8, 0.7],
    "purchase": [True, False, True, True, False, False],
}


def of_one():
    return {name: values[:3] for name, values in HISTORY.items()}


def test_a_line_and_its_purchases(make_frame):
    history = of_one()
    if make_frame is pd.DataFrame:
        history["date"] = pd.to_datetime(history["date"])
    ax = alive_history(make_frame(history))
    line, points = ax.lines
    assert date2num(line.get_xdata()).tolist() == date2num(DAYS).tolist()
    assert line.get_ydata().tolist() == [1.0, 0.9, 0.95]
    assert points.get_ydata().tolist() == [1.0, 0.95]
    assert ax.get_title(loc="left") == "P(alive) of customer 4711"
    assert ax.get_ylim()[0] == 0
    assert ax.get_legend() is None


def test_customers_are_told_apart_in_any_order_of_the_rows():
    history = pd.DataFrame({**HISTORY, "date": pd.to_datetime(HISTORY["date"])}).iloc[[5, 0, 3, 2, 1, 4]]
    ax = alive_history(history.rename(columns={"customer_id": "who"}), customer_id="who")
    lines = {line.get_label(): line.get_ydata().tolist() for line in ax.lines if not line.get_label().startswith("_")}
    assert lines == {"12": [1.0, 0.8, 0.7], "4711": [1.0, 0.9, 0.95]}
    assert {text.get_text() for text in ax.get_legend().get_texts()} == {"12", "4711"}
    assert ax.get_title(loc="left") == "P(alive) of 2 customers"


def test_what_the_library_gives_is_drawn():
    log = cv.datasets.load_cdnow(sample=True)
    model = cv.clv.BGNBD.from_params(r=0.243, alpha=4.414, a=0.793, b=2.426, time_unit="week")
    history = cv.alive_history(log, model, customers=[1, 2], until="1998-06-30")
    line = alive_history(history).lines[0]
    assert line.get_ydata().tolist() == history[history.customer_id == 1].p_alive.tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"p_alive": [1.0, 0.9, 1.2]}, r"p_alive must be from 0 to 1; 1 of 3 rows"),
        ({"date": pd.to_datetime(["2026-01-01", "2026-01-01", "2026-01-02"])}, "date must differ from row to row"),
        ({"purchase": [1, 0, 1]}, "purchase must be true or false"),
        ({"customer_id": [1, None, 1]}, "customer_id must not be null"),
    ],
)
def test_bad_columns_are_refused(change, message):
    history = pd.DataFrame({**of_one(), "date": pd.to_datetime(DAYS)})
    with pytest.raises(InputError, match=message):
        alive_history(history.assign(**change))


def test_more_customers_than_can_be_told_apart_are_refused():
    history = pd.DataFrame({"customer_id": range(11), "date": pd.Timestamp("2026-01-01"), "p_alive": 1.0})
    with pytest.raises(InputError, match="history has 11 customers; a picture holds up to 10"):
        alive_history(history.assign(purchase=True))
