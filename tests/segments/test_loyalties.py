"""The parts of loyalty by hand and against simulated gaps, and their weighted mean over what is known."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.optimize import brentq
from scipy.special import psi

import customer_value as cv
from customer_value.errors import InputError
from customer_value.segments import score_loyalty

SUMMARY = {"frequency": [9, 3, 1, 0, 0], "recency": [40.0, 20.0, 5.0, 0.0, 0.0], "T": [45.0, 50.0, 40.0, 30.0, 0.0]}


def test_each_part_and_the_mean_of_those_that_are_known(make_frame, read):
    frame = make_frame({**SUMMARY, "gap_cv": [0.25, 1.0, None, None, None]})
    got = read(score_loyalty(frame, references={"tenure": 20, "rate": 0.1}))
    close = {"rel": 1e-12}  # rounding only
    assert got["loyalty_tenure"] == pytest.approx([2 / 3, 0.5, 0.2, 0, 0], **close)
    assert got["loyalty_rate"][:4] == pytest.approx([0.2 / 0.3, 0.06 / 0.16, 0.025 / 0.125, 0], **close)
    assert pd.isna(got["loyalty_rate"][4])
    assert got["loyalty_regularity"][:2] == pytest.approx([0.8, 0.5], **close)
    assert got["loyalty"][0] == pytest.approx((2 / 3 + 2 / 3 + 0.8) / 3, **close)
    assert got["loyalty"][2:] == pytest.approx([0.2, 0, 0], **close)


def test_references_are_the_medians_of_those_above_zero_unless_given():
    got = score_loyalty(pd.DataFrame(SUMMARY))
    assert got["loyalty_tenure"][1] == 0.5
    assert got["loyalty_rate"][1] == 0.5
    nobody = pd.DataFrame({"frequency": [0], "recency": [0.0], "T": [9.0]})
    assert score_loyalty(nobody)["loyalty"].tolist() == [0.0]


def test_weights_choose_the_parts_and_count_by_their_ratio():
    frame = pd.DataFrame({**SUMMARY, "regularity": [0.9, 0.6, 0.5, 0.5, 0.5]})
    got = score_loyalty(frame, weights={"tenure": 1, "regularity": 3}, references={"tenure": 20})
    assert "loyalty_rate" not in got.columns
    assert got["loyalty"][0] == pytest.approx((2 / 3 + 3 * 0.9) / 4, rel=1e-12)


def test_a_former_customer_of_long_ago_is_not_loyal_for_that():
    frame = pd.DataFrame({"frequency": [0, 20], "recency": [0.0, 100.0], "T": [500.0, 104.0]})
    assert score_loyalty(frame)["loyalty"].tolist()[0] == 0.0
    assert score_loyalty(frame, tenure="T")["loyalty_tenure"][0] > 0.5


def test_regularity_from_logarithms_is_that_of_the_gamma_shape():
    rng = np.random.default_rng(0)
    gaps = rng.gamma(4.0, 2.0, (3, 12)) * [[1.0], [3.0], [0.2]]
    frame = pd.DataFrame({"frequency": 12, "recency": gaps.sum(axis=1), "log_intervals": np.log(gaps).sum(axis=1)})
    spread = np.log(gaps.mean(axis=1)) - np.log(gaps).mean(axis=1)
    shapes = [brentq(lambda k, A=A: np.log(k) - psi(k) - A, 0.01, 1e4) for A in spread]  # maximum likelihood
    expected = 1 / (1 + 1 / np.sqrt(shapes))
    # Thom's approximation of the shape is within 1.5 %, of its root within 0.75 %, of 1 / (1 + CV) within a third of it
    np.testing.assert_allclose(score_loyalty(frame)["loyalty_regularity"], expected, rtol=0.003)


def test_clockwork_is_one_and_fewer_than_two_gaps_are_unknown():
    frame = pd.DataFrame(
        {"frequency": [4, 1, 0], "recency": [28.0, 7.0, 0.0], "log_intervals": [4 * np.log(7), np.log(7), 0]}
    )
    got = score_loyalty(frame)["loyalty_regularity"]
    assert got[0] == pytest.approx(1, abs=1e-7)  # the root of a difference of logarithms that rounds at 1e-16
    assert got[1:].isna().all()


def test_the_share_of_active_periods_is_that_of_opportunities_or_a_column():
    donors = pd.DataFrame({"frequency": [3, 0], "recency": [4.0, 0.0], "opportunities": [6, 0]})
    got = score_loyalty(donors)
    assert got["loyalty_active_share"][0] == 0.5
    assert np.isnan(got["loyalty_active_share"][1])
    named = score_loyalty(donors.assign(months=[0.25, 1.0]), active_share="months")
    assert named["loyalty_active_share"].tolist() == [0.25, 1.0]


def test_summaries_and_rhythms_go_in_as_they_come(cdnow_log):
    end = "1997-09-30"
    log, _ = cv.split_holdout(cdnow_log, observation_end=end)
    summary = cv.summarize_customers(log, observation_end=end, regularity=True)
    rhythm = cv.purchase_rhythm(log, observation_end=end)
    joined = summary.merge(rhythm[["customer_id", "regularity"]], on="customer_id")
    got = score_loyalty(joined)
    assert got.filter(like="loyalty").fillna(0).apply(lambda part: part.between(0, 1)).all(axis=None)
    assert (got["loyalty_regularity"] == joined["regularity"]).all()
    often = got["frequency"] >= 5
    assert got.loc[often, "loyalty"].min() > got.loc[got["frequency"] == 0, "loyalty"].max()


def test_order_chunks_and_libraries_change_nothing():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 9, 50)
    frame = pl.DataFrame({"frequency": x, "recency": np.where(x > 0, x * 3.0, 0), "T": x * 3.0 + rng.uniform(0, 9, 50)})
    whole = score_loyalty(frame)
    parts = pl.concat([frame[:9], frame[9:]], rechunk=False)
    assert score_loyalty(parts.lazy()).collect().equals(whole)
    assert score_loyalty(frame[::-1])[::-1].equals(whole)
    assert score_loyalty(parts.to_arrow()).to_pydict() == whole.to_dict(as_series=False)


@pytest.mark.parametrize(
    ("frame", "arguments", "message"),
    [
        ({"total_value": [1.0]}, {}, "nothing of .* can be computed.*summarize_customers.*purchase_rhythm"),
        (SUMMARY, {"weights": {"regularity": 1}}, r"nothing of \['regularity'\] can be computed"),
        (SUMMARY, {"weights": {"love": 1}}, "a part of weights must be one of"),
        (SUMMARY, {"weights": {"rate": 0}}, r"weights\['rate'\] must be above 0"),
        (SUMMARY, {"references": {"regularity": 1}}, "a part of references must be one of"),
        (SUMMARY, {"weights": 3}, "weights must map some of"),
        (SUMMARY, {"tenure": "years"}, r"lacks \['years'\]"),
        (SUMMARY, {"active_share": "recency"}, r"recency must be a share, from 0 to 1; 3 of 5"),
        ({"recency": [-1.0]}, {}, "recency must be 0 or above"),
        ({"recency": [np.inf]}, {}, "recency must be finite"),
        ({"recency": ["a"]}, {}, "recency must be numeric"),
        ({"frequency": [3], "opportunities": [2]}, {}, "frequency must be <= opportunities"),
        ({"recency": np.array([])}, {}, "the frame is empty"),
    ],
)
def test_bad_input_is_refused_in_words(frame, arguments, message):
    with pytest.raises(InputError, match=message):
        score_loyalty(pd.DataFrame(frame), **arguments)
