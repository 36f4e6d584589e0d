"""Risks after an event: what counts as exposed, repeated customers, strata, several kinds."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from customer_value._stats.intervals import newcombe_interval
from customer_value._stats.multiple import benjamini_hochberg
from customer_value.churn._risk_ratios import ratio_interval
from customer_value.churn.event_risks import event_risk
from customer_value.errors import InputError

CUTOFF = pd.Timestamp("2026-01-01")


def case(n=600, seed=0):
    """Complaints double the risk, newsletters do nothing."""
    rng = np.random.default_rng(seed)
    complained, read = rng.random(n) < 0.25, rng.random(n) < 0.5
    labels = pd.DataFrame(
        {"customer_id": np.arange(n), "cutoff": CUTOFF, "churned": rng.random(n) < np.where(complained, 0.5, 0.2)}
    )
    ids = np.concatenate([np.flatnonzero(complained), np.flatnonzero(read)])
    days = CUTOFF - pd.to_timedelta(rng.integers(1, 91, ids.size), "D")
    kinds = np.repeat(["complaint", "newsletter"], [complained.sum(), read.sum()])
    return labels, pd.DataFrame({"customer_id": ids, "date": days, "event": kinds}), complained, read


def test_the_table_is_that_of_the_two_groups():
    labels, events, complained, read = case()
    table = event_risk(labels, events=events)
    assert table["event"].tolist() == ["complaint", "newsletter"]
    left = labels["churned"].to_numpy()
    for row, exposed in zip(table.to_dict("records"), (complained, read), strict=True):
        x, n, y, m = left[exposed].sum(), exposed.sum(), left[~exposed].sum(), (~exposed).sum()
        assert (row["exposed"], row["unexposed"]) == (n, m)
        assert row["share_exposed"] == n / 600
        assert (row["risk_exposed"], row["risk_unexposed"]) == (x / n, y / m)
        assert row["relative_risk"] == pytest.approx((x / n) / (y / m))
        assert (row["relative_risk_lower"], row["relative_risk_upper"]) == ratio_interval(x, n, y, m, 0.95)
        assert row["risk_difference"] == pytest.approx(x / n - y / m)
        ends = row["risk_difference_lower"], row["risk_difference_upper"]
        assert ends == pytest.approx(tuple(float(end) for end in newcombe_interval(x, n, y, m)))
        assert row["excess_losses"] == pytest.approx(x - n * y / m)
        assert row["note"] == ""
    np.testing.assert_allclose(table["p_adjusted"], benjamini_hochberg(table["p_value"]), rtol=1e-15)
    assert table["p_value"][0] < 1e-6
    assert table["relative_risk_lower"][1] < 1 < table["relative_risk_upper"][1]


@pytest.mark.parametrize(
    ("day", "exposed"),
    [("2026-01-01", 0), ("2025-12-31 23:59:59", 1), ("2025-10-03", 1), ("2025-10-02", 0), ("2026-06-01", 0)],
)
def test_only_events_within_the_lookback_before_the_cutoff_count(day, exposed):
    # 90 days before 2026-01-01 is 2025-10-03.
    labels, *_ = case(50)
    events = pd.DataFrame({"customer_id": [7], "date": pd.to_datetime([day]), "event": ["price change"]})
    assert event_risk(labels, events=events, lookback="90 days")["exposed"].tolist() == [exposed]


def test_events_at_or_after_the_cutoff_change_nothing():
    labels, events, *_ = case()
    later = events.assign(customer_id=np.arange(len(events)), date=CUTOFF)
    pd.testing.assert_frame_equal(
        event_risk(labels, events=pd.concat([events, later])), event_risk(labels, events=events)
    )


def test_each_row_looks_back_from_its_own_cutoff():
    labels = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b", "b"],
            "cutoff": pd.to_datetime(["2026-01-01", "2026-04-01"] * 2),
            "churned": [False, True, False, False],
        }
    )
    events = pd.DataFrame({"customer_id": ["a", "z"], "date": pd.to_datetime(["2026-03-15", "2025-12-15"])})
    table = event_risk(labels, events=events, event=None)
    assert table["event"].tolist() == ["any event"]
    assert (table["exposed"][0], table["risk_exposed"][0], table["risk_unexposed"][0]) == (1, 1.0, 0.0)
    assert table["relative_risk"][0] == np.inf
    assert table["note"][0] == "few cases"


def test_the_same_customer_twice_is_not_two_customers():
    labels, events, *_ = case()
    once = event_risk(labels, events=events)
    again = labels.assign(cutoff=CUTOFF + pd.Timedelta(1, "D"))
    twice = event_risk(pd.concat([labels, again]), events=events, lookback="91 days")
    # The same rows twice say nothing new: same ratios, same intervals and p-values.
    close = [name for name in once if name not in ("event", "note", "exposed", "unexposed", "excess_losses")]
    np.testing.assert_allclose(twice[close], once[close], rtol=1e-9)
    assert twice["exposed"].tolist() == (2 * once["exposed"]).tolist()


def test_strata_take_out_what_they_know():
    # New customers complain more and leave more; within each band a complaint does nothing.
    rng = np.random.default_rng(5)
    new = rng.random(8000) < 0.5
    complained = rng.random(8000) < np.where(new, 0.6, 0.1)
    labels = pd.DataFrame(
        {
            "customer_id": np.arange(8000),
            "cutoff": CUTOFF,
            "churned": rng.random(8000) < np.where(new, 0.5, 0.1),
            "band": np.where(new, "new", "old"),
        }
    )
    events = pd.DataFrame({"customer_id": np.flatnonzero(complained), "date": CUTOFF - pd.Timedelta(9, "D")})
    row = event_risk(labels, events=events, event=None, strata="band").iloc[0]
    assert row["relative_risk_lower"] > 1.5
    assert row["adjusted_relative_risk_lower"] < 1 < row["adjusted_relative_risk_upper"]
    assert row["adjusted_relative_risk"] == pytest.approx(1, abs=0.1)  # standard error .035


def test_rows_without_an_outcome():
    labels, events, *_ = case()
    open_ = pd.concat([labels, labels.assign(customer_id=labels["customer_id"] + 600, churned=None)])
    open_["churned"] = open_["churned"].astype("boolean")
    with pytest.raises(InputError, match="churned must not be null; 600 of 1200 rows are"):
        event_risk(open_, events=events)
    pd.testing.assert_frame_equal(
        event_risk(open_, events=events, unlabelled="drop"), event_risk(labels, events=events)
    )


def test_a_kind_that_nobody_or_everybody_met_has_no_ratio():
    labels, *_ = case(40)
    everyone = pd.DataFrame({"customer_id": np.arange(40), "date": CUTOFF - pd.Timedelta(1, "D"), "event": "price"})
    nobody = everyone.assign(date=CUTOFF, event="outage")
    table = event_risk(labels, events=pd.concat([everyone, nobody])).set_index("event")
    assert table[["relative_risk", "relative_risk_lower", "p_value", "p_adjusted"]].isna().all(axis=None)
    assert table.loc["outage", "risk_unexposed"] == table.loc["price", "risk_exposed"]


def test_every_library_and_any_order_of_rows():
    labels, events, *_ = case()
    labels["band"] = np.where(labels["customer_id"] % 3 == 0, "x", None)
    expected = event_risk(labels, events=events, strata="band")
    mixed = event_risk(
        labels.sample(frac=1, random_state=1), events=events.sample(frac=1, random_state=2), strata="band"
    )
    pd.testing.assert_frame_equal(mixed, expected)
    one, other = pl.from_pandas(labels), pl.from_pandas(events)
    got = event_risk(one, events=other.with_columns(pl.col("date").cast(pl.Date)), strata="band")
    for name in expected:
        assert got[name].to_list() == expected[name].tolist()
    assert event_risk(one.lazy(), events=other.lazy(), strata="band").collect().equals(got)
    arrow = event_risk(one.to_arrow(), events=other.to_arrow(), strata="band")
    assert arrow.to_pydict() == got.to_dict(as_series=False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"event": "kind"},
        {"strata": "plan"},
        {"lookback": "soon"},
        {"lookback": 0},
        {"unlabelled": "keep"},
        {"interval": 0},
        {"outcome": "left"},
        {"cutoff": "customer_id"},
        {"date": "event"},
    ],
)
def test_bad_arguments_are_refused(wrong):
    labels, events, *_ = case(40)
    with pytest.raises(InputError):
        event_risk(labels, **{"events": events, **wrong})


def test_bad_frames_are_refused():
    labels, events, *_ = case(40)
    for bad in (
        events.head(0),
        events.astype({"customer_id": str}),
        events.assign(date=pd.NaT),
        pl.from_pandas(events),
    ):
        with pytest.raises(InputError):
            event_risk(labels, events=bad)
    for bad in (labels.head(0), labels.assign(churned=0.5), labels.assign(churned="no"), labels.assign(cutoff=pd.NaT)):
        with pytest.raises(InputError):
            event_risk(bad, events=events)
