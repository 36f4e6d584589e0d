"""What a frozen scheme would give if its thresholds were harder to reach, or easier, by the buffer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from customer_value._frames import EagerFrame, nw
from customer_value._validation import require_rows
from customer_value.errors import InputError
from customer_value.segments._review_frames import Codes, tier_codes
from customer_value.segments._tier_cuts import ABOVE_ZERO
from customer_value.segments.tier_assignment import assign_tiers
from customer_value.segments.tier_parts import TierCut
from customer_value.segments.tier_scheme import TierScheme

Truths = np.ndarray[Any, np.dtype[np.bool_]]

_TIER = "_review_tier"


def require_frozen(scheme: object) -> TierScheme:
    """Return a scheme whose thresholds are numbers, which alone can be moved by a buffer."""
    if not isinstance(scheme, TierScheme):
        raise InputError(f"scheme must be a TierScheme, such as fit_tier_scheme gives; got {scheme!r}.")
    if not scheme.fitted:
        raise InputError(
            f"{scheme!r} has no thresholds of its own: freeze it, scheme=cv.fit_tier_scheme(frame, scheme=...), and "
            "assign tiers with the frozen one too."
        )
    return scheme


def scheme_labels(scheme: TierScheme, among: Collection[str]) -> tuple[str, ...] | None:
    """Return the scheme's labels, best first, in the language in which they are among those; None if in none."""
    return next((shown for shown in every_labels(scheme) if set(shown) <= set(among)), None)


def every_labels(scheme: TierScheme) -> list[tuple[str, ...]]:
    """Return the scheme's labels in each language, and its names, best first."""
    return [tuple(texts[name] for name in scheme.tiers) for texts in scheme.labels.values()] + [scheme.tiers]


def scheme_bounds(
    frame: EagerFrame,
    scheme: TierScheme,
    score: str,
    proposed: Codes,
    by_hand: Truths,
    names: Sequence[str],
    buffer: float,
) -> tuple[Codes, Codes]:
    """Worst and best tier within the buffer: every threshold of the scheme is moved away from the customer, or to him.

    A matrix is a table of levels, and points are a sum of them: there the thresholds of the levels move. A weighted
    sum is one number, and its own thresholds move.
    """
    labels = scheme_labels(scheme, names)
    if labels is None:
        raise InputError(f"tiers of the scheme are {list(scheme.tiers)}, those of current {list(names)}.")
    placed = np.array([*(names.index(label) for label in labels), -1], dtype=np.int64)
    own = dict(zip(scheme.tiers, scheme.tiers, strict=True))

    def tiers_by(shifted: TierScheme) -> Codes:
        column = None if scheme.criteria else scheme.score or score
        made = assign_tiers(frame.to_native(), scheme=shifted, score=column, name=_TIER, labels=own, reasons=False)
        opened: EagerFrame = nw.from_native(made, eager_only=True)
        moved: Codes = placed[tier_codes(opened, _TIER, scheme.tiers, "the scheme")]
        return moved

    same = (tiers_by(scheme) == proposed) | by_hand | (proposed < 0)
    remedy = "Give the frozen scheme that assign_tiers was given, and the frame as it came from there."
    require_rows(same, "the scheme must give the tiers that current proposes", remedy)
    return tiers_by(_moved(scheme, buffer)), tiers_by(_moved(scheme, -buffer))


def _moved(scheme: TierScheme, buffer: float) -> TierScheme:
    """Return the scheme with thresholds that are harder to reach by the buffer; easier for a negative one."""
    if scheme.kind in {"matrix", "points"}:
        criteria = tuple(replace(c, cut=_moved_cut(c.cut, buffer)) for c in scheme.criteria if c.cut is not None)
        return replace(scheme, criteria=criteria)
    assert scheme.cut is not None
    return replace(scheme, cut=_moved_cut(scheme.cut, buffer))


def _moved_cut(cut: TierCut, buffer: float) -> TierCut:
    by = -buffer if cut.lower_is_better else buffer
    return replace(cut, at=tuple(t if t is None or t == ABOVE_ZERO else t + by * abs(t) for t in cut.at))
