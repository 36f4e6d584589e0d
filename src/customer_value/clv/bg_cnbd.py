"""BG/CNBD-k: BG/NBD for customers who buy regularly, with Erlang-k times between purchases.

Platzer & Reutterer (2016), "Ticking Away the Moments: Timing Regularity Helps to Better Predict Customer Activity",
Marketing Science 35(5), 779-799; Reutterer, Platzer & Schroeder (2021), "Leveraging Purchase Regularity for Predicting
Customer Behavior the Easy Way", International Journal of Research in Marketing 38(1), 194-215.
"""

from __future__ import annotations

from typing import ClassVar

from customer_value.clv._erlang_model import RegularModel


class BGCNBD(RegularModel):
    """BG/CNBD-k: BG/NBD for customers whose purchases are more regular than chance.

    While active, a customer's times between purchases are Erlang-k distributed: events come at a Poisson rate that is
    Gamma(r, alpha) over customers, and every k-th one is a purchase, so that he buys r / (k alpha) times per time unit
    on average. After each repeat purchase he leaves for good with a probability that is Beta(a, b) over customers. The
    larger k, the more regular the purchases, and the sooner a silence tells; k = 1 is BG/NBD.

    Parameters
    ----------
    k
        Regularity, a whole number from 1 to 20, or ``"auto"``, which fits k = 1, 2, ... and keeps the largest
        likelihood. It stops after two k in a row that gain nothing, at 20 at the latest;
        ``diagnostics_["log_likelihood_by_k"]`` tells what it saw.

    Notes
    -----
    A fit with any k but 1 needs the column log_intervals (``summarize_customers(..., regularity=True)``); predictions
    do not. A new customer's clock starts at his first purchase: someone is sure to be alive until his first repeat
    purchase, and hence whoever has not come back yet is alive with probability 1. :class:`MBGCNBD` differs.

    Forecasts know how far into the cycle of k events each customer is; their sums have no closed form but are exact to
    about 1e-10. Sources: Platzer & Reutterer (2016), Marketing Science 35(5); Reutterer, Platzer & Schroeder (2021),
    International Journal of Research in Marketing 38(1).

    Examples
    --------
    >>> from customer_value.clv import BGCNBD
    >>> model = BGCNBD.from_params(k=2, r=0.5, alpha=3.0, a=0.8, b=2.5, time_unit="week")
    >>> round(model.expected_purchases_new("52 weeks"), 3)
    2.148
    """

    _first: ClassVar[int] = 0
