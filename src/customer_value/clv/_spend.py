"""What a spend model is: customers' numbers and means of amounts in, expected spend out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal, Self, get_args

import numpy as np

from customer_value._frames import EagerFrame, to_eager
from customer_value._validation import require_choice, summary_arrays
from customer_value.clv._model import Model
from customer_value.clv._reading import fit_counts, fit_rows
from customer_value.clv._rows import Floats
from customer_value.errors import DataWarning, FitWarning, InputError, warn

_CHUNK = 32_768  # rows at a time: their temporaries stay in the cache
FirstPurchase = Literal["exclude", "include"]


class SpendModel(Model):
    """A model of how much customers spend at each purchase, fitted on each customer's number and mean of amounts.

    Parameters
    ----------
    first_purchase
        ``"exclude"``: the amounts of repeat purchases, as in the papers (frequency and monetary_value). ``"include"``:
        of all purchases (purchases and total_value).
    """

    _expected_spend: ClassVar[Callable[..., Floats]]
    _posterior: ClassVar[Callable[..., tuple[Any, ...]]]
    _total_cdf: ClassVar[Callable[..., Floats]]
    _draw_amounts: ClassVar[Callable[..., Floats]]

    def __init__(self, first_purchase: FirstPurchase = "exclude") -> None:
        self.first_purchase = first_purchase

    def fit(self, summary: Any, y: None = None, *, weights: str | Sequence[float] | Floats | None = None) -> Self:
        """Fit by maximum likelihood.

        Parameters
        ----------
        summary
            Customer summary (`summarize_customers` makes it) with the columns frequency (count) and monetary_value
            (currency), or purchases and total_value where first purchases are included. Rows without a repeat purchase
            are not this model's data. A lazy frame is counted by its own engine.
        y
            Ignored; scikit-learn's convention.
        weights
            How many customers each row stands for: a column name, or an array with one number per row.

        Returns
        -------
        The fitted model itself.

        Raises
        ------
        InputError
            A column is missing or breaks a rule, or no row is left to fit.
        ConvergenceError
            No start reached an optimum.

        Warns
        -----
        DataWarning
            Customers whose mean is 0 or below were left out; `diagnostics_` counts them.
        """
        columns, counts, time_unit = fit_counts(summary, self._read_columns(), weights)
        x, m = self._amounts(columns)
        bought = x > 0
        positive = m > 0
        without, unusable = float((counts * ~bought).sum()), float((counts * (bought & ~positive)).sum())
        if unusable:
            warn(
                f"{type(self).__name__} leaves out customers whose mean amount is 0 or below ({unusable:,.0f} of "
                f"{counts.sum():,.0f}): the model has no place for them. They are scored with the population's mean.",
                DataWarning,
            )
        distinct, distinct_counts = fit_rows((x, m), counts, bought & positive)
        if not distinct[0].size:
            raise InputError(
                f"{type(self).__name__} cannot be fitted: no customer has a mean amount above 0 "
                f"({without:,.0f} without a repeat purchase, {unusable:,.0f} with a mean of 0 or below)."
            )
        left_out = {"without a repeat purchase": without, "mean of 0 or below": unusable}
        self._fit_arrays(distinct, distinct_counts, time_unit, left_out)
        return self

    def expected_spend(self, summary: Any) -> Floats:
        """Return the expected mean spend of future purchases, in currency, one number per row.

        A customer without usable amounts of his own gets the population's mean.
        """
        self._require_fitted()
        return self._mean_spend(self._usable_amounts(to_eager(summary, "summary", type(self).__name__)[0]))

    def _mean_spend(self, amounts: tuple[Floats, ...]) -> Floats:
        """Expected spend per row; NaN, with a warning, where the population's mean does not exist.

        Amounts differ from row to row and the mean takes little: distinct rows would cost more than they spare.
        """
        mean = np.empty(amounts[0].size)
        for start in range(0, mean.size, _CHUNK):
            piece = slice(start, start + _CHUNK)
            mean[piece] = self._expected_spend(self._theta, *(column[piece] for column in amounts))
        if missing := int(np.isnan(mean).sum()):
            warn(
                f"expected spend is null for {missing:,} of {mean.size:,} customers: they have no usable amounts of "
                f"their own, and under these parameters of {type(self).__name__} the population has no mean.",
                FitWarning,
            )
        return mean

    def _usable_amounts(self, frame: EagerFrame) -> tuple[Floats, Floats]:
        """Number and mean of amounts per row; (0, 0) where a customer has none that the model can use."""
        x, m = self._amounts(tuple(summary_arrays(frame, self._read_columns()).values()))
        usable = (x > 0) & (m > 0)
        return np.where(usable, x, 0.0), np.where(usable, m, 0.0)

    def _read_columns(self) -> tuple[str, str]:
        require_choice("first_purchase", self.first_purchase, get_args(FirstPurchase))
        return ("frequency", "monetary_value") if self.first_purchase == "exclude" else ("purchases", "total_value")

    def _amounts(self, columns: tuple[Floats, ...]) -> tuple[Floats, Floats]:
        """Number of purchases that the amounts belong to, and their mean."""
        x, money = columns
        return (x, money / np.maximum(x, 1.0)) if self.first_purchase == "include" else (x, money)
