"""The array core against a reference that follows the rules customer by customer, on random ugly logs."""

import math
from dataclasses import fields
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from customer_value.transactions import _summary_arrays
from customer_value.transactions._summary_arrays import summarize_arrays

POLICIES = ("net", "match", "drop")
# The core may add in another order than the reference: a few roundings of the sizes added.
RELATIVE = 1e-12


def reference(rows, *, end, refunds, windows):
    """Follow the rules in plain Python: {label: statistics}, and the counts of what is left out."""
    rows = [row for row in rows if row[1] <= end]
    summary, without_purchase, lost = {}, 0, 0
    for label in sorted({row[0] for row in rows}):
        own = [(period, amount, order) for who, period, amount, order in rows if who == label]
        bought = sorted({period for period, amount, _ in own if amount >= 0})
        without_purchase += not bought
        values = []  # (period, amount) as they count
        for period, amount, _ in own:
            if amount >= 0 or refunds == "net":
                values.append((period, amount))
            elif refunds == "match":
                earlier = [p for p in bought if p <= period]
                lost += not earlier
                values += [(earlier[-1], amount)] if earlier else []
        if not bought:
            continue
        repeats = bought[1:]
        repeat_values = [a for p, a in values if p in repeats]
        summary[label] = {
            "frequency": len(repeats),
            "purchases": len(bought),
            "first_period": bought[0],
            "last_period": bought[-1],
            "recency": bought[-1] - bought[0],
            "total_value": math.fsum(a for _, a in values),
            "monetary_value": math.fsum(repeat_values) / len(repeats) if repeats else math.nan,
            "window_purchases": [sum(p >= w for p in bought) for w in windows],
            "window_values": [math.fsum(a for p, a in values if p >= w) for w in windows],
            "orders": len({order for _, amount, order in own if amount >= 0}),
            "log_intervals": math.fsum(math.log(b - a) for a, b in pairwise(bought)),
            "scale": math.fsum(abs(a) for _, a in values) + 1.0,
        }
    return summary, without_purchase, lost


def columns(rows, label_type=np.int64):
    """Turn (label, period, amount, order) rows into the core's arrays."""
    return (
        np.array([row[0] for row in rows], dtype=label_type),
        np.array([row[1] for row in rows], dtype=np.int64),
        np.array([row[2] for row in rows], dtype=np.float64),
        np.array([row[3] for row in rows], dtype=np.int64),
    )


def summarize(rows, *, label_type=np.int64, **options):
    labels, period, amount, order = columns(rows, label_type)
    return labels, summarize_arrays(labels, period, amount, order=order, regularity=True, **options)


def assert_follows(rows, *, end, refunds, windows, label_type=np.int64):
    labels, found = summarize(rows, label_type=label_type, end_period=end, refunds=refunds, windows=windows)
    expected, without_purchase, lost = reference(rows, end=end, refunds=refunds, windows=windows)
    assert labels[found.row].tolist() == list(expected)  # ascending, and each label once
    assert found.rows_after_end == sum(row[1] > end for row in rows)
    assert found.customers_without_purchase == without_purchase
    assert found.refunds_without_purchase == lost
    for i, customer in enumerate(expected.values()):
        exact = ("frequency", "purchases", "first_period", "last_period", "recency", "orders")
        assert {name: int(getattr(found, name)[i]) for name in exact} == {name: customer[name] for name in exact}
        assert [int(w[i]) for w in found.window_purchases] == customer["window_purchases"]
        tolerance = RELATIVE * customer["scale"]
        assert found.total_value[i] == pytest.approx(customer["total_value"], rel=0, abs=tolerance)
        assert found.monetary_value[i] == pytest.approx(customer["monetary_value"], rel=0, abs=tolerance, nan_ok=True)
        assert [w[i] for w in found.window_values] == pytest.approx(customer["window_values"], rel=0, abs=tolerance)
        assert found.log_intervals[i] == pytest.approx(customer["log_intervals"], rel=RELATIVE)


def same(a, b):
    """Compare two fields bit by bit (NaN equals NaN)."""
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return np.array_equal(a, b, equal_nan=True) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else np.all(a == b)


def assert_identical(one, other, but=()):
    for field in fields(one):
        if field.name not in but:
            assert same(getattr(one, field.name), getattr(other, field.name)), field.name


AMOUNTS = st.sampled_from([0.0, -0.0, 0.1, 0.2, 0.3, 19.99, -0.1, -0.3, -19.99, 1e9, -1e9, 1e-9]) | st.floats(-1e6, 1e6)
LABELS = st.integers(0, 4) | st.sampled_from([-(2**63), -1, 10**9, 2**40, 2**63 - 1])
ROWS = st.lists(st.tuples(LABELS, st.integers(-6, 12), AMOUNTS, st.sampled_from([-7, 0, 1, 2, 2**62])), max_size=40)
OPTIONS = {
    "end": st.integers(-7, 13),
    "refunds": st.sampled_from(POLICIES),
    "windows": st.lists(st.integers(-7, 13), max_size=2),
}


@settings(max_examples=300, deadline=None)
@given(rows=ROWS, **OPTIONS)
@example(rows=[], end=3, refunds="net", windows=[1])
@example(rows=[(1, 0, -5.0, 1)], end=3, refunds="match", windows=[])  # refunds only
@example(rows=[(1, 0, -5.0, 1), (1, 2, 7.0, 2), (1, 5, -1.0, 2)], end=9, refunds="match", windows=[2])  # refund first
@example(rows=[(1, 0, 5.0, 1), (2, 1, -1.0, 3), (2, 3, 4.0, 4)], end=9, refunds="match", windows=[])  # not another's
@example(rows=[(1, 4, 5.0, 1)] * 5, end=9, refunds="net", windows=[])  # duplicates
@example(rows=[(1, 4, 5.0, 1), (1, 5, 0.0, 1)], end=9, refunds="net", windows=[])  # a purchase of zero
def test_follows_the_rules(rows, end, refunds, windows):
    assert_follows(rows, end=end, refunds=refunds, windows=windows)


@settings(max_examples=100, deadline=None)
@given(rows=ROWS, random=st.randoms(use_true_random=False), **OPTIONS)
def test_no_bit_depends_on_the_order_of_rows(rows, random, end, refunds, windows):
    options = {"end_period": end, "refunds": refunds, "windows": windows}
    labels, found = summarize(rows, **options)
    shuffled = random.sample(rows, len(rows))
    shuffled_labels, again = summarize(shuffled, **options)
    assert_identical(found, again, but={"row"})
    assert np.array_equal(labels[found.row], shuffled_labels[again.row])


@settings(max_examples=100, deadline=None)
@given(rows=ROWS, **OPTIONS)
def test_no_bit_depends_on_chunks_or_threads(rows, end, refunds, windows):
    options = {"end_period": end, "refunds": refunds, "windows": windows}
    _, whole = summarize(rows, **options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_summary_arrays, "_CHUNK", 2)
        _, cut = summarize(rows, **options)
    assert_identical(whole, cut)


@settings(max_examples=100, deadline=None)
@given(rows=ROWS, **OPTIONS)
@example(rows=[(c, p, 1.5, p) for c in (4, 0, 2, 1, 3) for p in (2, 0, 1)] * 2, end=2, refunds="net", windows=[1])
@example(rows=[(1, p, 1.5, p) for p in (2, 0, 1)] * 9 + [(2, 0, 1.0, 1)], end=2, refunds="net", windows=[1])
def test_labels_and_periods_too_wide_for_one_word(rows, end, refunds, windows):
    # Periods apart by 2^56 leave six bits for label and row: the log is cut by customers until one word holds them.
    step = 2**56
    wide = [(label, period % 3 * step, amount, order) for label, period, amount, order in rows]
    assert_follows(wide, end=end * step, refunds=refunds, windows=[w * step for w in windows])


def test_unsigned_and_small_types_of_labels():
    rows = [(2**64 - 1, 1, 2.0, 0), (0, 2, 3.0, 0), (2**64 - 1, 4, 5.0, 1)]
    assert_follows(rows, end=9, refunds="net", windows=[2], label_type=np.uint64)
    rows = [(-128, 1, 2.0, 0), (127, 2, 3.0, 0), (-128, 4, 5.0, 1)]
    assert_follows(rows, end=9, refunds="net", windows=[2], label_type=np.int8)


@pytest.mark.parametrize("refunds", POLICIES)
def test_a_long_log_in_many_chunks(refunds, monkeypatch):
    # Chunks enough for threads; lines of one order, so that most periods hold several rows.
    monkeypatch.setattr(_summary_arrays, "_CHUNK", 1 << 14)
    rng = np.random.default_rng(5)
    n = 300_000
    labels, period = rng.integers(0, 20_000, n) * 7919, rng.integers(0, 90, n) // 9
    amount = np.where(rng.random(n) < 0.1, -1, 1) * rng.gamma(2, 10, n).round(2)
    found = summarize_arrays(labels, period, amount, order=period * 3, end_period=10, refunds=refunds, windows=[5])
    again = rng.permutation(n)
    shuffled = summarize_arrays(
        labels[again],
        period[again],
        amount[again],
        order=period[again] * 3,
        end_period=10,
        refunds=refunds,
        windows=[5],
    )
    assert_identical(found, shuffled, but={"row"})
    chosen = np.isin(labels, labels[found.row[::500]])
    few = list(zip(labels[chosen], period[chosen], amount[chosen], period[chosen] * 3, strict=True))
    expected, _, _ = reference(few, end=10, refunds=refunds, windows=[5])
    position = {int(label): i for i, label in enumerate(labels[found.row])}
    for label, customer in expected.items():
        i, tolerance = position[int(label)], RELATIVE * customer["scale"]
        assert found.purchases[i] == customer["purchases"]
        assert found.orders[i] == customer["orders"]
        assert found.total_value[i] == pytest.approx(customer["total_value"], abs=tolerance)
        assert found.window_values[0][i] == pytest.approx(customer["window_values"][0], abs=tolerance)


def test_a_large_first_purchase_leaves_small_repeats_exact():
    rows = [(1, 0, 1e12, 0), (1, 1, 0.01, 0), (1, 2, 0.03, 0)]
    _, found = summarize(rows, end_period=9)
    assert found.monetary_value[0] == pytest.approx(0.02, rel=1e-15)


def test_without_amounts_every_row_is_a_purchase():
    labels, period = np.array([3, 3, 1]), np.array([1, 4, 2])
    found = summarize_arrays(labels, period, end_period=9, windows=[3])
    assert found.purchases.tolist() == [1, 2]
    assert found.window_purchases[0].tolist() == [0, 1]
    assert found.total_value is None
    assert found.monetary_value is None
    assert found.window_values == ()
    assert found.orders is None
    assert found.log_intervals is None
