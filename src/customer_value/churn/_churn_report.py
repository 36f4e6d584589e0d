"""A churn report as text and as HTML: the same sections, in the order in which a reader asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from customer_value._sections import Section, sections_html, sections_text, short_table, to_pandas

if TYPE_CHECKING:
    from customer_value.churn.evaluation import ChurnReport

_RANKING = {"model": "model", "auc": "AUC", "auc_lower": "lower", "auc_upper": "upper", "gini": "Gini",
            "top_decile_lift": "lift of top 10%", "average_precision": "average precision"}  # fmt: skip
_CALIBRATION = {"model": "model", "mean_probability": "mean probability", "churn_rate": "churn rate",
                "observed_expected": "observed/expected", "calibration_slope": "slope", "calibration_error": "error",
                "brier": "Brier"}  # fmt: skip
_PROFIT = {"model": "model", "empc": "EMPC", "empc_lower": "lower", "empc_upper": "upper",
           "empc_fraction": "share contacted", "mpc": "MPC", "profit_everyone": "everyone contacted"}  # fmt: skip
_RELIABILITY = {"bin": "tenth", "customers": "customers", "mean_score": "probability", "churn_rate": "churned",
                "churn_rate_lower": "lower", "churn_rate_upper": "upper"}  # fmt: skip
_GROUP = {"model": "model", "customers": "customers", "churn_rate": "churn rate", "auc": "AUC", "auc_lower": "lower",
          "auc_upper": "upper", "top_decile_lift": "lift of top 10%",
          "observed_expected": "observed/expected"}  # fmt: skip
_AGAINST = {"measure": "measure", "of_model": "model", "of_baseline": "baseline", "difference": "difference",
            "difference_lower": "lower", "difference_upper": "upper"}  # fmt: skip


def report_text(report: ChurnReport[Any]) -> str:
    """Return the sections as plain text."""
    return sections_text(_sections(report))


def report_html(report: ChurnReport[Any]) -> str:
    """Return the sections as HTML."""
    return sections_html(_sections(report))


def _sections(report: ChurnReport[Any]) -> list[Section]:
    sections = [_ranking(report), _calibration(report), _profit(report)]
    if report.against_baseline is not None:
        sections.insert(1, _against(report))
    if report.over_time is not None:
        cutoffs = to_pandas(report.over_time)
        cutoffs["cutoff"] = cutoffs["cutoff"].astype(str).str.slice(0, 10)
        sections.append(Section("Over time", table=short_table(cutoffs, {"cutoff": "cutoff"} | _GROUP, 3)))
    if report.by_segment is not None:
        keys = {"segment_by": "by", "segment_value": "segment"}
        sections.append(Section("By segment", table=short_table(to_pandas(report.by_segment), keys | _GROUP, 3)))
    return [*sections, *([Section("Notes", report.notes)] if report.notes else [])]


def _ranking(report: ChurnReport[Any]) -> Section:
    table = to_pandas(report.discrimination)
    first = table.iloc[0]
    return Section(
        f"{report.models[0]}: {first['customers']:,.0f} customers, {first['churn_rate']:.1%} churned",
        (report.design,),
        table=short_table(table, _RANKING, 3),
        note=f"lower and upper: {report.interval:.0%} interval of AUC, over customers. A customer counts once for each "
        "cutoff.",
    )


def _against(report: ChurnReport[Any]) -> Section:
    table = to_pandas(report.against_baseline)
    auc = table.set_index("measure").loc["auc"]
    name = report.models[1]
    if auc["difference_lower"] > 0:
        told = f"It ranks customers better than {name} does."
    elif auc["difference_upper"] < 0:
        told = f"It ranks customers worse than {name} does: use that instead."
    else:
        told = f"It cannot be told to rank customers better than {name} does: weigh whether it earns its upkeep."
    return Section(f"Against {name}", (told,), table=short_table(table, _AGAINST, 3), note="brier: smaller is better.")


def _calibration(report: ChurnReport[Any]) -> Section:
    tenths = to_pandas(report.reliability).query("model == @name", local_dict={"name": report.models[0]})
    shown = short_table(tenths, _RELIABILITY, 3, {"customers": 1})
    found = short_table(to_pandas(report.calibration), _CALIBRATION, 3)
    points = tuple(
        (row["model"], ", ".join(f"{label} {row[label]}" for label in found.columns if label != "model"))
        for _, row in found.iterrows()
    )
    return Section(
        "Do the probabilities hold?",
        points=points,
        table=shown,
        note=f"Tenths of the customers by probability, {report.models[0]}, with the {report.interval:.0%} interval of "
        "the share that churned.",
    )


def _profit(report: ChurnReport[Any]) -> Section:
    cost = report.costs
    curve = to_pandas(report.profit_curve).query("model == @name", local_dict={"name": report.models[0]})
    best = curve[curve["best"]].iloc[0]
    told = (
        f"Contacting the {best['share_of_customers']:.1%} with the highest probability (from {best['score_min']:.3f} "
        f"on) would have brought {best['profit_per_customer']:,.2f} per customer of the base"
        if best["share_of_customers"] > 0
        else "No contact would have paid"
    )
    return Section(
        "What a campaign would bring",
        (f"{told}; contacting everyone {curve['profit_per_customer'].iloc[-1]:,.2f}.",),
        table=short_table(to_pandas(report.profit), _PROFIT, 2),
        note=f"Per customer of the base, at a value of {cost['clv']:,g} of a customer kept, an incentive of "
        f"{cost['incentive']:,g}, {cost['contact_cost']:,g} per contact, and an acceptance of {cost['acceptance']:.0%} "
        f"(EMPC: beta({cost['alpha']:g}, {cost['beta']:g})).",
    )
