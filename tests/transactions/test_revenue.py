"""The revenue bridge against a loop over customers, its identity whatever the log, and what does not fit."""

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import customer_value as cv
from customer_value.errors import DataWarning, InputError
from customer_value.transactions._bridge_parts import require_identity
from customer_value.transactions.revenue import revenue_bridge

END = "2025-12-31"
PARTS = ["start", "new", "resurrected", "expansion", "contraction", "churned", "end"]
COUNTS = ["customers_before", "n_new", "n_resurrected", "n_expansion", "n_contraction", "n_churned", "customers_after"]
quiet = pytest.mark.filterwarnings("ignore::customer_value.DataWarning")


def shop(seed=0, n=700, customers=70):
    """Make a log of two years: customers who pause, stop and start late, zeros, refunds first and refunds only."""
    rng = np.random.default_rng(seed)
    customer = rng.integers(0, customers, n)
    day = rng.integers(0, 731, n)
    active = (customer % 4 > 0) | (day // 120 % 2 == 0)
    active &= (customer % 5 > 0) | (day < 400)
    active &= (customer % 7 > 0) | (day > 500)
    log = pd.DataFrame({"customer_id": customer, "date": pd.Timestamp("2024-01-01") + pd.to_timedelta(day, unit="D")})
    log["amount"] = np.where(rng.random(n) < 0.2, -rng.integers(0, 3000, n) / 100, rng.integers(0, 4000, n) / 100)
    log["tier"] = np.where(customer % 3 == 0, "A", "B")
    return log[active].reset_index(drop=True)


def histories(log):
    """Customers' (first day of the month, cents, whether it is a purchase), from the month of the first purchase on."""
    month = log["date"].dt.to_period("M").dt.start_time
    found = {}
    for customer, start, amount in zip(log["customer_id"], month, log["amount"], strict=True):
        found.setdefault(customer, []).append((start, round(amount * 100), amount >= 0))
    firsts = {customer: min((m for m, _, sale in rows if sale), default=None) for customer, rows in found.items()}
    return [
        (first, [row for row in found[customer] if row[0] >= first])
        for customer, first in firsts.items()
        if first is not None
    ]


def looped(customers, begin, middle, end):
    """Parts by a loop over customers, in whole cents."""
    parts = dict.fromkeys(PARTS, 0) | dict.fromkeys(COUNTS, 0)
    for first, rows in customers:
        windows = [[row for row in rows if a <= row[0] < b] for a, b in ((begin, middle), (middle, end))]
        before, after = (sum(cents for _, cents, _ in rows) for rows in windows)
        was, came = (any(sale for _, _, sale in rows) for rows in windows)
        parts["start"] += before
        parts["end"] += after
        parts["customers_before"] += was
        parts["customers_after"] += came
        if came and not was:
            part, change = "new" if first >= middle else "resurrected", after - before
        elif was and not came:
            part, change = "churned", before - after
        elif after == before:
            continue
        else:
            part, change = ("expansion" if after > before else "contraction"), abs(after - before)
        parts[part] += change
        parts[f"n_{part}"] += 1
    return parts


def identity(bridge):
    gains = bridge["start"] + bridge["new"] + bridge["resurrected"] + bridge["expansion"]
    return (gains - bridge["contraction"] - bridge["churned"] - bridge["end"]).abs().max()


@quiet
@pytest.mark.parametrize(("window", "months"), [("3 months", 3), ("2 quarters", 6), ("period", 1), ("12 months", 12)])
def test_parts_are_those_of_a_loop(window, months):
    log = shop()
    bridge = revenue_bridge(log, observation_end=END, observation_start="2024-01-01", window=window)
    assert len(bridge) == 24 - 2 * months + 1
    customers = histories(log)
    for row in bridge.iloc[:: max(1, len(bridge) // 6)].to_dict("records"):
        end = row["period_end"] + pd.Timedelta("1D")
        middle, begin = end - pd.DateOffset(months=months), end - pd.DateOffset(months=2 * months)
        expected = looped(customers, begin, middle, end)
        assert {name: round(row[name] * 100) for name in PARTS} == {name: expected[name] for name in PARTS}
        assert {name: row[name] for name in COUNTS} == {name: expected[name] for name in COUNTS}
    assert (
        bridge[PARTS[1:-1]].sum() > 0
    ).all() or window == "12 months"  # nothing is proved by parts without customers
    assert identity(bridge) < 1e-9
    net = bridge["customers_before"] + bridge["n_new"] + bridge["n_resurrected"] - bridge["n_churned"]
    assert (net == bridge["customers_after"]).all()


@quiet
def test_groups_are_logs_of_their_own_and_add_up():
    log = shop(1)
    options = {"observation_end": END, "observation_start": "2024-01-01", "window": "6 months", "interval": 0.8}
    options["n_resamples"] = 50
    grouped = revenue_bridge(log, by="tier", **options)
    for tier, rows in grouped.groupby("tier"):
        alone = revenue_bridge(log[log["tier"] == tier], **options)
        pd.testing.assert_frame_equal(rows.drop(columns="tier").reset_index(drop=True), alone)
    whole = revenue_bridge(log, **options)
    added = grouped.groupby("period")[PARTS + COUNTS].sum().reset_index(drop=True)
    pd.testing.assert_frame_equal(added, whole[PARTS + COUNTS], rtol=0, atol=1e-9)
    tiers = log[["customer_id", "tier"]].drop_duplicates()
    same = revenue_bridge(log.drop(columns="tier"), by="tier", customers=tiers, **options)
    pd.testing.assert_frame_equal(same, grouped)


@quiet
@settings(max_examples=12, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from(["net", "match", "drop", "count"]),
    st.sampled_from([("month", "period"), ("month", "2 months"), ("week", "4 weeks"), ("quarter", "1 quarter")]),
    st.sampled_from(["lazy", "to_arrow", "to_pandas"]),
)
def test_the_identity_holds_in_any_order_and_library(seed, refunds, windows, library):
    log = shop(seed, n=60, customers=12)
    period, window = windows
    options = {"observation_end": END, "period": period, "window": window, "refunds": refunds, "by": "tier"}
    bridge = revenue_bridge(log, **options)
    assert identity(bridge) < 1e-9
    shuffled = pl.from_pandas(log).sample(fraction=1, shuffle=True, seed=seed)
    frame = getattr(shuffled, library)()
    found = revenue_bridge(frame, **options)
    assert type(found) is type(frame)
    found = found.collect() if library == "lazy" else pl.DataFrame(found)
    names = ["period", "tier", *PARTS, *COUNTS]
    assert found.select(names).rows() == list(bridge[names].itertuples(index=False, name=None))


@quiet
def test_an_engine_gives_the_same():
    log = shop(2)
    options = {"observation_end": END, "window": "6 months", "by": "tier", "interval": 0.9, "n_resamples": 20}
    found = revenue_bridge(duckdb.from_df(log), **options).to_pandas()
    dates = dict.fromkeys(["period_end", "observation_end"], "datetime64[us]")
    pd.testing.assert_frame_equal(
        found.astype(dates), revenue_bridge(log, **options), check_dtype=False, check_exact=True
    )


@quiet
def test_cut_off_periods_and_later_rows_change_nothing():
    log = shop(3)
    options = {"observation_start": "2024-01-01", "window": "6 months"}
    whole = revenue_bridge(log, observation_end=END, **options)
    cut = revenue_bridge(log[log["date"] < "2025-12-20"], observation_end="2025-12-19", **options)
    pd.testing.assert_frame_equal(cut[["period", *PARTS, *COUNTS]], whole[["period", *PARTS, *COUNTS]].iloc[:-1])
    # A log that begins within a month has its first whole month after it.
    late = revenue_bridge(log[log["date"] >= "2024-01-05"], observation_end=END, window="6 months")
    assert late["period"].tolist() == whole["period"].tolist()[1:]


def test_fiscal_years():
    days = pd.date_range("2022-07-01", "2025-06-30", freq="MS")
    log = pd.DataFrame({"customer_id": 1, "date": days, "amount": np.arange(len(days), dtype=float)})
    options = {"observation_end": "2025-06-30", "period": "year", "window": "period", "year_start": "07-01"}
    bridge = revenue_bridge(log, **options)
    assert bridge["period"].tolist() == ["2023/24", "2024/25"]
    assert bridge["start"].tolist() == [66.0, 210.0]
    assert bridge["expansion"].tolist() == [144.0, 144.0]
    assert bridge["window"].unique().tolist() == ["1 year"]


def history(*rows):
    return pd.DataFrame(rows, columns=["customer_id", "date", "amount"]).assign(
        date=lambda f: pd.to_datetime(f["date"])
    )


def test_refunds_are_where_the_customers_are():
    log = history(
        ("old", "2025-01-05", 90.0), ("old", "2025-11-05", -40.0),  # bought before both windows
        ("gone", "2025-10-05", 10.0), ("gone", "2025-10-06", -25.0),
        ("fresh", "2025-11-05", 5.0), ("fresh", "2025-11-06", -9.0),
        ("stays", "2025-10-05", 3.0), ("stays", "2025-11-05", 0.0),
    )  # fmt: skip
    row = revenue_bridge(log, observation_end="2025-11-30", observation_start="2025-01-01", window="period").iloc[-1]
    assert row[PARTS].tolist() == [-12.0, -4.0, 0.0, 0.0, 43.0, -15.0, -44.0]
    assert row[COUNTS].tolist() == [2, 1, 0, 0, 2, 1, 2]
    # Refunds that belong to a purchase of January are taken off then.
    row = revenue_bridge(
        log, observation_end="2025-11-30", observation_start="2025-01-01", window="period", refunds="match"
    ).iloc[-1]
    assert row[PARTS].tolist() == [-12.0, -4.0, 0.0, 0.0, 3.0, -15.0, -4.0]


def test_amounts_before_the_first_purchase_are_left_out_with_a_warning():
    log = history(("a", "2025-01-05", -8.0), ("a", "2025-02-05", 5.0), ("b", "2025-01-01", 1.0))
    with pytest.warns(DataWarning, match=r"left out amounts of -8\.00 from before"):
        row = revenue_bridge(log, observation_end="2025-02-28", window="period").iloc[0]
    assert row[PARTS].tolist() == [1.0, 5.0, 0.0, 0.0, 0.0, 1.0, 5.0]


def test_net_retention_is_that_of_retention_rates():
    log = shop(4).query("amount >= 0")
    options = {"observation_end": END, "observation_start": "2024-01-01", "window": "6 months", "by": "tier"}
    bridge = revenue_bridge(log, interval=0.9, n_resamples=400, **options)
    rates = cv.retention_rates(log, **options)
    np.testing.assert_allclose(bridge["net_revenue_retention"], rates["revenue_retention"], rtol=1e-12)
    np.testing.assert_array_equal(bridge["customers_before"], rates["customers_before"])
    # Drawn customers and the linear approximation agree where neither start nor customers are few.
    widths = [table[f"{name}_upper"] - table[f"{name}_lower"] for table, name in
              ((bridge, "net_revenue_retention"), (rates, "revenue_retention"))]  # fmt: skip
    assert np.median(widths[0] / widths[1]) == pytest.approx(1.0, abs=0.15)
    ratios = bridge.pipe(cv.net_revenue_retention).pipe(cv.gross_revenue_retention)
    for name in ("net_revenue_retention", "gross_revenue_retention"):
        np.testing.assert_allclose(bridge[name], ratios[name], rtol=1e-12)
        assert ((bridge[f"{name}_lower"] < bridge[name]) & (bridge[name] < bridge[f"{name}_upper"])).all()
    assert (bridge["gross_revenue_retention_upper"] < 1).all()


def test_bounds_are_quantiles_over_drawn_customers():
    rng = np.random.default_rng(5)
    before = rng.gamma(2.0, 50.0, 300).round(2)
    after = np.where(rng.random(300) < 0.7, before * rng.gamma(4.0, 0.25, 300), 0.0).round(2)
    parts = [pd.DataFrame({"customer_id": range(300), "date": pd.Timestamp(day), "amount": amounts})
             for day, amounts in (("2025-01-01", before), ("2025-02-28", after))]  # fmt: skip
    log = pd.concat(parts).query("amount > 0")
    options = {"observation_end": "2025-02-28", "window": "period", "interval": 0.9}
    row = revenue_bridge(log, n_resamples=2000, **options).iloc[0]
    draws = rng.integers(0, 300, (4000, 300))
    for name, kept in (("net", after), ("gross", np.minimum(before, after))):
        assert row[f"{name}_revenue_retention"] == pytest.approx(kept.sum() / before.sum(), rel=1e-12)
        drawn = kept[draws].sum(axis=1) / before[draws].sum(axis=1)
        # Quantiles of 2,000 and of 4,000 draws: each is known to some 4 % of a deviation.
        for end, share in (("lower", 0.05), ("upper", 0.95)):
            assert row[f"{name}_revenue_retention_{end}"] == pytest.approx(
                np.quantile(drawn, share), abs=0.15 * drawn.std()
            )
    again = revenue_bridge(log.sample(frac=1, random_state=1), n_resamples=20, **options)
    pd.testing.assert_frame_equal(again, revenue_bridge(log, n_resamples=20, **options))
    assert not again.equals(revenue_bridge(log, n_resamples=20, random_state=1, **options))


def test_one_customer_and_nobody():
    log = history(("a", "2025-01-01", 4.0), ("a", "2025-02-05", 5.0), ("b", "2025-02-01", 1.0))
    log["tier"] = ["x", "x", "y"]
    bridge = revenue_bridge(log, observation_end="2025-02-28", window="period", by="tier", interval=0.9, n_resamples=9)
    assert bridge["net_revenue_retention"].tolist()[0] == 1.25
    assert bridge["gross_revenue_retention"].tolist()[0] == 1.0
    bounds = [name for name in bridge if name.endswith(("_lower", "_upper"))]
    assert bridge[bounds].isna().all(axis=None)
    assert bridge["net_revenue_retention"].isna().tolist() == [False, True]


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9, 1e200])
def test_sums_are_exact_for_money_of_any_size(scale):
    log = shop(6).query("amount >= 0")
    bridge = revenue_bridge(log.assign(amount=log["amount"] * scale), observation_end=END, window="6 months")
    plain = revenue_bridge(log, observation_end=END, window="6 months")
    np.testing.assert_allclose(bridge[PARTS] / scale, plain[PARTS], rtol=1e-7, atol=1e-7)
    assert identity(bridge[PARTS] / scale) < 1e-7


def test_an_identity_that_is_off_is_never_silent():
    ticks = dict.fromkeys(PARTS, np.array([3, 0]))
    with pytest.raises(RuntimeError, match="do not add up in 1 row"):
        require_identity(ticks | {"new": np.array([3, 0])})


def test_bad_input():
    log = shop(7).query("amount >= 0")
    for arguments, message in (
        ({"window": "13 months"}, "the revenue bridge needs two windows of '13 months'"),
        ({"window": "a year"}, r"window must be a .*text"),
        ({"window": None}, r"window must be a .*text"),
        ({"window": "1 month", "period": "quarter"}, "no number of whole quarters"),
        ({"by": "region"}, r"lacks \['region'\]"),
        ({"by": "amount"}, "must be the same in all rows of a customer"),
        ({"by": "new"}, "twice"),
        ({"by": "tier", "customers": log[["customer_id", "tier"]].drop_duplicates()[1:]}, "must hold every customer"),
        ({"by": "tier", "customers": log[["customer_id", "tier"]]}, "one row per customer"),
        ({"customers": log}, "goes with by="),
        ({"observation_start": "2024-02-01"}, "must not be after the log's first date"),
        ({"observation_end": "2025-06-30"}, "must not be after observation_end"),
        ({"refunds": "keep"}, "refunds must be one of"),
        ({"interval": 90}, "interval"),
        ({"n_resamples": 0}, "n_resamples"),
        ({"random_state": -1}, "random_state"),
    ):
        with pytest.raises(InputError, match=message):
            revenue_bridge(log, **{"observation_end": END, "window": "6 months"} | arguments)
    unknown = log.assign(tier=log["tier"].where(log["customer_id"] != 3))
    with pytest.raises(InputError, match="tier must not be null for any customer"):
        revenue_bridge(unknown, observation_end=END, window="period", by="tier")
    with pytest.raises(InputError, match="empty"):
        revenue_bridge(log[:0], observation_end=END)
    with pytest.raises(InputError, match=r"all \d+ rows are refunds"):
        revenue_bridge(log.assign(amount=-1.0), observation_end=END)
