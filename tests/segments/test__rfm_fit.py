"""What a fit takes: bins of each dimension, breaks, nested bins; and what it refuses."""

import pandas as pd
import pytest

from customer_value.errors import InputError
from customer_value.segments import fit_rfm_scheme, score_rfm


def test_bins_of_each_dimension(rfm_data):
    frame = pd.DataFrame(rfm_data(120))
    scored = score_rfm(frame, bins={"r": 4, "f": 3, "m": 7})
    for dimension, bins in {"r": 4, "f": 3, "m": 7}.items():
        alone = score_rfm(frame, bins=bins)
        assert scored[f"{dimension}_score"].equals(alone[f"{dimension}_score"])
    assert scored["rfm_score"].equals(100 * scored["r_score"] + 10 * scored["f_score"] + scored["m_score"])


@pytest.mark.parametrize(
    ("ties", "r", "f"),
    [("mid", [3, 3, 2, 1], [1, 2, 2, 3]), ("edge", [3, 3, 2, 1], [1, 1, 2, 2]), ("r-rfm", [3, 2, 2, 1], [1, 2, 2, 3])],
)
def test_a_value_on_a_break(ties, r, f):
    frame = pd.DataFrame({"time_since_last": [29, 30, 90, 91], "purchases": [1, 2, 4, 5], "total_value": 1.0})
    if ties == "r-rfm":
        frame["time_since_last"] = [29, 30, 89, 91]
    scored = score_rfm(frame, breaks={"r": [30, 90], "f": [2, 5]}, ties=ties)
    assert scored["r_score"].tolist() == r
    assert scored["f_score"].tolist() == f
    assert set(scored["m_score"]) == set(score_rfm(frame, ties=ties)["m_score"])


def test_breaks_beside_bins(rfm_data):
    frame = pd.DataFrame(rfm_data(50))
    breaks = {"f": [2, 5]}
    assert fit_rfm_scheme(frame, breaks=breaks).bins == {"r": 5, "f": 3, "m": 5}
    assert fit_rfm_scheme(frame, breaks=breaks, bins={"r": 2, "m": 4}).bins == {"r": 2, "f": 3, "m": 4}
    with pytest.raises(InputError, match="2 breaks of 'f' make 3 bins; bins says 4"):
        fit_rfm_scheme(frame, breaks=breaks, bins={"r": 2, "f": 4, "m": 4})


@pytest.mark.parametrize("ties", ["mid", "edge", "r-rfm"])
def test_nested_bins_are_the_bins_of_each_cell_by_itself(rfm_data, ties):
    frame = pd.DataFrame(rfm_data(400, seed=4))
    bins = {"r": 3, "f": 2, "m": 4}
    scored = score_rfm(frame, binning="nested", bins=bins, ties=ties)
    assert scored["r_score"].equals(score_rfm(frame, bins=bins, ties=ties)["r_score"])
    for _, own in scored.groupby("r_score"):
        assert own["f_score"].equals(score_rfm(own, bins=bins, ties=ties)["f_score"])
    for _, own in scored.groupby(["r_score", "f_score"]):
        assert own["m_score"].equals(score_rfm(own, bins=bins, ties=ties)["m_score"])


def test_a_cell_without_customers_takes_the_edges_of_the_larger_group():
    # All bought today, so R is 2 of 2 (the upper middle); F is 1 of 2 for one of them and 2 for the other.
    frame = pd.DataFrame({"time_since_last": [0.0, 0.0], "purchases": [1, 3], "total_value": [10.0, 30.0]})
    scheme = fit_rfm_scheme(frame, bins=2, binning="nested")
    assert scheme.edges["r"] == (0.0,)
    assert scheme.edges["f"] == ((3.0,), (3.0,))  # nobody has R 1: the edges of all
    assert scheme.edges["m"] == (((30.0,), (30.0,)), ((10.0,), (30.0,)))
    later = pd.DataFrame({"time_since_last": [5.0, 5.0], "purchases": [3, 2], "total_value": [30.0, 29.0]})
    assert score_rfm(later, scheme=scheme)["rfm_score"].tolist() == [122, 111]
    # All bought once, so that F 1 is empty within both R scores: each takes the edges of M of its own R score.
    frame = pd.DataFrame(
        {"time_since_last": [9] * 4 + [0] * 4, "purchases": 1, "total_value": [1, 2, 3, 4, 10, 20, 30, 40]}
    )
    scheme = fit_rfm_scheme(frame, bins=2, binning="nested")
    assert scheme.edges["m"] == (((3.0,), (3.0,)), ((30.0,), (30.0,)))


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"bins": 1}, "bins must be a whole number from 2 to 99; got 1"),
        ({"bins": 100}, "bins must be a whole number from 2 to 99; got 100"),
        ({"bins": 5.0}, "bins must be a whole number"),
        ({"bins": True}, "bins must be a whole number"),
        ({"bins": None}, "bins must be a whole number"),
        ({"bins": {"r": 4, "f": 3}}, r"bins must be a mapping with the keys \['r', 'f', 'm'\]; got \['r', 'f'\]"),
        ({"bins": {"r": 4, "f": 1, "m": 3}}, "bins of 'f' must be a whole number from 2 to 99; got 1"),
        ({"breaks": {"x": [1]}}, "breaks must map 'r', 'f' or 'm' to numbers"),
        ({"breaks": [1, 2]}, "breaks must map"),
        ({"breaks": {"f": [2, 2]}}, r"breaks of 'f' must be 1 to 98 finite numbers that increase; got \[2, 2\]"),
        ({"breaks": {"r": [90, 30]}}, "breaks of 'r' must be 1 to 98 finite numbers that increase"),
        ({"breaks": {"f": []}}, "breaks of 'f' must be 1 to 98"),
        ({"breaks": {"f": [1, float("nan")]}}, "breaks of 'f' must be 1 to 98"),
        ({"breaks": {"f": ["a"]}}, "breaks of 'f' must be numbers in one dimension"),
        ({"binning": "nest"}, "binning must be one of .*Did you mean 'nested'"),
        ({"ties": "first"}, "ties must be one of"),
        ({"weights": {"r": 1, "f": 1}}, "weights must be a mapping with the keys"),
        ({"weights": [1, 1, 1]}, "weights must be a mapping with the keys"),
        ({"weights": {"r": 1, "f": -1, "m": 1}}, "the weight of 'f' must be 0 or above; got -1"),
        ({"weights": {"r": 0, "f": 0, "m": 0}}, "weights must not all be 0"),
        ({"weights": {"r": 1, "f": float("inf"), "m": 0}}, "the weight of 'f' must be 0 or above; got inf"),
    ],
)
def test_arguments_that_do_not_fit(rfm_data, how, message):
    frame = pd.DataFrame(rfm_data(10))
    for call in (score_rfm, fit_rfm_scheme):
        with pytest.raises(InputError, match=message):
            call(frame, **how)
