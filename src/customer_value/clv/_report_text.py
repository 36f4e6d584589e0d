"""A value report as text and as HTML: the same sections, in the order in which a reader asks."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from customer_value._frames import nw

if TYPE_CHECKING:
    from customer_value.clv.valuation import ValueReport

_TOP = 10
_SHOWN = ("customer_id", "frequency", "time_since_last", "p_alive", "expected_purchases", "expected_spend", "clv",
          "clv_lower", "clv_upper")  # fmt: skip


def report_text(report: ValueReport[Any]) -> str:
    """Sections with headings, tables in plain text."""
    parts = [f"{title}\n{'-' * len(title)}\n{_text(body)}" for title, body in _sections(report)]
    return "\n\n".join(parts)


def report_html(report: ValueReport[Any]) -> str:
    """Sections with headings, tables in HTML."""
    parts = []
    for title, body in _sections(report):
        told = f"<p>{html.escape(body)}</p>" if isinstance(body, str) else body.to_html(index=False, na_rep="")
        parts.append(f"<h4>{html.escape(title)}</h4>{told}")
    return "".join(parts)


def _sections(report: ValueReport[Any]) -> list[tuple[str, Any]]:
    customers = _pandas(report.customers)
    level = report.equity
    found = _pandas(level).iloc[0]
    sections: list[tuple[str, Any]] = [
        (
            "Value",
            f"{int(found['customers']):,} customers are worth {found['equity']:,.0f} "
            f"({found['equity_lower']:,.0f} to {found['equity_upper']:,.0f}), "
            f"{found['equity_per_customer']:,.2f} each.",
        ),
        ("Model", "\n".join([repr(report.purchase_model), *report.reasons])),
        (f"The {_TOP} most valuable customers", customers[[c for c in _SHOWN if c in customers]].head(_TOP).round(2)),
    ]
    if report.comparison is not None:
        board = _pandas(report.comparison)
        names = ["model", "log_likelihood", "aic", "expected_purchases", "observed_purchases", "rmse", "log_score"]
        sections.append(("Candidates on the holdout", board[names].round(4)))
        sections.append(("Holdout by repeat purchases before", _pandas(report.holdout).round(2)))
    assumptions = _pandas(report.assumptions)
    looks = assumptions[assumptions["verdict"] != "fine"]
    sections.append(("Assumptions to look at", looks[["check", "meaning", "what_to_do"]] if len(looks) else "none"))
    quality = _pandas(report.quality)
    flaws = quality[quality["rows"].fillna(0) > 0]
    sections.append(("Data to look at", flaws[["check", "rows", "unit", "what_to_do"]] if len(flaws) else "nothing"))
    return sections


def _pandas(frame: Any) -> Any:
    return nw.from_native(frame, eager_only=True).to_pandas()


def _text(body: Any) -> str:
    return body if isinstance(body, str) else str(body.to_string(index=False, na_rep="", max_colwidth=70))
