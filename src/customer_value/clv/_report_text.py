"""A value report as text and as HTML: the same sections, in the order in which a reader asks."""

from __future__ import annotations

import html
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from customer_value._frames import collect, open_frame

if TYPE_CHECKING:
    from customer_value.clv.valuation import ValueReport

_TOP = 10
_WIDTH = 100
_SHOWN = {"customer_id": "customer", "frequency": "repeats", "time_since_last": "silent", "p_alive": "p_alive",
          "expected_purchases": "purchases", "expected_spend": "spend", "clv": "clv", "clv_lower": "lower",
          "clv_upper": "upper"}  # fmt: skip
_BOARD = {"model": "model", "log_score": "log score", "expected_purchases": "expected",
          "observed_purchases": "observed", "rmse": "rmse", "rank_correlation": "rank corr.",
          "aic": "AIC before"}  # fmt: skip
_CALIBRATION = {"frequency": "repeats", "customers": "customers", "predicted": "predicted", "observed": "observed",
                "observed_lower": "lower", "observed_upper": "upper"}  # fmt: skip


@dataclass(frozen=True)
class Section:
    """A heading, sentences or listed points, a table, and a note below it."""

    title: str
    sentences: tuple[str, ...] = ()
    points: tuple[tuple[str, str], ...] = ()  # what, and what of it
    table: Any = None
    note: str = ""


def report_text(report: ValueReport[Any]) -> str:
    """Sections with underlined headings, sentences wrapped, tables in plain text."""
    return "\n\n".join(_as_text(section) for section in _sections(report))


def report_html(report: ValueReport[Any]) -> str:
    """Sections with headings, lists and tables in HTML."""
    return "".join(_as_html(section) for section in _sections(report))


def _as_text(section: Section) -> str:
    lines = [section.title, "-" * len(section.title)]
    lines += [_wrapped(sentence) for sentence in section.sentences]
    lines += [_wrapped(f"- {what}: {told}", "  ") for what, told in section.points]
    if section.table is not None:
        lines.append(section.table.to_string(index=False, na_rep=""))
    return "\n".join([*lines, *([_wrapped(section.note)] if section.note else [])])


def _wrapped(sentence: str, indent: str = "") -> str:
    return textwrap.fill(sentence, _WIDTH, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False)


def _as_html(section: Section) -> str:
    parts = [f"<h4>{html.escape(section.title)}</h4>"]
    parts += [f"<p>{html.escape(sentence)}</p>" for sentence in section.sentences]
    if section.points:
        points = "".join(f"<li><b>{html.escape(what)}</b>: {html.escape(told)}</li>" for what, told in section.points)
        parts.append(f"<ul>{points}</ul>")
    if section.table is not None:
        parts.append(section.table.to_html(index=False, na_rep="", border=0))
    return "".join([*parts, *([f"<p><small>{html.escape(section.note)}</small></p>"] if section.note else [])])


def _sections(report: ValueReport[Any]) -> list[Section]:
    sections = [_value(report), _model(report), _customers(report)]
    if report.comparison is not None:
        sections += [_candidates(report), _holdout(report)]
    assumptions = _pandas(report.assumptions).query("verdict != 'fine'")
    quality = _pandas(report.quality).query("rows > 0")
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
    found = _pandas(report.equity).iloc[0]
    told = (
        f"{found['customers']:,.0f} customers: {found['equity']:,.0f} together ({report.interval:.0%} interval "
        f"{found['equity_lower']:,.0f} to {found['equity_upper']:,.0f}), {found['equity_per_customer']:,.2f} each."
    )
    return Section(f"Future value, {report.horizon}", (told,), note=_missed(report))


def _missed(report: ValueReport[Any]) -> str:
    told = "The interval tells how well the model's parameters are known, not whether the model is true"
    if report.comparison is None:
        return f"{told}, and no holdout could check that."
    board = _pandas(report.comparison).set_index("model").loc[report.chosen]
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
    ruler = _pandas(report.customers)["time_unit"].iloc[0]
    return Section(
        f"The {_TOP} most valuable customers",
        table=_table(_pandas(report.customers).head(_TOP), _SHOWN, 2),
        note=f"silent: {ruler}s since the last purchase; purchases: expected within {report.horizon}; spend: expected "
        f"of one purchase. lower and upper ({report.interval:.0%}) tell how well clv, a mean, is known: what one "
        "customer will really bring varies more.",
    )


def _candidates(report: ValueReport[Any]) -> Section:
    board = _pandas(report.comparison).sort_values("log_score", ascending=False, kind="stable", na_position="last")
    return Section(
        "Candidates on the holdout",
        table=_table(board, _BOARD, 4, {"expected_purchases": 0, "observed_purchases": 0, "rmse": 3,
                                        "rank_correlation": 3, "aic": 1}),
        note="log score: mean log probability of what each customer did, larger is better; rmse: of a customer's "
        "purchases.",
    )  # fmt: skip


def _holdout(report: ValueReport[Any]) -> Section:
    return Section(
        "Purchases of a customer in the holdout, by repeat purchases before",
        table=_table(_pandas(report.holdout), _CALIBRATION, 2),
    )


def _table(frame: Any, columns: dict[str, str], digits: int, other: dict[str, int] | None = None) -> Any:
    """Columns under short names, numbers as texts of so many digits; what is null throughout is left out."""
    kept = [name for name in columns if name in frame.columns and frame[name].notna().any()]
    shown = frame[kept].copy()
    for name in kept:
        if shown[name].dtype.kind == "f":
            places = (other or {}).get(name, digits)
            shown[name] = shown[name].map(lambda v, p=places: "" if v != v else f"{v:,.{p}f}")
    return shown.rename(columns=columns)


def _pandas(frame: Any) -> Any:
    return collect(open_frame(frame)).to_pandas()
