"""What is special to sums over runs; the rules as a whole are tested in test__summary_arrays.py."""

from itertools import permutations

import numpy as np
import pytest

from customer_value.transactions._purchase_periods import Asked, Log, summarize_chunk
from customer_value.transactions._row_order import order_rows


def summarize(amount, *, period=None, refunds=None):
    amount = np.array(amount, dtype=np.float64)
    labels = np.zeros(amount.size, dtype=np.int64)
    period = np.zeros(amount.size, dtype=np.int64) if period is None else np.array(period)
    layout = order_rows(labels, period)
    log = Log(labels, period, amount, None)
    return summarize_chunk(layout.keys, layout, log, Asked(refunds, (), True))


def test_the_sum_of_a_period_is_the_same_in_any_order():
    amounts = (0.1, 0.2, 0.3, 0.7, 1e9)
    naive = {sum(order) for order in permutations(amounts)}
    assert len(naive) > 1  # floating-point addition depends on order
    assert len({float(summarize(order).total_value[0]) for order in permutations(amounts)}) == 1


def test_each_refund_goes_to_the_latest_purchase():
    found = summarize([10, -1, -2, 20, -4, -8, 40], period=[0, 0, 1, 2, 2, 5, 6], refunds="match")
    # Periods 0, 2 and 6 hold 10-1-2, 20-4-8 and 40.
    assert found.total_value[0] == 55
    assert found.monetary_value[0] == (8 + 40) / 2
    assert found.log_intervals[0] == pytest.approx(np.log(2) + np.log(4), rel=1e-15)


def test_refunds_between_purchases_lower_the_total_only():
    found = summarize([10, -1, -2, 20, -4, -8, 40], period=[0, 0, 1, 2, 2, 5, 6], refunds="net")
    assert found.total_value[0] == 55
    assert found.monetary_value[0] == (16 + 40) / 2
    assert found.first_period.tolist() == [0]
    assert found.purchases.tolist() == [3]
