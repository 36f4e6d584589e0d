"""Rules on the rows of logs that features are made of, told in the same words of eager and of lazy frames."""

from __future__ import annotations

from dataclasses import dataclass

from customer_value._frames import nw
from customer_value._units import date_of
from customer_value._validation import require_some
from customer_value.churn._event_plan import EventLog, FeaturePlan, Moment
from customer_value.errors import DataWarning, InputError, warn

START = "_start"  # day on which a customer of the roster began
AMOUNT_SIZE = "{} must be finite and below 1e15 in size"
NULL_ID = "Leave rows without a customer out: features are made of customers."
NULL_DATE = "Leave such rows out: a row without a date is neither past nor future."


@dataclass(frozen=True, slots=True)
class LogHistory:
    """What a log's rows tell of it: how many, how many refunds, and its first and last known day before each cutoff."""

    rows: int
    refunds: int
    days: tuple[tuple[int | None, int | None], ...]
    observed_from: int | None

    def observed(self, number: int, moment: Moment) -> tuple[bool, ...]:
        """Tell which lookbacks of a cutoff the log covers: they begin on its first day or later."""
        first = self.days[number][0] if self.observed_from is None else self.observed_from
        return tuple(first is not None and first <= start for start in moment.starts)


def null_rules(key: str, is_float: bool, date: str | None) -> dict[str, tuple[nw.Expr, str]]:
    """Return the rules that customers and dates are there, for a lazy frame."""
    missing = nw.col(key).is_null() | nw.col(key).is_nan() if is_float else nw.col(key).is_null()
    rules = {f"{key} must not be null": (~missing, NULL_ID)}
    if date is not None:
        rules[f"{date} must not be null"] = (~nw.col(date).is_null(), NULL_DATE)
    return rules


def check_history(history: LogHistory, log: EventLog, plan: FeaturePlan, *, defines: bool) -> None:
    """Raise where the log that names the customers is empty before a cutoff, and warn where its last rows are old.

    Other logs may be empty: nobody has complained yet.
    """
    if not defines:
        return
    require_some(history.rows, log.what)
    late: dict[int, int] = {}
    for moment, (first, last) in zip(plan.moments, history.days, strict=True):
        if first is None or last is None:
            raise no_customers(moment.cutoff, log.what)
        if last < moment.starts[0]:
            late[moment.cutoff] = last
    if late:
        named = ("cutoff " if len(late) == 1 else "cutoffs ") + ", ".join(str(date_of(cutoff)) for cutoff in late)
        warn(
            f"the {log.what} ends on {date_of(max(late.values()))}, more than {plan.labels[0]} before the {named}: "
            "every customer looks silent since then. Take a cutoff not later than the day after the last one observed.",
            DataWarning,
        )


def no_customers(cutoff: int, what: str) -> InputError:
    """Build the error of a cutoff before the first customer."""
    return InputError(
        f"nobody is a customer before the cutoff {date_of(cutoff)}: the {what} has no known row before it."
    )


def warn_never_known(rows: int, log: EventLog) -> None:
    """Tell how many rows before the last cutoff have no day on which they were known."""
    if rows:
        warn(
            f"{rows} rows of the {log.what} have a null {log.available_at}: they were never known, and are left out of "
            "every feature.",
            DataWarning,
        )
