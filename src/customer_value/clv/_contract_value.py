"""What customers of a contract model are worth: residual lifetimes, discounted or not, and values made of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np

from customer_value._validation import LARGEST, float_array, number, require_choice, require_rows
from customer_value.clv._contract_arrays import ROUNDING, ContractArrays
from customer_value.clv._rows import Floats
from customer_value.errors import FitWarning, InputError, warn

NextRenewal = Literal["now", "next_period"]


class ContractValue(ContractArrays):
    """Values of customers by the renewals that they have made."""

    def expected_residual_lifetime(self, renewals: int | Sequence[int] | Floats) -> Any:
        """Return how many further renewals to expect of a customer by the renewals made so far.

        Parameters
        ----------
        renewals
            Renewals made; a customer in his n-th period has made n - 1.

        Returns
        -------
        Expected number of whole periods after the current one: a float, or an array for several numbers. Infinity, with
        a warning, where survival falls so slowly that the sum has no limit.

        Warns
        -----
        FitWarning
            The expectation is infinite. Discounted, or over a horizon, it is not.

        Notes
        -----
        The sum of S(n-1+j) / S(n-1) over j = 1, 2, ... For the shifted-beta-geometric it is
        (beta + n - 1) / (alpha - 1) where alpha is above 1.

        Examples
        --------
        >>> from customer_value.clv import ShiftedBetaGeometric
        >>> ShiftedBetaGeometric.from_params(alpha=1.281, beta=7.79).expected_residual_lifetime([0, 4]).round(2)
        array([27.72, 41.96])
        """
        self._require_fitted()
        made = whole_numbers(renewals, "renewals")
        tail = self._tail(self._theta)
        total = np.full(made.size, math.inf)
        if tail > 1:
            total = self._renewals_to_come(self._theta, made, total, 0.0)
        if np.isinf(total).any():
            warn(
                f"the expected residual lifetime is infinite: survival falls as time to the power -{tail:.3g}, and its "
                "sum has a limit only below -1. A few customers stay for ever, as far as the model can tell. "
                "Use discounted_residual_lifetime, with a discount rate or a horizon.",
                FitWarning,
            )
        return one_or_all(renewals, total)

    def discounted_residual_lifetime(
        self,
        renewals: int | Sequence[int] | Floats,
        horizon: float | str = "forever",
        *,
        annual_discount_rate: float | None = None,
        discount_rate: float | None = None,
        next_renewal: NextRenewal = "now",
    ) -> Any:
        """Return the discounted number of further renewals to expect of a customer (the paper's DERL).

        Parameters
        ----------
        renewals
            Renewals made; a customer in his n-th period has made n - 1.
        horizon
            Number of periods, a text such as ``"24 months"``, or ``"forever"``, which needs a discount rate.
        annual_discount_rate, discount_rate
            Discount rate per year, or per period; give one.
        next_renewal
            ``"now"``: the customer is about to decide, and that renewal counts undiscounted, as in the paper.
            ``"next_period"``: he has just renewed, and the next renewal lies one period ahead.

        Returns
        -------
        A float, or an array for several numbers. Times the margin of one period it is the customer's residual value.

        Notes
        -----
        The sum of S(n-1+j) / S(n-1) (1 + d)^-(j-1) over j = 1, 2, ... [1]_. For the shifted-beta-geometric and no end
        it is (beta+n-1) / (alpha+beta+n-1) 2F1(1, beta+n; alpha+beta+n; 1/(1+d)).

        References
        ----------
        .. [1] Fader, P. S. and Hardie, B. G. S. (2010). Customer-Base Valuation in a Contractual Setting: The Perils of
           Ignoring Heterogeneity. Marketing Science 29(1), 85-93.

        Examples
        --------
        >>> from customer_value.clv import ShiftedBetaGeometric
        >>> model = ShiftedBetaGeometric.from_params(alpha=3.80, beta=15.19)
        >>> model.discounted_residual_lifetime([0, 1, 2, 3, 4], discount_rate=0.10).round(2)
        array([3.31, 3.45, 3.59, 3.72, 3.84])
        """
        require_choice("next_renewal", next_renewal, get_args(NextRenewal))
        made = whole_numbers(renewals, "renewals")
        h = self._horizon(horizon, forever=True)
        delta = self._discount(h, annual_discount_rate, discount_rate)
        wait = np.full(made.size, 0.0 if next_renewal == "now" else 1.0)
        return one_or_all(renewals, self._discounted_if_alive(self._theta, (made, wait), h, delta))

    def clv_existing(
        self,
        renewals: int | Sequence[int] | Floats,
        *,
        spend: float,
        margin: float,
        horizon: float | str,
        annual_discount_rate: float | None = None,
        discount_rate: float | None = None,
        next_renewal: NextRenewal = "now",
    ) -> Any:
        """Return the residual value of a customer by the renewals made so far; `score_clv` does it for a frame.

        Parameters
        ----------
        renewals
            Renewals made; a customer in his n-th period has made n - 1.
        spend
            What he pays for each renewal, in currency.
        margin
            Share of it that stays; 1.0 means revenue.
        horizon
            Number of periods, a text such as ``"24 months"``, or ``"forever"``, which needs a discount rate.
        annual_discount_rate, discount_rate
            Discount rate per year, or per period; give one or none.
        next_renewal
            ``"now"``: he is about to decide. ``"next_period"``: he has just renewed.

        Returns
        -------
        Discounted margin of the renewals expected within the horizon: a float, or an array for several numbers.

        Examples
        --------
        The longer a customer has stayed, the longer he is likely to go on:

        >>> from customer_value.clv import ShiftedBetaGeometric
        >>> model = ShiftedBetaGeometric.from_params(alpha=0.764, beta=1.296, time_unit="year")
        >>> value = {"spend": 100.0, "margin": 0.8, "horizon": "5 years", "annual_discount_rate": 0.10}
        >>> model.clv_existing([0, 1, 4], **value).round(2)
        array([145.09, 187.71, 244.68])
        """
        lifetime = self.discounted_residual_lifetime(
            renewals,
            horizon,
            annual_discount_rate=annual_discount_rate,
            discount_rate=discount_rate,
            next_renewal=next_renewal,
        )
        return _worth(spend, margin) * lifetime

    def clv_new(
        self,
        *,
        spend: float,
        margin: float,
        horizon: float | str,
        annual_discount_rate: float | None = None,
        discount_rate: float | None = None,
    ) -> float:
        """Return the value of a customer who is about to sign, the first payment included.

        Parameters
        ----------
        spend
            What he pays per period, in currency, at its beginning.
        margin
            Share of it that stays; 1.0 means revenue.
        horizon
            Number of periods, a text such as ``"24 months"``, or ``"forever"``, which needs a discount rate.
        annual_discount_rate, discount_rate
            Discount rate per year, or per period; give one or none.

        Returns
        -------
        Discounted margin of the payments of the horizon's periods, the first of which is made now.

        Notes
        -----
        margin x spend x sum over t = 0, 1, ... of S(t) (1 + d)^-t (Fader & Hardie 2010).

        Examples
        --------
        >>> from customer_value.clv import ShiftedBetaGeometric
        >>> model = ShiftedBetaGeometric.from_params(alpha=0.764, beta=1.296, time_unit="year")
        >>> round(model.clv_new(spend=100.0, margin=0.8, horizon="5 years", annual_discount_rate=0.10), 2)
        197.78
        """
        h = self._horizon(horizon, forever=True)
        delta = self._discount(h, annual_discount_rate, discount_rate)
        more = np.array([math.ceil(h - ROUNDING) - 1.0 if math.isfinite(h) else h])
        later = math.exp(-delta) * self._renewals_to_come(self._theta, np.zeros(1), more, delta)[0]
        return _worth(spend, margin) * (1.0 + float(later))


def whole_numbers(values: Any, name: str, low: int = 0) -> Floats:
    """Return whole numbers as an array."""
    numbers = float_array(values, name)
    ok = (numbers >= low) & (numbers == np.floor(numbers)) & (numbers < LARGEST)
    require_rows(ok, f"{name} must be whole numbers from {low} to below {LARGEST:.0e}")
    if not numbers.size:
        raise InputError(f"{name} must hold at least one number; got none.")
    return numbers


def one_or_all(given: Any, values: Floats) -> Any:
    """Return a float for one number, an array for several."""
    return float(values[0]) if np.ndim(given) == 0 else values


def _worth(spend: float, margin: float) -> float:
    """Margin of one period, in currency."""
    if isinstance(margin, (int, float)) and margin > 1:
        raise InputError(f"margin must be a share of revenue from 0 to 1, so 30 % is 0.3; got {margin!r}.")
    return number(spend, "spend", low=0) * number(margin, "margin", low=0, high=1)
