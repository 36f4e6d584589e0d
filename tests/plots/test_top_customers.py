"""The picture of the top customers: a point and the intervals of each, the first on top."""

import pandas as pd
import pytest

from customer_value.errors import InputError
from customer_value.plots import top_customers

SCORED = {
    "customer_id": [3, 1, 2, 4],
    "clv": [80.0, 120.0, 80.0, None],
    "clv_lower": [60.0, 90.0, 70.0, None],
    "clv_upper": [107.0, 160.0, 92.0, None],
    "value_lower": [0.0, 20.0, 10.0, None],
    "value_upper": [200.0, 300.0, 180.0, None],
}
MEAN = ["customer_id", "clv", "clv_lower", "clv_upper"]


def bars(ax):
    return [[[end[0] for end in bar] for bar in bars.get_segments()] for bars in ax.collections]


def test_the_first_is_on_top_and_ties_lie_by_name(make_frame):
    ax = top_customers(make_frame({name: SCORED[name] for name in MEAN}), unit="euros")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["1", "2", "3"]  # from the top; no clv, no row
    assert ax.lines[0].get_xdata().tolist() == [120.0, 80.0, 80.0]
    assert ax.lines[0].get_ydata().tolist() == [2, 1, 0]
    assert bars(ax) == [[[90.0, 160.0], [70.0, 92.0], [60.0, 107.0]]]
    assert ax.get_xlabel() == "Future value (euros)"
    assert ax.get_title(loc="left") == "The 3 most valuable customers"


def test_both_kinds_of_interval_are_drawn_and_told():
    ax = top_customers(pd.DataFrame(SCORED), n=1)
    assert bars(ax) == [[[20.0, 300.0]], [[90.0, 160.0]]]
    assert {"Point: mean; light: interval of what he will bring; dark: interval of the mean"} == {
        text.get_text() for text in ax.texts
    }


def test_other_names():
    scored = pd.DataFrame(SCORED).add_suffix("_3m").rename(columns={"customer_id_3m": "who"})
    assert len(top_customers(scored, customer_id="who", suffix="_3m").lines[0].get_xdata()) == 3


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        (
            lambda f: f[["customer_id", "clv", "clv_lower"]],
            {},
            r"no intervals, such as \['clv_lower', 'clv_upper'\]; sc",
        ),
        (lambda f: f.assign(clv=float("nan")), {}, "clv is null in every row"),
        (lambda f: f.assign(clv_lower=f["clv_upper"] + 1), {}, r"clv_lower must not be above clv_upper; 3 of 4"),
        (lambda f: f, {"n": 0}, "n must be"),
        (lambda f: f, {"n": 201}, "n must be"),
    ],
)
def test_what_cannot_be_drawn_is_told(change, arguments, message):
    with pytest.raises(InputError, match=message):
        top_customers(change(pd.DataFrame(SCORED)), **arguments)
