"""The tiers of a new month against those of the last: who moves, who is held back, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from customer_value._frames import Column, EagerFrame, FrameT, categorical, nw, texts, to_eager, with_arrays
from customer_value._labels import Labels, label_texts
from customer_value._validation import number, require_columns, require_some, text_value, whole_number
from customer_value.errors import DataWarning, warn
from customer_value.segments._review_buffer import implied_bounds
from customer_value.segments._review_frames import (
    customer_column,
    label_order,
    matching_rows,
    pending_moves,
    tier_codes,
)
from customer_value.segments._review_moves import CHANGES, TEXTS, decide
from customer_value.segments._review_reasons import SET_BY_HAND, review_reasons
from customer_value.segments._review_schemes import every_labels, require_frozen, scheme_bounds
from customer_value.segments.tier_scheme import TierScheme


def review_tiers(
    current: FrameT,
    *,
    previous: Any,
    tier: str = "tier",
    score: str = "clv",
    buffer: float = 0.05,
    confirmations: int = 1,
    scheme: TierScheme | None = None,
    order: Sequence[str] | None = None,
    customer_id: str | None = None,
    labels: Labels = "en",
) -> FrameT:
    """Set this month's tiers against last month's, and let only those move whose move is clear. Collects once.

    A move counts if the score lies beyond the boundary by the `buffer`, and if it was asked for in so many reviews in a
    row (`confirmations`). It then is made at once, over several tiers if need be.

    Parameters
    ----------
    current
        One row per customer with the tier that `assign_tiers` proposes now (or any other ordered label).
    previous
        The last review, or any earlier frame of the same library with the tier that each customer had. Customers who
        are in it only are gone: they take no part. Its `<tier>_proposed` and `<tier>_pending` are read where there.
    tier
        Column with the label, in both frames.
    score
        Column that the tiers were cut from. `<tier>_score`, which `assign_tiers` adds where it cuts a sum of several
        criteria, goes first.
    buffer
        Share of a boundary, from 0 to below 1, by which a score must lie beyond it: with .05 and a boundary of 1,000,
        1,050 for an upgrade and below 950 for a downgrade. Below 0 it is a share of the boundary's size; a boundary of
        0 has none, and confirmations alone hold moves over it back.
    confirmations
        Reviews in a row that must ask for a move in the same direction before it is made.
    scheme
        The frozen scheme that made the proposals (`fit_tier_scheme`). Its thresholds are the boundaries, those of each
        criterion for a matrix or points: the only way to a buffer on tiers of a matrix. Without it, boundaries are
        those that the proposals imply: midway between the lowest score proposed for a better tier and the highest one
        for a worse.
    order
        The labels, best first, for text columns that carry no order (pyarrow, engines).
    customer_id
        Column with the customer, unique in each frame. By default ``"customer_id"``; without one, the first column of
        `current`, where `summarize_customers` puts the customer.
    labels
        Language of the change and the reason, "en" or "zh", or a mapping from upgrade, downgrade, unchanged and new
        to labels.

    Returns
    -------
    FrameT
        The same rows in the same order with

        - the tier, final: the previous one unless a move is made; a new customer's proposal, and a tier set by hand
          (`overrides` of `assign_tiers`), hold at once;
        - `<tier>_previous`, null for a new customer, and `<tier>_proposed`;
        - `<tier>_change`: upgrade, downgrade, unchanged or new;
        - `<tier>_reason`: why it moved or stayed; the reason of the proposal goes to `<tier>_proposed_reason`;
        - `<tier>_pending`: reviews in a row that have asked for a move not yet made.

    Raises
    ------
    InputError
        If a column is missing; a customer is null or comes more than once in a frame; labels carry no order; `previous`
        holds a tier that `current` does not know; a number is out of range; the frames are of two libraries.

    Warns
    -----
    DataWarning
        If the buffer has no effect, since there is no score whose order the proposals follow: confirmations alone then
        hold moves back.

    Notes
    -----
    Two thresholds, one to rise and one to fall, are a Schmitt trigger: a score that moves to and fro by less than the
    buffer never changes its tier, and one that stays beyond it always does. With ``buffer=0`` and ``confirmations=1``
    the final tier is the proposed one. A customer without a proposal (no score) keeps the previous tier; one without a
    score, but with a proposal, keeps it too where there is a buffer.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> label = pd.CategoricalDtype(["A", "B", "C"], ordered=True)
    >>> now = pd.DataFrame({"customer_id": [1, 2, 3, 4, 5, 6], "clv": [900.0, 520, 480, 460, 80, 70],
    ...                     "tier": pd.Series(["A", "A", "B", "B", "C", "C"], dtype=label)})
    >>> last = pd.DataFrame({"customer_id": [1, 2, 3, 4, 5],
    ...                      "tier": pd.Series(["C", "B", "A", "A", "C"], dtype=label)})
    >>> reviewed = cv.review_tiers(now, previous=last)
    >>> reviewed[["tier_previous", "tier_proposed", "tier", "tier_change"]]
      tier_previous tier_proposed tier tier_change
    0             C             A    A     upgrade
    1             B             A    B   unchanged
    2             A             B    A   unchanged
    3             A             B    B   downgrade
    4             C             C    C   unchanged
    5           NaN             C    C         new
    >>> reviewed["tier_reason"][1]
    'A proposed, B kept: the score is within 5 % of the boundary'
    """
    text_value(tier, "tier")
    text_value(score, "score")
    buffer = number(buffer, "buffer", low=0, high=0.99)
    confirmations = whole_number(confirmations, "confirmations", low=1, high=1000)
    changes = label_texts(CHANGES, TEXTS, labels, "changes")
    now, back = to_eager(current, "current", "review_tiers")
    last, _ = to_eager(previous, "previous", "review_tiers")
    require_columns(now, [tier], what="current", maker="assign_tiers(frame, scheme=...) makes tiers")
    require_columns(last, [tier], what="previous", maker="assign_tiers and review_tiers make tiers")
    require_some(len(now), "current")
    frozen = None if scheme is None else require_frozen(scheme)
    names = label_order(now, last, tier, order, every_labels(frozen) if frozen else ())
    match = matching_rows(now, last, customer_column(now, last, customer_id))

    proposed = tier_codes(now, tier, names, "current")
    before = tier_codes(last, tier, names, "previous")
    asked = pending_moves(last, tier, names, before)
    held = np.where(match < 0, -1, before[match] if len(last) else -1)
    pending = np.where(match < 0, 0, asked[match] if len(last) else 0)
    by_hand = _by_hand(now, tier)
    if not buffer:
        bounds = None
    elif frozen is not None:
        bounds = scheme_bounds(now, frozen, score, proposed, by_hand, names, buffer)
    else:
        bounds = implied_bounds(now, tier, score, proposed, by_hand, len(names), buffer)
        if bounds is None:
            _warn_of_no_buffer(now, tier, score, buffer)
    moves = decide(held, proposed, bounds, pending, confirmations=confirmations, by_hand=by_hand)

    language = labels if isinstance(labels, str) else "en"
    codes, sentences = review_reasons(moves, names, buffer if bounds else 0.0, confirmations, language)
    columns: dict[str, Column] = {
        tier: categorical(moves.final, names, now),
        f"{tier}_previous": categorical(moves.held, names, now),
        f"{tier}_proposed": categorical(moves.proposed, names, now),
        f"{tier}_change": categorical(moves.change, changes, now),
        f"{tier}_reason": texts(codes, sentences, now),
        f"{tier}_pending": moves.pending,
    }
    if f"{tier}_reason" in now.columns:
        columns[f"{tier}_proposed_reason"] = now.get_column(f"{tier}_reason")
    return cast(FrameT, back(with_arrays(now, columns)))


def _by_hand(frame: EagerFrame, tier: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Tell whose tier was overridden, as `assign_tiers` says in the reason, and a review before it."""
    reason = f"{tier}_reason"
    if reason not in frame.columns or frame.get_column(reason).dtype != nw.String:
        return np.zeros(len(frame), dtype=np.bool_)
    said = nw.col(reason).str
    found = frame.select((said.starts_with(SET_BY_HAND["en"]) | said.starts_with(SET_BY_HAND["zh"])).alias(reason))
    return np.asarray(found.get_column(reason).fill_null(False).to_numpy(), dtype=np.bool_)


def _warn_of_no_buffer(frame: EagerFrame, tier: str, score: str, buffer: float) -> None:
    columns = [name for name in (f"{tier}_score", score) if name in frame.columns]
    why = (
        f"the proposals do not follow {columns[0]}"
        if columns
        else f"current has neither {tier}_score nor {score}, from which the proposals could be cut"
    )
    warn(
        f"buffer={buffer:g} has no effect: {why}. Only confirmations hold moves back. scheme=, the frozen scheme, or "
        "score=, the column that the tiers were cut from, gives it one.",
        DataWarning,
    )
