"""Growth split into its factors: against all orders of change, sums to the cent, and what nobody bought."""

from itertools import permutations

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from customer_value.errors import InputError
from customer_value.transactions import growth as module
from customer_value.transactions.growth import growth_decomposition, shapley_effects

END = "2025-12-31"
EFFECTS = ["customers_effect", "frequency_effect", "value_effect"]
FACTORS = ["customers", "orders_per_customer", "value_per_order"]


def shop(seed=0, n=500):
    """Make a log of two years with baskets of several rows, refunds, and customers who come late."""
    rng = np.random.default_rng(seed)
    order = rng.integers(0, n // 2, n)
    customer = order % 40
    day = (order * 7919 + 13 * customer) % 731
    log = pd.DataFrame({"customer_id": customer, "order_id": order})
    log["date"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(day, unit="D")
    log["amount"] = np.where(rng.random(n) < 0.1, -5.25, rng.integers(0, 4000, n) / 100)
    log["tier"] = np.where(customer % 3 == 0, "A", "B")
    return log[(customer % 4 > 0) | (day > 300)].reset_index(drop=True)


def averaged(before, after):
    """Mean effect of each factor over all orders in which the factors change."""
    effects = np.zeros(len(before))
    orders = list(permutations(range(len(before))))
    for order in orders:
        now = np.array(before, dtype=float)
        for factor in order:
            was = now.prod()
            now[factor] = after[factor]
            effects[factor] += now.prod() - was
    return effects / len(orders)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(-1e3, 1e3), min_size=6, max_size=6))
def test_effects_are_means_over_all_orders(numbers):
    before, after = np.array(numbers).reshape(2, 3)
    effects = shapley_effects(before, after)
    assert_allclose(effects, averaged(before, after), rtol=1e-9, atol=1e-6)  # products of up to 1e9
    assert effects.sum() == pytest.approx(after.prod() - before.prod(), rel=1e-9, abs=1e-6)


@pytest.mark.filterwarnings("ignore::customer_value.DataWarning")
@pytest.mark.parametrize("by", [None, "tier"])
def test_counts_are_those_of_pandas(by):
    log = shop()
    growth = growth_decomposition(log, observation_end=END, observation_start="2024-01-01", window="6 months", by=by)
    first = log[log["amount"] >= 0].groupby("customer_id")["date"].min().dt.to_period("M")
    log = log[log["date"].dt.to_period("M") >= log["customer_id"].map(first)]
    assert len(growth) == 13 * (1 if by is None else 2)
    for row in growth.to_dict("records"):
        end = row["period_end"] + pd.Timedelta("1D")
        edges = [end - pd.DateOffset(months=12), end - pd.DateOffset(months=6), end]
        sums = []
        for window, low, high in (("before", *edges[:2]), ("after", *edges[1:])):
            rows = log[(log["date"] >= low) & (log["date"] < high)]
            rows = rows if by is None else rows[rows[by] == row[by]]
            sales = rows[rows["amount"] >= 0]
            sums.append((sales["customer_id"].nunique(), sales["order_id"].nunique(), rows["amount"].sum()))
            assert row[f"revenue_{window}"] == pytest.approx(sums[-1][2], abs=1e-9)
            assert row[f"customers_{window}"] == sums[-1][0]
            assert row[f"orders_per_customer_{window}"] == sums[-1][1] / sums[-1][0]
            assert row[f"value_per_order_{window}"] == pytest.approx(sums[-1][2] / sums[-1][1], rel=1e-12)
        factors = [(c, o / c, r / o) for c, o, r in sums]
        assert_allclose([row[name] for name in EFFECTS], averaged(*factors), rtol=1e-9, atol=1e-9)
        assert row["revenue_change"] == pytest.approx(sum(row[name] for name in EFFECTS), abs=1e-9)


def test_only_one_thing_changes():
    def months(*amounts):
        return pd.DataFrame(
            [(c, f"2026-0{m + 1}-{d:02}", a) for m, month in enumerate(amounts) for c, d, a in month],
            columns=["customer_id", "date", "amount"],
        ).assign(date=lambda log: pd.to_datetime(log["date"]))

    one, two = [("a", 1, 4.0), ("b", 1, 2.0)], [("a", 1, 4.0), ("b", 1, 2.0), ("a", 2, 1.0), ("b", 2, 5.0)]
    for later, effects in (
        ([("c", 1, 3.0), *one], [3.0, 0.0, 0.0]),
        (two, [0.0, 6.0, 0.0]),  # twice as many orders of the same 3.00
        ([("a", 1, 8.0), ("b", 1, 4.0)], [0.0, 0.0, 6.0]),
        ([], [-6.0, 0.0, 0.0]),
    ):
        row = growth_decomposition(months(one, later), observation_end="2026-02-28", window="period").iloc[0]
        assert row[EFFECTS].tolist() == pytest.approx(effects, abs=1e-12)
    assert row[["orders_per_customer_after", "value_per_order_after"]].isna().all()
    assert row["customers_after"] == 0
    # Nobody bought, and a refund came back: no factor explains it.
    row = growth_decomposition(months(one, [("a", 1, -4.0)]), observation_end="2026-02-28", window="period").iloc[0]
    assert row["revenue_change"] == -10.0
    assert row[EFFECTS].isna().all()
    # Net refunds make the value of an order negative, which is no obstacle.
    row = growth_decomposition(months(one, [*one, ("a", 2, -9.0)]), observation_end="2026-02-28", window="period").iloc[
        0
    ]
    assert row[EFFECTS].tolist() == pytest.approx([0.0, 0.0, -9.0], abs=1e-12)


def test_orders_are_rows_without_an_order():
    log = shop(2).query("amount >= 0")
    options = {"observation_end": END, "window": "6 months"}
    rows = growth_decomposition(log, order_id=None, **options)
    pd.testing.assert_frame_equal(rows, growth_decomposition(log.drop(columns="order_id"), **options))
    orders = growth_decomposition(log, **options)
    assert (rows["orders_per_customer_before"] > orders["orders_per_customer_before"]).all()


@pytest.mark.filterwarnings("ignore::customer_value.DataWarning")
def test_order_and_library_do_not_matter():
    log = shop(3)
    options = {"observation_end": END, "window": "3 months", "by": "tier"}
    expected = growth_decomposition(log, **options)
    for frame in (pl.from_pandas(log).sample(fraction=1, shuffle=True, seed=1).lazy(), duckdb.from_df(log)):
        found = growth_decomposition(frame, **options)
        found = (found.collect() if isinstance(found, pl.LazyFrame) else found).to_pandas()
        dates = dict.fromkeys(["period_end", "observation_end"], "datetime64[us]")
        pd.testing.assert_frame_equal(found.astype(dates), expected, check_dtype=False, check_exact=True)


def test_a_rest_is_never_silent(monkeypatch):
    log = shop(4).query("amount >= 0")
    monkeypatch.setattr(module, "shapley_effects", lambda before, after: after - before)
    with pytest.raises(RuntimeError, match="do not add up to its change"):
        growth_decomposition(log, observation_end=END, window="6 months")


def test_bad_input():
    log = shop(5).query("amount >= 0")
    for arguments, message in (
        ({"window": "13 months"}, "growth needs two windows"),
        ({"by": "customers_before"}, "twice"),
        ({"by": "order_id"}, "must be the same in all rows of a customer"),
        ({"order_id": "basket"}, r"lacks \['basket'\]"),
        ({"customers": log}, "goes with by="),
        ({"observation_end": "2025-06-30"}, "must not be after observation_end"),
    ):
        with pytest.raises(InputError, match=message):
            growth_decomposition(log, **{"observation_end": END, "window": "6 months"} | arguments)
    with pytest.raises(InputError, match="empty"):
        growth_decomposition(log[:0], observation_end=END)
