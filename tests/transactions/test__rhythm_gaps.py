"""Gaps in arrays against plain Python, customer by customer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer_value.transactions import _rhythm_gaps
from customer_value.transactions._rhythm_gaps import gap_arrays

ROWS = st.lists(
    st.tuples(st.sampled_from([-7, 0, 3, 2**40]), st.integers(-30, 60), st.booleans()), min_size=1, max_size=60
)


def check(rows):
    labels, periods, bought = (np.array(column) for column in zip(*rows, strict=True))
    found = gap_arrays(labels, periods, bought.astype(bool))
    buyers = sorted({label for label, _, is_bought in rows if is_bought})
    assert found.count.size == len(buyers)
    assert found.customers_without_purchase == len(set(labels.tolist())) - len(buyers)
    for i, label in enumerate(buyers):
        times = np.array(sorted({period for of, period, is_bought in rows if of == label and is_bought}))
        gaps = np.diff(times)
        roots, number = np.cbrt(gaps), np.arange(1, gaps.size + 1)
        assert labels[found.row[i]] == label
        assert (found.first_period[i], found.last_period[i]) == (times[0], times[-1])
        assert (found.count[i], found.total[i], found.squares[i]) == (gaps.size, gaps.sum(), (gaps**2).sum())
        assert found.last_gap[i] == (gaps[-1] if gaps.size else 0)
        assert found.median[i] == (np.median(gaps) if gaps.size else 0)
        # Sums of at most 60 terms of size 100 each: rounding stays far below 1e-10.
        assert found.logs[i] == pytest.approx(np.log(gaps).sum(), abs=1e-10)
        assert found.roots[i] == pytest.approx(roots.sum(), abs=1e-10)
        centred = roots - roots.mean() if gaps.size else roots
        assert found.variation[i] == pytest.approx((centred**2).sum(), abs=1e-10)
        assert found.covariation[i] == pytest.approx((centred * number).sum(), abs=1e-10)


@settings(deadline=None, max_examples=60)
@given(ROWS)
def test_gaps_equal_the_reference(rows):
    check(rows)


def test_customers_stay_whole_where_the_log_is_cut_into_chunks(monkeypatch):
    monkeypatch.setattr(_rhythm_gaps, "_CHUNK", 5)
    rng = np.random.default_rng(0)
    bought = (rng.random(300) < 0.8).tolist()
    check(list(zip(rng.integers(0, 9, 300).tolist(), rng.integers(0, 90, 300).tolist(), bought, strict=True)))


def test_the_order_of_rows_changes_no_bit():
    rng = np.random.default_rng(1)
    labels, periods = rng.integers(0, 20, 500), rng.integers(0, 400, 500)
    order = rng.permutation(500)
    one, other = gap_arrays(labels, periods, None), gap_arrays(labels[order], periods[order], None)
    for name in ("logs", "median", "covariation", "variation", "roots", "squares"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
