"""Why customers say they left, the commonest first."""

from __future__ import annotations

from typing import Any, Literal, cast

import numpy as np

from customer_value._frames import Column, FrameT, make_frame, nw, to_eager
from customer_value._stats.intervals import wilson_interval
from customer_value._validation import (
    number,
    numeric_column,
    require_choice,
    require_columns,
    require_rows,
    require_some,
    text_value,
)
from customer_value.errors import InputError

Floats = np.ndarray[Any, np.dtype[np.float64]]

_SORTS = ("customers", "value")


def churn_reasons(
    frame: FrameT,
    *,
    reason: str = "reason",
    value: str | None = None,
    sort: Literal["customers", "value"] = "customers",
    unstated: str = "(not stated)",
    interval: float = 0.95,
) -> FrameT:
    """Count the reasons for which customers left, the commonest first (a Pareto table). Collects once.

    Parameters
    ----------
    frame
        One row per lost customer, or per lost customer and reason.
    reason
        Column with the reason, as text or a category. Text is trimmed; empty text counts as missing.
    value
        Column with what the customer was worth, such as `clv` or last year's value; 0 or above.
    sort
        "customers" for the commonest first, "value" for the costliest first. Equal ones go by the alphabet.
    unstated
        How rows without a reason are named. They are a row of their own, always the last: a reason that nobody gave
        heads no list, and leaving it out would make all the others look surer than they are.
    interval
        Coverage of the shares' intervals.

    Returns
    -------
    FrameT
        One row per reason:

        - `reason`;
        - `customers`: rows with it;
        - `share` of all rows, those without a reason among them, with `share_lower` and `share_upper`: Wilson's
          interval, for what share of future losses would give this reason;
        - `cumulative_share`, from the first row to this one;
        - with `value`: `lost_value`, `share_of_value`, `cumulative_share_of_value`. Shares of a total of 0 are null.

    Raises
    ------
    InputError
        If a column is missing, `value` is not numeric, null, infinite or negative, a reason is named as `unstated`
        is, or the frame is empty.

    Notes
    -----
    Each interval is that of its own reason alone; that two overlap does not mean that the order is open.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> lost = pd.DataFrame({"reason": ["price", "service", "price", None, "price"], "clv": [10.0, 90.0, 20.0, 5, 30]})
    >>> table = cv.churn.churn_reasons(lost, value="clv")
    >>> table[["reason", "customers", "share", "cumulative_share", "lost_value"]]
             reason  customers  share  cumulative_share  lost_value
    0         price          3    0.6               0.6        60.0
    1       service          1    0.2               0.8        90.0
    2  (not stated)          1    0.2               1.0         5.0
    """
    require_choice("sort", sort, _SORTS)
    text_value(unstated, "unstated")
    interval = number(interval, "interval", low=0, high=1, open_ends=True)
    if sort == "value" and value is None:
        raise InputError("sort='value' needs the column that holds it: value='clv', for example.")
    opened, back = to_eager(frame, "frame", "churn_reasons")
    require_columns(opened, [reason], what="frame")
    require_some(len(opened), "frame")
    said = _texts(opened.get_column(reason))
    if unstated in said:
        raise InputError(f"{unstated!r} is one of the reasons; name rows without a reason otherwise with unstated=.")
    names = sorted(set(said) - {None}, key=str) + ([None] if None in said else [])
    position = {name: i for i, name in enumerate(names)}
    codes = np.array([position[entry] for entry in said], dtype=np.int64)
    customers = np.bincount(codes, minlength=len(names))
    lost = None if value is None else _sums(numeric_column(opened, value, what="frame"), value, codes, len(names))

    first = customers if sort == "customers" or lost is None else lost
    is_unstated = np.array([name is None for name in names])
    order = np.lexsort((np.arange(len(names)), -first, is_unstated))
    customers = customers[order]
    lower, upper = wilson_interval(customers, len(said), interval=interval)
    columns: dict[str, Column] = {
        "reason": np.array([names[i] or unstated for i in order], dtype=object),
        "customers": customers,
        "share": customers / len(said),
        "share_lower": lower,
        "share_upper": upper,
        "cumulative_share": np.cumsum(customers) / len(said),
    }
    if lost is not None:
        lost = lost[order]
        total = np.cumsum(lost)
        of_total = total[-1] if total[-1] > 0 else np.nan
        columns |= {
            "lost_value": lost,
            "share_of_value": lost / of_total,
            "cumulative_share_of_value": total / of_total,
        }
    return cast("FrameT", back(make_frame(columns, opened)))


def _texts(column: nw.Series[Any]) -> list[str | None]:
    """Return reasons as trimmed texts, None where there is none."""
    empty = column.is_null().to_list()
    texts = ["" if none else str(entry).strip() for entry, none in zip(column.to_list(), empty, strict=True)]
    return [text or None for text in texts]


def _sums(values: Floats, name: str, codes: np.ndarray[Any, np.dtype[np.int64]], n: int) -> Floats:
    require_rows(values >= 0, f"{name} must be 0 or above", "A Pareto table adds up what was lost.")
    # Added up in the order of size, so that the last bit does not depend on the order of rows.
    order = np.lexsort((values, codes))
    return np.bincount(codes[order], values[order], minlength=n).astype(np.float64)
