"""A value report as text and as HTML: the same sections, in the order in which a reader asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from customer_value._sections import Section, sections_html, sections_text, short_table, to_pandas

if TYPE_CHECKING:
    from customer_value.clv.valuation import ValueReport

_TOP = 10
_SHOWN = {"customer_id": "customer", "frequency": "repeats", "time_since_last": "silent", "p_alive": "p_alive",
          "expected_purchases": "purchases", "expected_spend": "spend", "clv": "clv", "clv_lower": "lower",
          "clv_upper": "upper"}  # fmt: skip
_BOARD = {"model": "model", "log_score": "log score", "expected_purchases": "expected",
          "observed_purchases": "observed", "rmse": "rmse", "rank_correlation": "rank corr.",
          "aic": "AIC before"}  # fmt: skip
_CALIBRATION = {"frequency": "repeats", "customers": "customers", "predicted": "predicted", "observed": "observed",
                "observed_lower": "lower", "observed_upper": "upper"}  # fmt: skip


def report_text(report: ValueReport[Any]) -> str:
    """Return the sections as plain text."""
    return sections_text(_sections(report))


def report_html(report: ValueReport[Any]) -> str:
    """Return the sections as HTML."""
    return sections_html(_sections(report))


def _sections(report: ValueReport[Any]) -> list[Section]:
    sections = [_value(report), _model(report), _customers(report)]
    if report.comparison is not None:
        sections += [_candidates(report), _holdout(report)]
    assumptions = to_pandas(report.assumptions).query("verdict != 'fine'")
    quality = to_pandas(report.quality).query("rows > 0")
    found = [f"{flaw.rows:,.0f} {flaw.unit}; {flaw.what_to_do}." for flaw in quality.itertuples()]
    return [
        *sections,
        Section(
            "Assumptions to look at",
            () if len(assumptions) else ("None.",),
            tuple((row.check, f"{row.meaning} -> {row.what_to_do}.") for row in assumptions.itertuples()),
        ),
        Section(
            "Data to look at",
            report.notes or (() if found else ("Nothing.",)),
            tuple(zip(quality["check"], found, strict=True)),
        ),
    ]


def _value(report: ValueReport[Any]) -> Section:
    found = to_pandas(report.equity).iloc[0]
    told = (
        f"{found['customers']:,.0f} customers: {found['equity']:,.0f} together ({report.interval:.0%} interval "
        f"{found['equity_lower']:,.0f} to {found['equity_upper']:,.0f}), {found['equity_per_customer']:,.2f} each."
    )
    return Section(f"Future value, {report.horizon}", (told,), note=_missed(report))


def _missed(report: ValueReport[Any]) -> str:
    told = "The interval tells how well the model's parameters are known, not whether the model is true"
    if report.comparison is None:
        return f"{told}, and no holdout could check that."
    board = to_pandas(report.comparison).set_index("model").loc[report.chosen]
    expected, observed = board["expected_purchases"], board["observed_purchases"]
    if not observed:
        return f"{told}: in the holdout nobody bought, and it expected {expected:,.0f} purchases."
    return f"{told}: in the holdout its purchases were {expected / observed - 1:+.0%} off."


def _model(report: ValueReport[Any]) -> Section:
    spend = report.spend_model
    return Section(
        f"Model: {report.chosen}",
        points=tuple(("purchases" if model is report.purchase_model else "spend", repr(model).strip("<>"))
                     for model in (report.purchase_model, spend) if not isinstance(model, str)),
        sentences=report.reasons,
    )  # fmt: skip


def _customers(report: ValueReport[Any]) -> Section:
    ruler = to_pandas(report.customers)["time_unit"].iloc[0]
    return Section(
        f"The {_TOP} most valuable customers",
        table=short_table(to_pandas(report.customers).head(_TOP), _SHOWN, 2),
        note=f"silent: {ruler}s since the last purchase; purchases: expected within {report.horizon}; spend: expected "
        f"of one purchase. lower and upper ({report.interval:.0%}) tell how well clv, a mean, is known: what one "
        "customer will really bring varies more.",
    )


def _candidates(report: ValueReport[Any]) -> Section:
    board = to_pandas(report.comparison).sort_values("log_score", ascending=False, kind="stable", na_position="last")
    return Section(
        "Candidates on the holdout",
        table=short_table(board, _BOARD, 4, {"expected_purchases": 0, "observed_purchases": 0, "rmse": 3,
                                        "rank_correlation": 3, "aic": 1}),
        note="log score: mean log probability of what each customer did, larger is better; rmse: of a customer's "
        "purchases.",
    )  # fmt: skip


def _holdout(report: ValueReport[Any]) -> Section:
    return Section(
        "Purchases of a customer in the holdout, by repeat purchases before",
        table=short_table(to_pandas(report.holdout), _CALIBRATION, 2),
    )
