"""Renewal tables and customers under contract: what is read, what is summed, what is refused."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import customer_value as cv
from customer_value._frames import nw
from customer_value.clv._renewals import customers_under_contract, read_renewals

TABLE = pd.DataFrame(
    {
        "cohort": ["2023", "2023", "2023", "2024", "2024"],
        "period": [1, 2, 3, 1, 2],
        "at_risk": [100, 70, 60, 50, 40],
        "lost": [30, 10, 5, 10, 2],
    }
)


def read(frame, weights=None):
    return read_renewals(nw.from_native(frame, eager_only=True), weights)


def refused(match, table=TABLE, **changes):
    with pytest.raises(cv.InputError, match=match):
        read(table.assign(**changes))


class TestTable:
    def test_cohorts_are_added_up_by_period(self):
        told = read(TABLE)
        assert told.period.tolist() == [1, 2, 3]
        assert told.lost.tolist() == [40, 12, 5]
        assert told.renewed.tolist() == [110, 98, 55]
        assert (told.customers, told.cohorts) == (150, 2)

    @pytest.mark.parametrize("library", [pl.from_pandas, lambda f: pa.Table.from_pandas(f, preserve_index=False)])
    def test_libraries_and_row_order_do_not_matter(self, library):
        told = read(library(TABLE.sample(frac=1, random_state=3)))
        assert told.renewed.tolist() == [110, 98, 55]

    def test_cohorts_of_any_kind(self):
        for cohort in (
            TABLE["cohort"].astype(int),
            pd.to_datetime(TABLE["cohort"]),
            TABLE["cohort"].astype("category"),
        ):
            assert read(TABLE.assign(cohort=cohort)).cohorts == 2

    def test_weights_are_cohorts_of_the_same_kind(self):
        told = read(TABLE.assign(n=[2, 2, 2, 1, 1]), "n")
        twice = read(pd.concat([TABLE, TABLE[:3].assign(cohort="again")]))
        assert told.lost.tolist() == twice.lost.tolist()
        assert told.customers == twice.customers == 250

    def test_customers_out_of_sight_are_at_risk_no_longer(self):
        # Ten of those who made the first renewal have not come to their second one yet.
        table = TABLE[:3].assign(at_risk=[100, 60, 50], censored=[10, 0, 0])
        assert read(table).renewed.tolist() == [70, 50, 45]

    def test_periods_after_the_last_customer_tell_nothing(self):
        table = pd.DataFrame({"period": [1, 2, 3], "at_risk": [10, 4, 0], "lost": [6, 4, 0]})
        assert read(table).period.tolist() == [1, 2]


class TestRules:
    def test_columns(self):
        with pytest.raises(cv.InputError, match=r"lacks \['at_risk'\].*summarize_renewals\(.* makes them"):
            read(TABLE.drop(columns="at_risk"))
        with pytest.raises(cv.InputError, match="the renewal table is empty"):
            read(TABLE.head(0))
        refused(r"cohort must not be null; 1 of 5 rows is \(rows 1\)", cohort=["a", None, "a", "b", "b"])
        with pytest.raises(cv.InputError, match="cohort must hold text or whole numbers"):
            read(pl.from_pandas(TABLE).with_columns(cohort=pl.lit([1])))

    @pytest.mark.parametrize("column", ["period", "at_risk", "lost"])
    def test_counts(self, column):
        refused(
            rf"{column} must be a whole number; 1 of 5 rows is not \(rows 2\)",
            **{column: TABLE[column] + [0, 0, 0.5, 0, 0]},
        )
        refused(rf"{column} must be [01] or above; 1 of 5 rows", **{column: TABLE[column].where(TABLE.index != 2, -1)})
        refused(rf"{column} must not be null", **{column: TABLE[column].where(TABLE.index != 2)})
        refused(rf"{column} must be numeric", **{column: "many"})
        refused(rf"{column} must be below 1e.09", **{column: TABLE[column].where(TABLE.index != 2, 10**9)})

    def test_shares_are_no_customers(self):
        refused("at_risk must be a whole number.*63.1 % are 631 of 1,000", at_risk=[100, 70.5, 60, 50, 40])

    def test_period_0_is_not_the_first_renewal(self):
        refused("period must be 1 or above; 2 of 5.* 1 is the first renewal", period=[0, 1, 2, 0, 1])

    def test_a_cohort_starts_at_1(self):
        refused(r"must start at 1, .* in each cohort; 1 of 5 .*\(rows 3\).*earlier periods", period=[1, 2, 3, 2, 3])

    def test_no_gap(self):
        refused(r"must not skip a number within its cohort; 1 of 5 .*\(rows 2\).*lost = 0", period=[1, 2, 4, 1, 2])

    def test_a_period_comes_once(self):
        refused(r"must come once in each cohort; 1 of 5 .*\(rows 2\).*Name the cohorts", period=[1, 2, 2, 1, 2])
        refused("must come once in each cohort; 2 of 5.*Name the cohorts", TABLE.drop(columns="cohort"))

    def test_no_more_are_lost_than_there_are(self):
        refused(r"lost must be <= at_risk; 1 of 5 rows is not \(rows 4\)", lost=[30, 10, 5, 10, 41])

    def test_nobody_comes_back(self):
        refused(
            r"at_risk must not exceed .* at_risk - lost; 1 of 5 .*\(rows 1\).*a customer who returns as lost",
            at_risk=[100, 75, 60, 50, 40],
        )

    def test_everybody_is_accounted_for(self):
        refused(r"must be the period before's at_risk - lost; 2 of 5 .*censored", at_risk=[100, 68, 57, 50, 40])
        refused("censored must be <= at_risk - lost; 1 of 5", censored=[71, 0, 0, 0, 0])
        refused("must not exceed the period before's", censored=[5, 0, 0, 0, 0])
        refused("censored must be a whole number", censored=[0.5, 0, 0, 0, 0])

    @pytest.mark.parametrize(
        ("weights", "match"),
        [
            ([1.0] * 4, "one number for each of the 5 rows; got 4"),
            ([-1.0] * 5, "weights must be 0 or above and finite; 5 of 5"),
            ([np.inf] * 5, "weights must be 0 or above and finite"),
            ([0.0] * 5, "weights must not all be 0"),
            ("none", r"lacks \['none'\]"),
        ],
    )
    def test_weights(self, weights, match):
        with pytest.raises(cv.InputError, match=match):
            read(TABLE, weights)


class TestCustomers:
    FRAME = pd.DataFrame({"renewals": [0, 3], "active": [True, False], "time_to_renewal": [0.0, 0.25]})

    def columns(self, **changes):
        frame = self.FRAME.assign(**changes)
        return customers_under_contract(nw.from_native(frame[[c for c in frame if frame[c].notna().any()]]))

    def test_what_is_read(self):
        assert [c.tolist() for c in self.columns()] == [[0, 3], [0, 0.25], [1, 0]]

    def test_all_are_customers_whose_renewal_is_due_unless_columns_say_otherwise(self):
        assert [c.tolist() for c in self.columns(active=None, time_to_renewal=None)] == [[0, 3], [0, 0], [1, 1]]

    @pytest.mark.parametrize(
        ("changes", "match"),
        [
            ({"renewals": None}, r"lacks \['renewals'\].*summarize_contracts\(subscriptions, "),
            ({"renewals": [0.5, 1]}, "renewals must be a whole number: it counts renewals made so far; 1 of 2"),
            ({"renewals": [-1, 1]}, "renewals must be 0 or above"),
            ({"renewals": ["a", "b"]}, "renewals must be numeric"),
            ({"time_to_renewal": [1.5, 0]}, r"time_to_renewal must be from 0 to 1; 1 of 2 rows is not \(rows 0\)"),
            ({"time_to_renewal": [np.nan, 0]}, "time_to_renewal must not be null or NaN"),
            ({"active": [1, 0]}, "active must be true or false in every row; its type is Int64"),
            ({"active": pd.array([True, None], dtype="boolean")}, "active must be true or false in every row; 1 of 2"),
        ],
    )
    def test_rules(self, changes, match):
        with pytest.raises(cv.InputError, match=match):
            self.columns(**changes)

    def test_no_customers(self):
        with pytest.raises(cv.InputError, match="the summary is empty"):
            customers_under_contract(nw.from_native(self.FRAME.head(0)))
