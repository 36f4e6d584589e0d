"""What it brings and costs to contact a customer who may be about to leave.

A contact costs f. Whoever meant to leave accepts the offer with probability gamma, gets the incentive d, stays, and is
worth V to the firm; whoever meant to stay takes the incentive too, and would have been worth V without it. This is the
profit of T. Verbraken, W. Verbeke and B. Baesens (2013), *IEEE TKDE* 25, 961-973, equation (6), for one customer.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]


def gain_if_leaving(value: Floats, acceptance: Floats, incentive: Floats, cost: Floats) -> Floats:
    """Profit of contacting a customer who would leave: gamma (V - d) - f."""
    return acceptance * (value - incentive) - cost


def loss_if_staying(incentive: Floats, cost: Floats) -> Floats:
    """Loss by contacting a customer who would stay: d + f."""
    return incentive + cost


def expected_gain(risk: Floats, value: Floats, acceptance: Floats, incentive: Floats, cost: Floats) -> Floats:
    """Expected profit of a contact: p gamma (V - d) - (1 - p) d - f."""
    return risk * gain_if_leaving(value, acceptance, incentive, cost) - (1 - risk) * loss_if_staying(incentive, cost)


def expected_spend(risk: Floats, acceptance: Floats, incentive: Floats, cost: Floats) -> Floats:
    """Expected outlay of a contact: f, and d where it is taken, by leavers who accept and by all stayers."""
    return cost + incentive * (risk * acceptance + 1 - risk)
