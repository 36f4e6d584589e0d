"""Grading key accounts from a log to reviewed grades, as a user writes it."""

import pandas as pd
import pytest

import customer_value as cv
from customer_value.errors import DataWarning


@pytest.fixture(scope="module")
def log():
    """Shipments of twelve parent accounts over two years, the larger ones more often."""
    rows = [
        (f"p{account:02}", pd.Timestamp("2024-11-04") + pd.Timedelta(days=30 * step + account), 100.0 * account)
        for account in range(1, 13)
        for step in range(1 + 2 * account)
        if 30 * step < 700
    ]
    return pd.DataFrame(rows, columns=["parent_account", "date", "amount"])


@pytest.fixture(scope="module")
def accounts(log):
    margin = log.groupby("parent_account")["amount"].sum() * 0.2
    return pd.DataFrame({"parent_account": margin.index, "total_margin": margin.to_numpy()}).assign(
        annual_logistics_spend=[5e3, None, 2e4] * 4
    )


def graded(log, accounts, last_year, overrides):
    grade = cv.segments.tiers.matrix("strategic_key_ordinary")
    assert grade.check().ok
    now = (
        cv.summarize_customers(log, customer_id="parent_account", observation_end="2026-10-31")
        .merge(accounts, on="parent_account")
        .pipe(cv.score_contribution, value="total_margin")
        .pipe(cv.score_potential, wallet="annual_logistics_spend")
        .pipe(cv.score_loyalty)
        .pipe(cv.assign_tiers, scheme=grade, name="grade", overrides=overrides)
    )
    return now.pipe(cv.review_tiers, previous=last_year, tier="grade", buffer=0.05, confirmations=2)


def test_key_accounts_are_graded_and_reviewed_in_one_pipe(log, accounts):
    last_year = pd.DataFrame({"parent_account": [f"p{i:02}" for i in range(1, 12)], "grade": "Key"})
    with pytest.warns(DataWarning, match="buffer=0.05 has no effect: current has neither grade_score nor clv"):
        got = graded(log, accounts, last_year, {"p01": "Strategic"}).set_index("parent_account")
    assert list(got["grade"].cat.categories) == ["Strategic", "Key", "Ordinary"]
    # By hand at once, new at once; everyone else waits for a second review.
    assert (got.loc["p01", "grade"], got.loc["p01", "grade_reason"]) == ("Strategic", "set by hand")
    assert got.loc["p12", "grade_change"] == "new"
    assert got.loc["p12", "grade"] == got.loc["p12", "grade_proposed"]
    others = got.loc["p02":"p11"]
    assert (others["grade"] == "Key").all()
    assert (others["grade_pending"] == (others["grade_proposed"] != "Key")).all()
    assert others["grade_pending"].sum() > 0
    # Spend and its headroom are unknown for every third account, and are not taken for nothing.
    unknown = got["annual_logistics_spend"].isna()
    assert (got["potential"].isna() == unknown).all()

    with pytest.warns(DataWarning, match="no effect"):
        again = graded(log, accounts, got.reset_index(), {"p01": "Strategic"}).set_index("parent_account")
    assert (again["grade"] == again["grade_proposed"]).all()
    assert (again["grade_pending"] == 0).all()


def test_with_a_frozen_scheme_the_buffer_holds_each_criterion(log, accounts):
    scored = (
        cv.summarize_customers(log, customer_id="parent_account", observation_end="2026-10-31")
        .merge(accounts, on="parent_account")
        .pipe(cv.score_contribution, value="total_margin")
        .pipe(cv.score_potential, wallet="annual_logistics_spend")
        .pipe(cv.score_loyalty)
    )
    frozen = cv.fit_tier_scheme(scored, scheme=cv.segments.tiers.matrix("strategic_key_ordinary"))
    now = cv.assign_tiers(scored, scheme=frozen, name="grade")
    last_year = now[["parent_account"]].assign(grade="Ordinary")
    got = cv.review_tiers(now, previous=last_year, tier="grade", scheme=frozen)
    narrow = cv.review_tiers(now, previous=last_year, tier="grade", scheme=frozen, buffer=0)
    assert (narrow["grade"] == now["grade"]).all()
    assert set(got["grade_change"]) == {"upgrade", "unchanged"}
