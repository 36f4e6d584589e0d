"""What each customer contributes: share of the total, rank, and the share reached with everyone at least as good."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from customer_value._frames import Column, EagerFrame, FrameT, to_eager, whole_numbers, with_arrays
from customer_value._validation import (
    SUMMARY_MAKER,
    name_list,
    numeric_column,
    require_columns,
    require_some,
    text_value,
)
from customer_value.transactions._ids import id_labels
from customer_value.transactions._log import require_present

Floats = np.ndarray[Any, np.dtype[np.float64]]
Codes = np.ndarray[Any, np.dtype[np.int64]]

_LARGEST = 1e300  # of a sum


def score_contribution(
    frame: FrameT,
    *,
    value: str = "total_value",
    by: str | Sequence[str] | None = None,
    suffix: str = "",
) -> FrameT:
    """Find each customer's share of the total value, its rank, and the cumulative share down to it. Collects once.

    Parameters
    ----------
    frame
        One row per customer.
    value
        Column with the value: revenue, margin, `clv`. It may be negative. A null one is unknown: that customer gets
        nulls and takes no part in the others' shares.
    by
        Column, or list of columns, within whose groups shares and ranks are taken, such as ``"region"``.
    suffix
        Added to the names of the new columns, to keep two scorings side by side.

    Returns
    -------
    FrameT
        The same rows in the same order with

        - `contribution_share`: the customer's value as a share of the net total;
        - `contribution_rank`: 1 is best, equal values share a rank and the next one is as far behind (1, 2, 2, 4);
        - `contribution_cumulative_share`: share of the net total that this customer, all better ones and all equal
          ones bring in together.

        Columns of these names that are there already are replaced.

    Raises
    ------
    InputError
        If a column is missing; if the value is not numeric or infinite; if a group of `by` is null; if the frame is
        empty.

    Notes
    -----
    Customers with a negative value (refunds, service that costs more than it brings) stay in: the total is net, the
    shares of all add up to 1, and the profitable ones together hold more than 1. The cumulative share then rises above
    1, and falls back to 1 at the last customer: the "whale curve" of R. S. Kaplan and V. G. Narayanan (2001),
    "Measuring and managing customer profitability", *Journal of Cost Management* 15(5), 5-15. Cuts such as .8 and .95
    are met on the way up. Shares of a total that is not above 0 are null; ranks are there all the same.

    Nothing depends on the order of rows: values are summed from the best to the worst, and what each addition rounds
    off is carried along (T. Ogita, S. M. Rump and S. Oishi (2005), *SIAM Journal on Scientific Computing* 26,
    1955-1988, algorithm 4.4), so that a share of .8 is .8 and not just above or below.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> customers = pd.DataFrame({"customer_id": ["a", "b", "c", "d"], "total_value": [20.0, 120.0, 80.0, -20.0]})
    >>> scored = cv.score_contribution(customers)
    >>> scored["contribution_share"].tolist(), scored["contribution_rank"].tolist()
    ([0.1, 0.6, 0.4, -0.1], [3, 1, 2, 4])
    >>> scored["contribution_cumulative_share"].tolist()
    [1.1, 0.6, 1.0, 1.0]
    """
    text_value(suffix, "suffix", empty=True)
    opened, back = to_eager(frame, "frame", "score_contribution")
    groups = [by] if isinstance(by, str) else name_list([] if by is None else by, "by")
    text_value(value, "value")
    require_columns(opened, [value, *groups], what="frame", maker=SUMMARY_MAKER if value == "total_value" else "")
    require_some(len(opened), "frame")
    values = numeric_column(opened, value, what="frame", nulls=True)

    share, cumulative = np.full((2, values.size), np.nan)
    rank = np.zeros(values.size, dtype=np.int64)
    for rows in _rows_by_group(opened, groups, values):
        share[rows], rank[rows], cumulative[rows] = _contributions(values[rows])
    columns: dict[str, Column] = {
        "contribution_share": share,
        "contribution_rank": whole_numbers(rank, np.isnan(values), opened),
        "contribution_cumulative_share": cumulative,
    }
    return cast(FrameT, back(with_arrays(opened, {name + suffix: column for name, column in columns.items()})))


def _rows_by_group(frame: EagerFrame, groups: Sequence[str], values: Floats) -> list[Codes]:
    """Row numbers of each group's customers with a known value, the best first."""
    codes = np.zeros(values.size, dtype=np.int64)
    for column in groups:
        series = frame.get_column(column)
        require_present(series, "Give those customers a group of their own, or leave them out.")
        labels, inverse = np.unique(id_labels(series), return_inverse=True)
        codes = np.unique(codes * labels.size + inverse, return_inverse=True)[1]
    order = np.lexsort((-values, codes))
    order = order[~np.isnan(values[order])]
    return np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)


def _contributions(values: Floats) -> tuple[Floats, Codes, Floats]:
    """Share, rank and cumulative share of values in falling order."""
    if values.size and np.abs(values[[0, -1]]).max() > _LARGEST / values.size:
        values = values / 2.0**512  # exact, since only the exponent changes; sums now stay below the largest float
    sums = running_sums(values)
    total = sums[-1] if sums.size and sums[-1] > 0 else np.nan
    first, behind = (np.searchsorted(-values, -values, side=side) for side in ("left", "right"))
    return values / total, first + 1, sums[behind - 1] / total


def running_sums(values: Floats) -> Floats:
    """Cumulative sums as exact as if they were added in twice the precision."""
    sums = np.cumsum(values)
    before = np.append(0.0, sums[:-1])
    added = sums - before
    lost = (before - (sums - added)) + (values - added)  # exactly what each addition rounded off
    exact: Floats = sums + np.cumsum(lost)
    return exact
