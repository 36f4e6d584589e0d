"""Histories know nothing of what comes later, and are what each cutoff alone would give."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest

import customer_value as cv

CUTOFFS = ["1997-04-01", "1997-07-01", "1997-10-01"]


@pytest.fixture(scope="module")
def log():
    few = cv.datasets.load_cdnow(sample=True).query("customer_id <= 150")
    return few[["customer_id", "date", "amount"]].reset_index(drop=True)


def scored(summary):
    return summary.pipe(cv.score_rfm).pipe(cv.assign_segments)


def test_each_cutoff_is_what_it_alone_would_give(log):
    history = cv.snapshot_customers(log, cutoffs=CUTOFFS, apply=scored, windows=("3 months",))
    assert list(history)[:2] == ["customer_id", "cutoff"]
    for cutoff, found in history.groupby("cutoff"):
        before = log[log["date"] < cutoff]
        end = cutoff - pd.Timedelta(days=1)
        alone = scored(cv.summarize_customers(before, observation_end=end, windows=("3 months",)))
        pd.testing.assert_frame_equal(found.drop(columns="cutoff").reset_index(drop=True), alone)


def test_the_last_day_before_a_cutoff_is_known_and_the_cutoff_is_not():
    log = pd.DataFrame({
        "customer_id": [1, 1, 2],
        "date": pd.to_datetime(["2026-01-05", "2026-01-31 23:59:59", "2026-02-01"], format="ISO8601"),
        "amount": [1.0, 2.0, 4.0],
    })  # fmt: skip
    history = cv.snapshot_customers(log, cutoffs=["2026-02-01", "2026-02-02"])
    assert history["customer_id"].tolist() == [1, 1, 2]
    assert history["total_value"].tolist() == [3.0, 3.0, 4.0]


@pytest.mark.parametrize("seed", range(4))
def test_nothing_at_or_after_a_cutoff_changes_its_rows(log, seed):
    cutoffs = CUTOFFS[:2]
    known = cv.lifecycle_history(log, cutoffs=cutoffs, windows=("3 months",))
    rng = np.random.default_rng(seed)
    past = log["date"] < cutoffs[-1]
    later = log[~past].sample(frac=rng.choice([0, 0.3, 1]), random_state=seed)
    more = log.sample(20, random_state=seed).assign(
        customer_id=rng.integers(1, 400, 20),
        date=pd.Timestamp(cutoffs[-1]) + pd.to_timedelta(rng.integers(0, 300, 20), unit="D"),
    )
    changed = pd.concat([later.assign(amount=rng.normal(size=len(later))), log[past], more], ignore_index=True)
    found = cv.lifecycle_history(changed, cutoffs=cutoffs, observation_end="1998-12-31", windows=("3 months",))
    pd.testing.assert_frame_equal(found, known)


def test_the_rhythm_is_that_of_each_cutoff(log):
    history = cv.snapshot_customers(log, cutoffs=CUTOFFS[1:], rhythm=True)
    early = log[log["date"] < CUTOFFS[1]]
    alone = cv.purchase_rhythm(early, observation_end="1997-06-30")
    found = history[history["cutoff"] == CUTOFFS[1]]
    for column in ("usual_gap", "overdue_ratio", "trend_p_value"):
        np.testing.assert_array_equal(found[column], alone[column])
    population = cv.fit_rhythm_population(early, observation_end="1997-06-30")
    frozen = cv.snapshot_customers(log, cutoffs=CUTOFFS[1:], rhythm=population)
    late = cv.purchase_rhythm(log[log["date"] < CUTOFFS[2]], observation_end="1997-09-30", population=population)
    np.testing.assert_array_equal(frozen[frozen["cutoff"] == CUTOFFS[2]]["usual_gap"], late["usual_gap"])


def test_polars_and_lazy_frames(log):
    expected = cv.lifecycle_history(log, cutoffs=CUTOFFS[1:])
    frame = pl.from_pandas(log)
    eager = cv.lifecycle_history(frame, cutoffs=CUTOFFS[1:])
    lazy = cv.lifecycle_history(frame.lazy(), cutoffs=CUTOFFS[1:])
    assert isinstance(lazy, pl.LazyFrame)
    assert eager.schema["cutoff"] == pl.Date
    assert eager["lifecycle_stage"].to_list() == expected["lifecycle_stage"].tolist()
    lazy = lazy.collect()
    assert lazy.schema == eager.schema
    # Sums of a lazy frame run in another order.
    pd.testing.assert_frame_equal(
        lazy.select(pl.exclude("lifecycle_stage")).to_pandas(),
        eager.select(pl.exclude("lifecycle_stage")).to_pandas(),
        rtol=1e-12,
    )
    assert (lazy["lifecycle_stage"] == eager["lifecycle_stage"]).all()


def test_a_frozen_scheme_is_the_same_measure_at_every_cutoff(log):
    early = cv.summarize_customers(log[log["date"] < CUTOFFS[0]], observation_end="1997-03-31")
    scheme = cv.fit_lifecycle_scheme(early)
    found = cv.lifecycle_history(log, cutoffs=CUTOFFS[1:], scheme=scheme, rhythm=False)
    assert found["lifecycle_stage"].notna().all()
    last = cv.summarize_customers(log[log["date"] < CUTOFFS[2]], observation_end="1997-09-30")
    alone = cv.assign_lifecycle(last, scheme=scheme)
    assert found[found["cutoff"] == CUTOFFS[2]]["lifecycle_stage"].tolist() == alone["lifecycle_stage"].tolist()


def test_bad_input(log):
    for cutoffs, told in (
        (["1997-07-01", "1997-04-01"], "1997-04-01 follows 1997-07-01"),
        (["1997-01-01"], "1997-01-01 has none, for the log begins on 1997-01-01"),
        (["1998-07-02"], r"1 of 1 are not \(1998-07-02\). If the log is complete beyond its last sale"),
        ([], "one or more days"),
    ):
        with pytest.raises(cv.InputError, match=told):
            cv.snapshot_customers(log, cutoffs=cutoffs)
    with pytest.raises(cv.InputError, match="apply must be a function"):
        cv.snapshot_customers(log, cutoffs=CUTOFFS, apply="score_rfm")
    with pytest.raises(cv.InputError, match="apply must give a frame as it was given, of pandas; got DataFrame"):
        cv.snapshot_customers(log, cutoffs=CUTOFFS, apply=pl.from_pandas)
    with pytest.raises(cv.InputError, match="apply must not make a column 'cutoff'"):
        cv.snapshot_customers(log, cutoffs=CUTOFFS, apply=lambda summary: summary.assign(cutoff=1))
    with pytest.raises(cv.InputError, match="apply must give the same columns at every cutoff"):
        cv.snapshot_customers(
            log, cutoffs=CUTOFFS, apply=lambda summary: summary.assign(**{f"n{summary['purchases'].sum()}": 1})
        )
    ok = cv.snapshot_customers(log, cutoffs=["1998-12-01"], observation_end="1998-11-30")
    assert (ok["observation_end"] == "1998-11-30").all()


def test_rows_are_numbered_and_what_comes_too_early_is_told_with_its_cutoff():
    days = ["2025-01-05", "2025-01-15", "2025-02-10", "2025-03-10"]
    log = pd.DataFrame({"customer_id": [*"abab"], "date": pd.to_datetime(days), "amount": 1.0})
    cutoffs = ["2025-02-01", "2025-03-11"]
    assert cv.snapshot_customers(log, cutoffs=cutoffs).index.tolist() == [0, 1, 2, 3]
    population = cv.fit_rhythm_population(log, observation_end="2025-03-31")
    staged = cv.lifecycle_history(log, cutoffs=cutoffs, rhythm=population)
    assert staged["lifecycle_stage"].astype(str).tolist() == ["Exploration"] * 2 + ["Formation"] * 2
    with pytest.raises(cv.InputError, match="at the cutoff 2025-02-01: nobody in this summary bought twice"):
        cv.snapshot_customers(log, cutoffs=cutoffs, apply=cv.assign_lifecycle)
    told = "usual_gap must not be null.*rhythm=, what fit_rhythm_population"
    with pytest.warns(cv.DataWarning, match="nobody bought twice"), pytest.raises(cv.InputError, match=told):
        cv.lifecycle_history(log, cutoffs=cutoffs)


def test_warnings_are_given_once_for_all_cutoffs():
    days = ["2025-01-05", "2025-01-06", "2025-02-10", "2025-02-11", "2025-03-01"]
    log = pd.DataFrame({"customer_id": [*"abcda"], "date": pd.to_datetime(days), "amount": [1.0, -1, -1, -1, 2]})
    cutoffs = ["2025-01-07", "2025-02-12", "2025-03-02"]

    def own(summary):
        warnings.warn("mine", UserWarning, stacklevel=2)
        return summary

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        cv.snapshot_customers(log, cutoffs=cutoffs, apply=own)
    told = [str(each.message) for each in heard if issubclass(each.category, cv.DataWarning)]
    assert [text.split(" with refunds only")[0] for text in told] == [
        "at 1 of 3 cutoffs; at that of 2025-01-07: left out 1 customer",
        "at 2 of 3 cutoffs; at that of 2025-03-02: left out 3 customers",
    ]
    assert [each.filename for each in heard if issubclass(each.category, cv.DataWarning)] == [__file__] * len(told)
    assert sum(str(each.message) == "mine" for each in heard) == len(cutoffs)


def test_lines_of_an_order_are_added_up_once():
    rng = np.random.default_rng(0)
    n = 600
    day = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 24 * 120, n), unit="h")
    log = pd.DataFrame(
        {
            "customer_id": rng.integers(0, 12, n).astype(str),
            "date": day,
            "amount": rng.choice([-2.0, 0.0, 0.1, 3.3], n),
            "order_id": rng.integers(0, 90, n),
        }
    )
    cutoffs = ["2025-03-01", "2025-04-01"]
    expected = pd.concat(
        [
            cv.summarize_customers(
                log[log["date"] < cutoff], observation_end=pd.Timestamp(cutoff) - pd.Timedelta(days=1), refunds=refunds
            )
            for refunds in ("net", "drop", "match")
            for cutoff in cutoffs
        ],
        ignore_index=True,
    )
    found = pd.concat(
        [cv.snapshot_customers(log, cutoffs=cutoffs, refunds=refunds) for refunds in ("net", "drop", "match")],
        ignore_index=True,
    )
    pd.testing.assert_frame_equal(found.drop(columns="cutoff"), expected, rtol=1e-13)
    shuffled = cv.snapshot_customers(log.sample(frac=1, random_state=0), cutoffs=cutoffs)
    pd.testing.assert_frame_equal(shuffled, found[: len(shuffled)], rtol=0)


def test_refused_refunds_are_told_by_their_place_in_the_log(log):
    late = log.sort_values("date", ascending=False, ignore_index=True)
    late.loc[7, "amount"] = -1.0
    with pytest.raises(
        cv.InputError, match=r"amount must be 0 or above with refunds='error'; 1 of 439 rows is not \(rows 7\)"
    ):
        cv.snapshot_customers(late, cutoffs=["1998-07-01"], refunds="error")
    with pytest.raises(cv.InputError, match="refunds must be one of"):
        cv.snapshot_customers(log, cutoffs=["1998-07-01"], refunds=pd.NA)
