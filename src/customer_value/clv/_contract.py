"""What a contract model is: a renewal table in; survival, residual lifetimes and values of customers out.

A customer's contract comes up for renewal at the end of every period. Whoever does not renew is seen to leave.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self, cast

import numpy as np

from customer_value._frames import EagerFrame, FrameT, collect, empty_frame, make_frame, nw, open_frame, to_eager
from customer_value._validation import (
    interval_level,
    require_same_ruler,
    time_unit_of,
    whole_number,
)
from customer_value.clv._cohort_projection import project_cells
from customer_value.clv._contract_value import ContractValue, one_or_all, whole_numbers
from customer_value.clv._intervals import delta_interval
from customer_value.clv._renewals import Renewals, customers_under_contract, read_renewals
from customer_value.clv._rows import DistinctRows, Floats, distinct_rows
from customer_value.errors import InputError
from customer_value.transactions._cohort_renewals import is_cohort_table, renewals_of

_MOST_PERIODS = 100_000  # of a simulation


class ContractModel(ContractValue):
    """A model of how long customers renew their contracts, fitted on a renewal table.

    A subclass gives the likelihood of one period and `_log_kept`, the log probability of u more renewals after t.
    """

    def fit(self, renewals: Any, y: None = None, *, weights: str | Sequence[float] | Floats | None = None) -> Self:
        """Fit by maximum likelihood.

        Parameters
        ----------
        renewals
            Renewal table (`summarize_renewals` makes it): one row per cohort and period, with the columns period (1 is
            the first renewal), at_risk (customers whose renewal was due) and lost (those who did not renew). Cohorts
            are told apart by a column cohort, which one cohort does not need. Cohorts may differ in length; who is
            still there at the end counts as such. A column censored, where there is one, counts customers who renewed
            in the period and were not observed any longer. Small: an engine's frame is collected. A cohort table
            (`cohort_table`) of contracts is read as `cohort_renewals` reads it, without weights.
        y
            Ignored; scikit-learn's convention.
        weights
            How many cohorts like it each row stands for: a column name, or an array with one number per row.

        Returns
        -------
        The fitted model itself.

        Raises
        ------
        InputError
            A column is missing or breaks a rule, or the table cannot tell the parameters; the message names rule, rows
            and remedy.
        ConvergenceError
            No start reached an optimum.
        """
        opened = open_frame(renewals, "renewal table")
        if isinstance(opened, nw.LazyFrame) and not (weights is None or isinstance(weights, str)):
            raise InputError("weights of a lazy renewal table are named by their column; got an array.")
        frame = collect(opened)
        if is_cohort_table(frame):
            if weights is not None:
                raise InputError("weights go with a renewal table: cohort_renewals(table) makes one of a cohort table.")
            frame = renewals_of(frame)
        table = read_renewals(frame, weights)
        self._require_identified(table)
        columns = (table.period, table.lost, table.renewed)
        self._fit_arrays(columns, np.ones(table.period.size), time_unit_of(frame), {})
        self.n_customers_ = table.customers
        self.diagnostics_["cohorts"] = table.cohorts
        return self

    def _require_identified(self, table: Renewals) -> None:
        cannot = f"{type(self).__name__} cannot be fitted: "
        if not table.lost.any():
            raise InputError(
                f"{cannot}none of {table.customers:,.0f} customers was lost, so nothing tells how long they stay. "
                "Observe longer, or take more customers."
            )
        if not table.renewed.any():
            raise InputError(
                f"{cannot}all of {table.customers:,.0f} customers were lost at their first renewal, so nothing tells "
                "how customers differ. Check that period 1 is the first renewal and lost counts only those who left."
            )
        if table.period.size < len(self._parameters):
            raise InputError(
                f"{cannot}it has {len(self._parameters)} parameters, and each period gives one retention rate; the "
                f"table has {table.period.size} with customers at risk. Observe more periods, or add older cohorts."
            )

    # ---- a new customer ---------------------------------------------------------------------------------------

    def survival(self, periods: int | Sequence[int] | Floats) -> Any:
        """Return the probability that a new customer makes so many renewals: a float, or an array for several numbers.

        S(0) is 1: everybody is a customer in his first period.
        """
        return one_or_all(periods, np.exp(self._kept(0.0, whole_numbers(periods, "periods"))))

    def retention(self, periods: int | Sequence[int] | Floats) -> Any:
        """Return the retention rate of a cohort at its t-th renewal, S(t) / S(t-1): a float, or an array for several t.

        The share that renews of those who are still there; 1 is the first renewal.
        """
        t = whole_numbers(periods, "periods", low=1)
        return one_or_all(periods, np.exp(self._kept(t - 1, 1.0)))

    def churn_probabilities(self, periods: int | Sequence[int] | Floats) -> Any:
        """Return the probability that a new customer is lost at his t-th renewal, S(t-1) - S(t), as `retention` does.

        Over all t they sum to 1.
        """
        t = whole_numbers(periods, "periods", low=1)
        return one_or_all(periods, -np.exp(self._kept(0.0, t - 1)) * np.expm1(self._kept(t - 1, 1.0)))

    def curve(self, periods: int | Sequence[int] | Floats, interval: float | None = None) -> Any:
        """Return survival and retention over a customer's life as a pandas DataFrame.

        Parameters
        ----------
        periods
            The last period, or all periods to show.
        interval
            Coverage of the intervals, such as 0.9: how well the curves are known. By the delta method on log odds, so
            that they stay between 0 and 1.

        Returns
        -------
        DataFrame with columns period, survival and retention, with an interval also survival_lower, survival_upper,
        retention_lower and retention_upper. In period 0, before the first renewal, survival is 1 and retention null.

        Examples
        --------
        >>> from customer_value.clv import ShiftedBetaGeometric
        >>> ShiftedBetaGeometric.from_params(alpha=0.764, beta=1.296).curve(3).round(3)
           period  survival  retention
        0       0     1.000        NaN
        1       1     0.629      0.629
        2       2     0.472      0.750
        3       3     0.383      0.812
        """
        level = interval_level(interval)
        t = whole_numbers(periods, "periods")
        if np.ndim(periods) == 0:
            t = np.arange(t[0] + 1)
        first, later = np.maximum(t, 1), t > 0
        parts = {
            "survival": (np.zeros_like(t), first, np.where(later, 0.0, 1.0)),
            "retention": (first - 1, np.ones_like(t), np.where(later, 0.0, np.nan)),
        }
        columns = {"period": t.astype(np.int64)}
        for name, (made, more, at_start) in parts.items():
            columns[name] = np.where(later, np.exp(self._kept(made, more)), at_start)
            if level is not None:
                odds = self._odds(self._theta, (made, more))
                low, high = delta_interval(odds, self._spread(self._odds, (made, more)), level)
                columns[f"{name}_lower"] = np.where(later, low / (1 + low), at_start)
                columns[f"{name}_upper"] = np.where(later, high / (1 + high), at_start)
        return make_frame(columns, like=empty_frame("pandas")).to_native()

    def project_cohorts(self, table: FrameT, periods: int, interval: float | None = None) -> FrameT:
        """Carry a cohort table on: how many customers of each cohort are expected to be left in later periods.

        Parameters
        ----------
        table
            What `cohort_table` gives for contracts billed once per period. Periods that are cut off, or not observed
            for all customers of their cohort, are projected; pooled rows are left out.
        periods
            Number of the last period to show, for every cohort.
        interval
            Coverage of intervals of projected rates, such as 0.9: how well the model's curve is known, as in `curve`.
            What chance does to the customers of a small cohort comes on top.

        Returns
        -------
        FrameT
            A frame of the same library, sorted, in the form of the table: cohort, period, cohort_size, at_risk,
            customers (expected ones where projected), rate, rate_lower and rate_upper with an interval, complete,
            and projected, which tells what is expected from what was seen.

        Raises
        ------
        InputError
            A column is missing, no period is observed as a whole, or the model counts time in other periods.

        Examples
        --------
        >>> import pandas as pd
        >>> from customer_value.clv import ShiftedBetaGeometric
        >>> table = pd.DataFrame({"cohort": "2026-01", "period": [0, 1], "cohort_size": 1000, "at_risk": 1000,
        ...                       "customers": [1000, 631], "complete": True})
        >>> model = ShiftedBetaGeometric.from_params(alpha=0.764, beta=1.296)
        >>> model.project_cohorts(table, 3)[["period", "customers", "projected"]].round(1)
           period  customers  projected
        0       0     1000.0      False
        1       1      631.0      False
        2       2      473.5       True
        3       3      384.4       True
        """
        self._require_fitted()
        level = interval_level(interval)
        last = whole_number(periods, "periods", low=1, high=_MOST_PERIODS)
        frame, back = to_eager(table, "cohort table", "project_cohorts")
        require_same_ruler(self.time_unit_, time_unit_of(frame), type(self).__name__)

        def bounds(made: Floats, more: Floats) -> tuple[Floats, Floats]:
            odds = self._odds(self._theta, (made, more))
            low, high = delta_interval(odds, self._spread(self._odds, (made, more)), level or 0.0)
            return low / (1 + low), high / (1 + high)

        carried_on = project_cells(
            frame, last, lambda made, more: np.exp(self._kept(made, more)), None if level is None else bounds
        )
        return cast("FrameT", back(carried_on))

    def simulate(self, n_customers: int, periods: int, *, random_state: int = 0) -> Any:
        """Draw the renewals of one cohort.

        Parameters
        ----------
        n_customers
            How many customers sign.
        periods
            How many renewals of theirs are observed.
        random_state
            Seed.

        Returns
        -------
        pandas DataFrame with columns period, at_risk and lost: a renewal table that `fit` takes.
        """
        self._require_fitted()
        rng = np.random.default_rng(whole_number(random_state, "random_state"))
        there = whole_number(n_customers, "n_customers", low=1, high=10**15)
        t = np.arange(1.0, whole_number(periods, "periods", low=1, high=_MOST_PERIODS) + 1)
        at_risk, lost = np.zeros(t.size, dtype=np.int64), np.zeros(t.size, dtype=np.int64)
        for i, chance in enumerate(-np.expm1(self._kept(t - 1, 1.0))):
            at_risk[i], lost[i] = there, rng.binomial(there, chance)
            there -= int(lost[i])
        columns = {"period": t.astype(np.int64), "at_risk": at_risk, "lost": lost}
        return make_frame(columns, like=empty_frame("pandas")).to_native()

    # ---- frames and arguments -----------------------------------------------------------------------------------

    def _rows_of(self, frame: EagerFrame) -> DistinctRows:
        return distinct_rows(customers_under_contract(frame))
