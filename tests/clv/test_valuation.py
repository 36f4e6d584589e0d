"""An export in, a report out: the steps are those that the single functions take, whatever the export looks like."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import customer_value as cv

VALUE = {"observation_end": "1998-06-30", "horizon": "26 weeks", "margin": 0.3, "annual_discount_rate": 0.1}
END = pd.Timestamp("1998-06-30")


@pytest.fixture(scope="module")
def orders(cdnow_log):
    few = cdnow_log[cdnow_log["customer_id"] <= 900]
    return few[["customer_id", "date", "amount"]].reset_index(drop=True)


@pytest.fixture(scope="module")
def report(orders):
    return cv.value_customers(orders, **VALUE)


def clv_of(report):
    frame = report.customers
    frame = frame if isinstance(frame, pd.DataFrame) else pl.from_arrow(frame.to_arrow()).to_pandas()
    return frame.assign(customer_id=frame["customer_id"].astype(int)).set_index("customer_id")["clv"].sort_index()


def test_the_customers_are_those_of_the_single_steps(report, orders):
    summary = cv.summarize_customers(orders, observation_end=END)
    kind = type(report.purchase_model)
    models = {"purchase_model": kind().fit(summary), "spend_model": cv.clv.GammaGamma().fit(summary)}
    by_hand = cv.score_clv(summary, **models, horizon="26 weeks", margin=0.3, annual_discount_rate=0.1)
    assert report.customers["clv"].is_monotonic_decreasing
    np.testing.assert_allclose(clv_of(report), by_hand.set_index("customer_id")["clv"].sort_index(), rtol=1e-9)
    assert report.equity["equity"][0] == pytest.approx(by_hand["clv"].sum(), rel=1e-9)
    # Intervals are the robust ones.
    robust = {name: model.with_uncertainty("robust") for name, model in models.items()}
    equity = cv.customer_equity(summary, **robust, horizon="26 weeks", margin=0.3, annual_discount_rate=0.1)
    assert report.equity["equity_upper"][0] == pytest.approx(equity["equity_upper"][0], rel=1e-6)


def test_the_choice_is_the_holdouts(report, orders):
    # 546 days in all, a third is 182: the horizon of 26 weeks. The calibration ends with 1997-12-30.
    calibration, later = cv.split_holdout(orders, observation_end="1997-12-30")
    summary = cv.summarize_customers(calibration, observation_end="1997-12-30")
    seen = cv.summarize_holdout(later, customers=summary, observation_end=END)
    models = {
        "NBD": cv.clv.NBD(),
        "BG/NBD": cv.clv.BGNBD(),
        "MBG/NBD": cv.clv.MBGNBD(),
        "Pareto/NBD": cv.clv.ParetoNBD(),
    }
    board = cv.clv.compare_models(summary, models, holdout=seen).set_index("model")
    told = report.comparison.set_index("model")
    np.testing.assert_allclose(told.loc[list(models), "log_score"], board.loc[list(models), "log_score"], rtol=1e-9)
    scores = board["log_score"].dropna()
    as_good = scores[len(summary) * (scores.max() - scores) <= 2].index
    fewest = board.loc[as_good, "parameters"].min()
    assert board.loc[report.chosen, "parameters"] == fewest
    assert report.chosen == scores[as_good][board.loc[as_good, "parameters"] == fewest].idxmax()
    assert report.holdout["customers"].sum() == len(summary)
    assert f"{report.chosen} is chosen" in report.reasons[0]


def test_nobody_leaves_so_the_simplest_is_chosen():
    model = cv.clv.NBD.from_params(r=1.0, alpha=6.0, time_unit="week")
    spend = cv.clv.GammaGamma.from_params(p=6.0, q=4.0, v=15.0)
    log = model.simulate_log(
        500, start="2024-01-01", observation_end="2025-06-30", acquired_until="2024-06-30", spend_model=spend
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cv.FitWarning)
        report = cv.value_customers(log, **{**VALUE, "observation_end": "2025-06-30"})
    assert report.chosen == "NBD"
    assert "with more parameters" in report.reasons[0]


def test_the_report_says_it_in_words(report):
    text = report.to_text()
    assert str(report) == text
    titles = [
        line for line, below in zip(text.splitlines(), text.splitlines()[1:], strict=False) if set(below) == {"-"}
    ]
    assert titles == [
        "Future value, 26 weeks", f"Model: {report.chosen}", "The 10 most valuable customers",
        "Candidates on the holdout", "Purchases of a customer in the holdout, by repeat purchases before",
        "Assumptions to look at", "Data to look at",
    ]  # fmt: skip
    assert f"{report.equity['equity'][0]:,.0f} together (90% interval" in text
    row = report.comparison.set_index("model").loc[report.chosen]
    assert f"{row['expected_purchases'] / row['observed_purchases'] - 1:+.0%} off" in " ".join(text.split())
    prose = [line for line in text.splitlines() if "  " not in line.strip()]
    assert max(map(len, prose)) <= 100
    html = report._repr_html_()
    assert html.count("<h4>") == len(titles)
    assert html.count("<table") == 3
    assert "<ParetoNBD" not in html  # a tag that no browser knows would hide it


def test_what_an_export_says_is_not_taken_for_html(orders):
    named = orders.assign(customer_id="<b>" + orders["customer_id"].astype(str) + "</b>")
    assert "<td>&lt;b&gt;" in cv.value_customers(named, **VALUE)._repr_html_()


# ---- five ugly variations -----------------------------------------------------------------------------------------


def test_amounts_as_text_with_currency_and_decimal_commas(orders, report):
    euros = orders["amount"].map(lambda v: f"€ {v:,.2f}".replace(",", "_").replace(".", ",").replace("_", "."))
    days = orders["date"].dt.strftime("%d.%m.%Y")
    ugly = orders.assign(amount=euros, date=days)
    with pytest.raises(cv.InputError, match=r"They fit date_format='%d.%m.%Y'"):
        cv.value_customers(ugly, **VALUE)
    found = cv.value_customers(ugly, **VALUE, date_format="%d.%m.%Y", decimal=",")
    np.testing.assert_allclose(clv_of(found), clv_of(report), rtol=1e-9)


def test_rows_without_a_customer(orders, report):
    anonymous = orders.head(50).assign(customer_id=None)
    ugly = pd.concat([orders.astype({"customer_id": object}), anonymous], ignore_index=True)
    with pytest.warns(cv.DataWarning, match="50 without a customer"):
        found = cv.value_customers(ugly, **VALUE)
    np.testing.assert_allclose(clv_of(found), clv_of(report), rtol=1e-9)
    assert any("50 without a customer" in note for note in found.notes)
    assert "50 without a customer" in found.to_text()
    with pytest.raises(cv.InputError, match="anonymous='drop'"):
        cv.value_customers(ugly, **VALUE, anonymous="error")


def test_refunds(orders):
    back = orders.sample(40, random_state=1)
    refunds = back.assign(amount=-back["amount"] / 2, date=np.minimum(back["date"] + pd.Timedelta(days=3), END))
    stranger = pd.DataFrame({"customer_id": [10**6], "date": [END], "amount": [-5.0]})
    ugly = pd.concat([orders, refunds, stranger], ignore_index=True)
    with pytest.warns(cv.DataWarning, match="1 customer.* with refunds only"):
        found = cv.value_customers(ugly, **VALUE)
    summary = cv.summarize_customers(pd.concat([orders, refunds]), observation_end=END)
    assert len(found.customers) == len(summary)
    assert found.customers["total_value"].sum() == pytest.approx(orders["amount"].sum() + refunds["amount"].sum())
    assert found.quality.set_index("check").loc["negative amounts", "rows"] == 41


def test_rows_after_observation_end(orders, report):
    later = orders.head(30).assign(date=pd.Timestamp("1998-08-01"))
    with pytest.warns(cv.DataWarning, match="left out 30 rows after observation_end=1998-06-30"):
        found = cv.value_customers(pd.concat([orders, later]), **VALUE)
    np.testing.assert_allclose(clv_of(found), clv_of(report), rtol=1e-9)


def test_other_names_and_amounts_to_multiply(orders, report):
    ugly = pd.DataFrame({
        "Kunde": orders["customer_id"].astype(float), "wann": orders["date"], "Stück": 2,
        "Preis": orders["amount"] / 2, "amount": "not this one",
    })  # fmt: skip
    found = cv.value_customers(ugly, **VALUE, customer_id="Kunde", date="wann", amount=("Stück", "Preis"))
    np.testing.assert_allclose(clv_of(found), clv_of(report), rtol=1e-9)


@pytest.mark.parametrize(
    ("convert", "kind"),
    [
        (pl.from_pandas, pl.DataFrame),
        (lambda frame: pl.from_pandas(frame).lazy(), pl.LazyFrame),
        (lambda frame: pa.Table.from_pandas(frame, preserve_index=False), pa.Table),
    ],
    ids=["polars", "lazy", "pyarrow"],
)
def test_every_library(convert, kind, orders, report):
    found = cv.value_customers(convert(orders), **VALUE)
    for frame in (found.customers, found.equity, found.quality, found.assumptions, found.comparison, found.holdout):
        assert isinstance(frame, kind)
    assert found.to_text() == report.to_text()
    assert "<table" in found._repr_html_()
    assert report.customers.index.equals(pd.RangeIndex(len(report.customers)))


# ---- too little ----------------------------------------------------------------------------------------------------


def test_a_log_too_short_for_anything(orders):
    with pytest.raises(cv.InputError, match=r"the log covers 20 days up to 1997-01-20, 8 too few"):
        cv.value_customers(orders[orders["date"] <= "1997-01-20"], **{**VALUE, "observation_end": "1997-01-20"})


def test_a_log_shorter_than_the_horizon_says_by_how_much(orders):
    early = orders[orders["date"] <= "1997-12-31"]
    changed = {**VALUE, "observation_end": "1997-12-31", "horizon": "24 months"}
    # 24 months are 730.5 days, the log has the 365 of 1997.
    with pytest.warns(cv.DataWarning, match="the horizon of 730 days is 366 days longer than the log"):
        report = cv.value_customers(early, **changed)
    assert report.comparison["observed_purchases"].iloc[0] > 0
    assert any("longer than the log" in note for note in report.notes)


def test_too_few_repeaters_before_a_holdout(orders):
    few = orders[orders["customer_id"] <= 60]
    early = few[few["date"] <= "1997-02-10"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cv.CustomerValueWarning)
        report = cv.value_customers(early, **{**VALUE, "observation_end": "1997-02-10", "horizon": "4 weeks"})
    assert report.comparison is None
    assert report.holdout is None
    assert "chosen by its AIC and unchecked" in report.reasons[0]
    assert "no holdout could check that" in " ".join(report.to_text().split())


def test_no_repeaters_no_rows_and_no_such_column(orders):
    once = orders.drop_duplicates("customer_id")
    with pytest.raises(cv.InputError, match=r"nobody bought a second time: each of the 900 customers .* customer_id"):
        cv.value_customers(once, **VALUE)
    with pytest.raises(
        cv.InputError, match="no row is left up to observation_end=1996-12-31; the log begins 1997-01-01"
    ):
        cv.value_customers(orders, **{**VALUE, "observation_end": "1996-12-31"})
    with pytest.raises(cv.InputError, match=r"lacks \['amount'\]"):
        cv.value_customers(orders.drop(columns="amount"), **VALUE)
