"""Warnings on planted customers: who is warned of, why, what counts as history, and what the future may not change."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from customer_value._stats.multiple import benjamini_hochberg
from customer_value.churn.early_warning import early_warnings
from customer_value.errors import InputError

CUTOFF = pd.Timestamp("2026-01-01")
END = "2025-12-31"
START = CUTOFF - pd.Timedelta(90 + 365, "D")


def days(rate, begin=START, end=CUTOFF, seed=0):
    """Random days with so many a year, after a first one."""
    rng = np.random.default_rng(seed)
    span = (end - begin).days
    count = rng.poisson(rate * span / 365)
    return [begin - pd.Timedelta(1, "D"), *(begin + pd.to_timedelta(np.sort(rng.integers(0, span, count)), "D"))]


def log_of(customers, amount=10.0):
    rows = [(who, day, amount) for who, when in customers.items() for day in when]
    return pd.DataFrame(rows, columns=["customer_id", "date", "amount"])


def planted():
    quiet = CUTOFF - pd.Timedelta(90, "D")
    customers = {f"steady{i:02}": days(20, seed=i) for i in range(30)}
    customers["gone"] = days(30, end=quiet, seed=100)
    customers["rare"] = [START, CUTOFF - pd.Timedelta(200, "D")]
    customers["new"] = [CUTOFF - pd.Timedelta(20, "D"), CUTOFF - pd.Timedelta(5, "D")]
    customers["end"] = [START, CUTOFF - pd.Timedelta(1, "D")]
    return log_of(customers)


def test_who_stops_is_warned_of_and_nobody_else():
    table = early_warnings(planted(), cutoff=CUTOFF).set_index("customer_id")
    assert table.index.tolist() == sorted(table.index)
    assert table.index[table["warning"]].tolist() == ["gone"]
    gone = table.loc["gone"]
    assert gone["purchases_recent"] == 0
    assert gone["purchases_rate_ratio"] == 0
    assert gone["purchases_p_adjusted"] <= 0.1
    count = (planted().query("customer_id == 'gone'")["date"].drop_duplicates() >= START).sum()
    assert gone["purchases_expected"] == pytest.approx(count * 90 / 365)
    said = f"fewer purchases: 0 days in the window, {count * 90 / 365:.1f} expected"
    assert gone["warning_reason"].startswith(said)
    assert set(table["warning_reason"][["new", "rare"]]) == {"too little history to tell"}
    assert table.loc[["new", "rare"], "purchases_p_value"].isna().all()
    assert table.loc["new"].filter(like="limit").isna().all()
    known = {"within limits", "outside the limits, as happens among so many customers"}
    assert set(table["warning_reason"].drop(["gone", "new", "rare", "end"])) <= known


def test_the_baseline_begins_after_the_first_purchase():
    # 100 days before the cutoff: 10 days of baseline with 9 after the first purchase.
    first = CUTOFF - pd.Timedelta(100, "D")
    log = log_of({"a": [first, first + pd.Timedelta(3, "D"), CUTOFF - pd.Timedelta(9, "D")]})
    row = early_warnings(log, cutoff=CUTOFF, observation_end=END).iloc[0]
    assert row["purchases_expected"] == pytest.approx(10)
    assert row["purchases_rate_ratio"] == pytest.approx((1 / 90) / (1 / 9))


def test_several_rows_of_a_day_are_one_and_refunds_none():
    log = planted()
    again = pd.concat([log, log, log.assign(amount=-5.0, date=log["date"] + pd.Timedelta(1, "h"))])
    refund = log_of({"refunds only": [CUTOFF - pd.Timedelta(3, "D")]}, amount=-1.0)
    pd.testing.assert_frame_equal(
        early_warnings(pd.concat([again, refund]), cutoff=CUTOFF), early_warnings(log, cutoff=CUTOFF)
    )


def test_the_future_changes_nothing():
    log = planted()
    contacts = log[["customer_id", "date"]].iloc[::3]
    later = log.assign(date=CUTOFF + pd.Timedelta(3, "h"))
    expected = early_warnings(log, cutoff=CUTOFF, contacts=contacts)
    more = early_warnings(
        pd.concat([log, later]), cutoff=CUTOFF, contacts=pd.concat([contacts, later[["customer_id", "date"]]])
    )
    pd.testing.assert_frame_equal(more, expected)


def test_contacts_are_a_second_signal_in_one_family():
    log = planted()
    calls = {f"steady{i:02}": days(6, seed=i + 500) for i in range(30)}
    calls["steady07"] = [*calls["steady07"], *pd.date_range("2025-11-01", periods=25, freq="2D")]
    calls["nobody"] = days(50)
    contacts = log_of(calls)[["customer_id", "date"]]
    table = early_warnings(log, contacts=contacts, cutoff=CUTOFF).set_index("customer_id")
    assert "nobody" not in table.index
    assert table.index[table["warning"]].tolist() == ["gone", "steady07"]
    assert table.loc["steady07", "warning_reason"].startswith("more contacts: ")
    assert table.loc["steady07", "contacts_rate_ratio_lower"] > 1
    fewer = early_warnings(log, contacts=contacts, cutoff=CUTOFF, watch={"contacts": "fewer"})
    assert fewer.loc[fewer["warning"], "customer_id"].tolist() == ["gone"]
    both = np.concatenate([table["purchases_p_value"], table["contacts_p_value"]])
    adjusted = np.concatenate([table["purchases_p_adjusted"], table["contacts_p_adjusted"]])
    np.testing.assert_allclose(adjusted, benjamini_hochberg(both), rtol=1e-14)


def test_contacts_count_from_the_first_day_of_their_log():
    log = log_of({"a": [START, *pd.date_range(START, CUTOFF - pd.Timedelta(1, "D"), freq="9D")]})
    # Contacts recorded for the last 190 days only, every tenth day: 100 days of baseline.
    recorded = pd.date_range(CUTOFF - pd.Timedelta(190, "D"), CUTOFF - pd.Timedelta(1, "D"), freq="10D")
    contacts = pd.DataFrame({"customer_id": "a", "date": recorded})
    row = early_warnings(log, contacts=contacts, cutoff=CUTOFF, observation_end=END).iloc[0]
    assert row["contacts_rate_ratio"] == pytest.approx(1)
    late = contacts[contacts["date"] >= CUTOFF - pd.Timedelta(80, "D")]
    assert np.isnan(early_warnings(log, contacts=late, cutoff=CUTOFF, observation_end=END)["contacts_rate_ratio"][0])


def test_a_quiet_season_of_everyone_is_taken_out_on_request():
    log = log_of({f"c{i:02}": days(40, seed=i) for i in range(40)})
    recent = log["date"] >= CUTOFF - pd.Timedelta(90, "D")
    log = log[~recent | (np.arange(len(log)) % 3 == 0)]  # a third is left
    assert early_warnings(log, cutoff=CUTOFF, observation_end=END)["warning"].sum() > 10
    common = early_warnings(log, cutoff=CUTOFF, observation_end=END, common_trend=True)
    assert common["warning"].sum() == 0
    assert common["purchases_expected"].sum() == pytest.approx(common["purchases_recent"].sum(), rel=1e-9)


def bursty(n=120, seed=0):
    """Customers who buy in runs of about five days in a row, at a constant rate otherwise."""
    rng = np.random.default_rng(seed)
    rows = {}
    for i in range(n):
        starts = np.flatnonzero(rng.random(455) < 5 / 365)
        run = np.unique(np.concatenate([starts + k for k in range(5)] if starts.size else [[0]]))
        rows[f"c{i:03}"] = [START - pd.Timedelta(1, "D"), *(START + pd.to_timedelta(run[run < 455], "D"))]
    return log_of(rows)


def test_purchases_in_bursts_are_not_taken_for_warnings():
    log = bursty()
    at_random = early_warnings(log, cutoff=CUTOFF, observation_end=END, dispersion=1)
    assert at_random["warning"].sum() > 5  # nothing has changed for any of them
    estimated = early_warnings(log, cutoff=CUTOFF, observation_end=END)
    assert estimated["warning"].sum() == 0
    five = early_warnings(log, cutoff=CUTOFF, observation_end=END, dispersion=5)
    tested = at_random["purchases_p_value"].notna() & five["purchases_p_value"].notna()
    assert (five["purchases_p_value"] >= at_random["purchases_p_value"])[tested & (at_random["warning"])].all()
    np.testing.assert_allclose(five["purchases_rate_ratio"], at_random["purchases_rate_ratio"], rtol=1e-14)


def test_regular_buyers_can_be_warned_of_earlier():
    weekly = {f"c{i}": pd.date_range(START + pd.Timedelta(i, "D"), CUTOFF, freq="14D") for i in range(6)}
    weekly["late"] = pd.date_range(START, CUTOFF - pd.Timedelta(55, "D"), freq="14D")
    log = log_of(weekly)
    late = early_warnings(log, cutoff=CUTOFF, observation_end=END)
    assert not late["warning"].any()
    early = early_warnings(log, cutoff=CUTOFF, observation_end=END, dispersion=0.2)
    assert early.loc[early["warning"], "customer_id"].tolist() == ["late"]


def test_every_library_and_any_order_of_rows():
    log = planted()
    contacts = log[["customer_id", "date"]].iloc[::3]
    expected = early_warnings(log, cutoff=CUTOFF, contacts=contacts)
    mixed = early_warnings(
        log.sample(frac=1, random_state=1), cutoff="2026-01-01", contacts=contacts.sample(frac=1, random_state=2)
    )
    pd.testing.assert_frame_equal(mixed, expected)
    frames = pl.from_pandas(log), pl.from_pandas(contacts)
    got = early_warnings(frames[0], cutoff=CUTOFF, contacts=frames[1].with_columns(pl.col("date").cast(pl.Date)))
    pd.testing.assert_frame_equal(got.to_pandas(), expected, check_dtype=False)
    assert got.schema["purchases_limit_lower"] == pl.Int64
    assert early_warnings(frames[0].lazy(), cutoff=CUTOFF, contacts=frames[1].lazy()).collect().equals(got)
    arrow = early_warnings(frames[0].to_arrow(), cutoff=CUTOFF, contacts=frames[1].to_arrow())
    assert arrow.to_pydict() == got.to_dict(as_series=False)


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"cutoff": "2026-01-05"}, "not observed"),
        ({"cutoff": "2020-01-05"}, "no purchase before"),
        ({"q": 0}, "q must"),
        ({"q": 1}, "q must"),
        ({"interval": 2}, "interval"),
        ({"window": "soon"}, "lookback"),
        ({"baseline": 0}, "lookback"),
        ({"watch": "fewer"}, "watch must map"),
        ({"watch": {"purchases": "less"}}, "must be one of"),
        ({"watch": {"contacts": "more"}}, "a signal of watch"),
        ({"common_trend": "yes"}, "common_trend"),
        ({"dispersion": 0}, "dispersion"),
        ({"dispersion": "poisson"}, "dispersion"),
        ({"contacts": pd.DataFrame({"customer_id": [1], "date": [CUTOFF]})}, "one type"),
        ({"contacts": pd.DataFrame({"customer_id": ["a"]})}, "lacks"),
        ({"contacts": pl.DataFrame({"customer_id": ["a"], "date": [CUTOFF]})}, "one library"),
        ({"contacts": pd.DataFrame({"customer_id": ["a"], "date": [pd.NaT]})}, "must not be null"),
    ],
)
def test_bad_arguments_are_refused(wrong, match):
    with pytest.raises(InputError, match=match):
        early_warnings(planted(), **{"cutoff": CUTOFF, **wrong})


def test_a_silent_end_is_named():
    log = log_of({"a": days(40, end=CUTOFF - pd.Timedelta(90, "D"))})
    with pytest.raises(InputError, match="observation_end="):
        early_warnings(log, cutoff=CUTOFF)
    assert early_warnings(log, cutoff=CUTOFF, observation_end="2025-12-31")["warning"].tolist() == [True]


def test_a_log_without_amounts_counts_every_row():
    weekly = pd.date_range("2025-01-06", "2025-09-29", freq="7D")
    log = pd.DataFrame({"customer_id": 1, "date": weekly})
    wanted = early_warnings(log.assign(amount=3.0), cutoff="2026-01-01", observation_end="2025-12-31")
    found = early_warnings(log, amount=None, cutoff="2026-01-01", observation_end="2025-12-31")
    pd.testing.assert_frame_equal(found, wanted)
    assert found["warning"].tolist() == [True]
