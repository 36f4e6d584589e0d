"""Return rates are Kaplan-Meier's over silences, alarms are counted on one day, and intervals know customers."""

import datetime as dt
from itertools import pairwise

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer_value import DataWarning
from customer_value._stats.intervals import wilson_interval
from customer_value._stats.survival import kaplan_meier
from customer_value.churn import choose_inactivity_window
from customer_value.errors import InputError

START = dt.date(2026, 1, 1)
KINDS = {
    "pandas": lambda log: log,
    "polars": pl.from_pandas,
    "lazy": lambda log: pl.from_pandas(log).lazy(),
    "pyarrow": lambda log: pl.from_pandas(log).to_arrow(),
}
# The warning that no length is recommended is told of where it is tested.
pytestmark = pytest.mark.filterwarnings("ignore:after .* silent days:customer_value.DataWarning")


def log_of(days_of, amount=1.0):
    """A log from the purchase days of each customer, counted from 0."""
    rows = [(who, START + dt.timedelta(day)) for who, days in days_of.items() for day in days]
    customers, dates = zip(*rows, strict=True)
    return pd.DataFrame({"customer_id": customers, "date": pd.to_datetime(list(dates)), "amount": amount})


def table_of(log, end, **options):
    table = choose_inactivity_window(log, observation_end=START + dt.timedelta(end), **options)
    table = table.collect() if isinstance(table, pl.LazyFrame) else table
    table = pl.from_arrow(table) if not isinstance(table, (pd.DataFrame, pl.DataFrame)) else table
    return table if isinstance(table, pd.DataFrame) else table.to_pandas()


# Silences, observed to day 20: a 2, 3, open 15; b 6, open 14; c open 20; d 12, open 0.
BY_HAND = {"a": [0, 2, 5], "b": [0, 6], "c": [0], "d": [8, 20]}


@pytest.mark.parametrize("kind", KINDS)
def test_by_hand(kind):
    table = table_of(KINDS[kind](log_of(BY_HAND)), 20, max_days=10, step_days=5, follow_up_days=8)
    assert table["silent_days"].tolist() == [5, 10]
    # At risk: 7 on day 2, 6 on day 3, 5 on day 6, 4 on day 12. S(5) = 5/7, S(10) = 4/7, S(13) = S(18) = 3/7.
    assert table["silences"].tolist() == [5, 4]
    np.testing.assert_allclose(table["return_rate"], [1 - 3 / 5, 1 - 3 / 4], rtol=1e-12)
    # On day 12 silent: a for 7 days, b for 6, c for 12, d for 4; only d returns, on day 20.
    assert table["called"].tolist() == [3, 1]
    assert table["false_alarms"].tolist() == [0, 0]
    assert table["late_alarms"].tolist() == [0, 2]
    np.testing.assert_allclose(table["late_alarm_rate"], [0, 2 / 3], rtol=1e-15)
    lower, upper = wilson_interval([0, 2], [3, 3])
    np.testing.assert_allclose(table["late_alarm_rate_lower"], lower, rtol=1e-15)
    np.testing.assert_allclose(table["late_alarm_rate_upper"], upper, rtol=1e-15)
    assert table["recommended"].tolist() == [False, False]


def test_false_alarms_by_hand():
    table = table_of(log_of(BY_HAND), 20, max_days=4, step_days=1, follow_up_days=8)
    assert table["called"].tolist() == [4, 4, 4, 4]
    assert table["false_alarms"].tolist() == [1, 1, 1, 1]
    assert table["false_alarm_rate"].tolist() == [0.25] * 4
    assert table["late_alarms"].tolist() == [0] * 4


def test_the_recommended_row_is_the_first_that_is_low_enough():
    log = log_of(BY_HAND)
    for limit, chosen in ((0.25, [False, True]), (0.4, [True, False]), (0.5, [True, False])):
        table = table_of(log, 20, max_days=10, step_days=5, follow_up_days=8, max_return_rate=limit)
        assert table["recommended"].tolist() == chosen


@pytest.mark.filterwarnings("error::customer_value.DataWarning")
def test_a_rate_that_is_never_reached_is_told():
    with pytest.warns(DataWarning, match="after 10 silent days 25% still return within 8 days, more than max_return_r"):
        table_of(log_of(BY_HAND), 20, max_days=10, step_days=5, follow_up_days=8, max_return_rate=0.2)


def test_lengths_follow_the_log():
    log = log_of({"a": [0, 3], "b": [1, 50]})
    assert table_of(log, 62)["silent_days"].tolist() == [7, 14]  # a third of 62 is 20
    assert len(table_of(log, 3000, step_days=10)) == 73


def test_purchases_of_a_day_are_one_and_refunds_none():
    log = log_of(BY_HAND)
    options = {"max_days": 10, "step_days": 2, "follow_up_days": 8}
    expected = table_of(log, 20, **options)
    refunds = log_of({"a": [9], "c": [3], "x": [4]}, amount=-1.0)
    pd.testing.assert_frame_equal(table_of(pd.concat([log, log, refunds]), 20, **options), expected)
    bare = log.drop(columns="amount")
    pd.testing.assert_frame_equal(table_of(bare, 20, amount=None, **options), expected)


def test_nobody_silent_for_so_long_is_null():
    log = log_of({"a": [0, 1, 2, 3, 4, 5, 6, 7, 8], "b": [0, 2, 4, 6, 8]})
    table = table_of(log, 8, max_days=4, step_days=2, follow_up_days=4)
    assert table["silences"].tolist() == [0, 0]
    assert table["return_rate"].isna().all()
    assert table["return_rate_lower"].isna().all()
    assert table["false_alarm_rate"].isna().tolist() == [True, True]
    assert table["late_alarm_rate"].isna().all()
    assert not table["recommended"].any()


# ---- intervals -----------------------------------------------------------------------------------------------------


def bounds(stays, variance, z=1.959963984540054):
    spread = np.exp(z * np.sqrt(variance) / np.abs(np.log(stays)))
    return 1 - stays ** (1 / spread), 1 - stays**spread


def test_with_one_silence_each_the_interval_is_greenwoods():
    rng = np.random.default_rng(1)
    # Each customer's second purchase is on the last day or never, so no second silence ever is at risk after day 0.
    first = rng.integers(0, 60, 80)
    back = rng.random(80) < 0.4
    log = log_of({i: [f, 60] if b else [f] for i, (f, b) in enumerate(zip(first.tolist(), back, strict=True))})
    table = table_of(log, 60, max_days=20, step_days=10, follow_up_days=30)
    curve = kaplan_meier(60 - first, back & (first < 60))
    for row, d in enumerate((10, 20)):
        inside = (curve.time > d) & (curve.time <= d + 30)
        n, events = curve.at_risk[inside], curve.events[inside]
        stays = np.prod(1 - events / n)
        lower, upper = bounds(stays, np.sum(events / (n * (n - events))))
        assert table["return_rate"][row] == pytest.approx(1 - stays, rel=1e-12)
        assert table["return_rate_lower"][row] == pytest.approx(lower, rel=1e-10)
        assert table["return_rate_upper"][row] == pytest.approx(upper, rel=1e-10)


def test_the_interval_is_that_of_a_bootstrap_of_customers(cdnow_log):
    table = choose_inactivity_window(cdnow_log, observation_end="1998-06-30", max_days=180, step_days=30)
    stays = 1 - table["return_rate"][0]
    days = cdnow_log.drop_duplicates(["customer_id", "date"]).sort_values(["customer_id", "date"])
    following = days.groupby("customer_id")["date"].shift(-1)
    duration = (following.fillna(pd.Timestamp("1998-06-30")) - days["date"]).dt.days.to_numpy()
    customer = days["customer_id"].rank(method="dense").astype(int).to_numpy() - 1
    n = customer.max() + 1
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(400):
        weights = rng.multinomial(n, np.full(n, 1 / n))[customer]
        curve = kaplan_meier(duration, following.notna().to_numpy(), weights=weights)
        drawn.append(np.log(curve.at([210])[0] / curve.at([30])[0]))
    lower, upper = bounds(stays, np.var(drawn))
    # 400 draws know a standard error to 3.5 %; Greenwood's would be 26 % too small.
    width = table["return_rate_upper"][0] - table["return_rate_lower"][0]
    assert width == pytest.approx(upper - lower, rel=0.1)


# ---- against plain loops -------------------------------------------------------------------------------------------

histories = st.dictionaries(st.sampled_from("abcdef"), st.sets(st.integers(0, 40), min_size=1, max_size=8), min_size=1)


@settings(max_examples=40)
@given(histories, st.integers(1, 12), st.integers(1, 12), st.randoms())
def test_rates_against_plain_loops_in_any_order_of_rows(histories, step, follow_up, random):
    end, longest = 40, 14
    histories = {"z": {0, 20}} | histories
    rows = log_of(histories).to_dict("records")
    random.shuffle(rows)
    log = pd.DataFrame(rows)
    step = min(step, longest)
    table = table_of(log, end, max_days=longest, step_days=step, follow_up_days=follow_up)

    silences = []
    for days in histories.values():
        ordered = sorted(days)
        silences += [(b - a, True) for a, b in pairwise(ordered)]
        silences.append((end - ordered[-1], False))
    today = end - follow_up
    known = {w: [d for d in days if d <= today] for w, days in histories.items()}
    now = [(today - max(d), any(x > today for x in histories[w])) for w, d in known.items() if d]
    for row in table.to_dict("records"):
        d = row["silent_days"]
        assert row["silences"] == sum(t > d or (t == d and not back) for t, back in silences)
        stays = 1.0
        for day in range(d + 1, d + follow_up + 1):
            if at_risk := sum(t >= day for t, _ in silences):
                stays *= 1 - sum(t == day and back for t, back in silences) / at_risk
        if any(t >= d + follow_up for t, _ in silences):
            assert row["return_rate"] == pytest.approx(1 - stays, abs=1e-12)
        else:
            assert np.isnan(row["return_rate"]) or (row["return_rate"] == 1 and stays == 0)
        assert row["called"] == sum(age >= d for age, _ in now)
        assert row["false_alarms"] == sum(age >= d and back for age, back in now)
        assert row["late_alarms"] == sum(age < d and not back for age, back in now)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"max_days": 10, "follow_up_days": 11}, "10 and 11 days make more than the 20 days"),
        ({"max_days": 5}, "no length to look at: max_days is 5, and step_days 7"),
        ({"max_days": 0}, "max_days must be a whole number, 1 or above"),
        ({"follow_up_days": 0}, "follow_up_days must be a whole number"),
        ({"step_days": 0}, "step_days must be a whole number"),
        ({"max_return_rate": 1}, "max_return_rate must be between 0 and 1"),
        ({"interval": 95}, "interval must be between 0 and 1"),
        ({"date": "day"}, r"lacks \['day'\]"),
    ],
)
def test_bad_arguments_are_refused(options, told):
    with pytest.raises(InputError, match=told):
        table_of(log_of(BY_HAND), 20, **options)


def test_bad_logs_are_refused():
    with pytest.raises(InputError, match="the log has refunds only"):
        table_of(log_of(BY_HAND, amount=-1.0), 20)
    with pytest.raises(InputError, match="date must not be after observation_end, 2026-01-11"):
        table_of(log_of(BY_HAND), 10)
    with pytest.raises(InputError, match="the log is empty"):
        table_of(log_of(BY_HAND).head(0), 20)
