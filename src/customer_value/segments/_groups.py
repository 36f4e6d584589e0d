"""Customers by group: labels in order, sums that no order of rows changes, shares and intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from customer_value._frames import EagerFrame, nw
from customer_value._stats.intervals import wilson_interval
from customer_value._validation import optional_text, require_columns, require_rows
from customer_value.segments._means import mean_interval
from customer_value.segments.presets import PRESETS
from customer_value.segments.tier_presets import PRESETS as TIERS

Floats = np.ndarray[Any, np.dtype[np.float64]]
Codes = np.ndarray[Any, np.dtype[np.int64]]
Numbers = Floats | Codes


CUTOFF = "cutoff"  # what makes a frame a history: a customer has a row for each


@dataclass(frozen=True)
class Groups:
    """Who is in which group: `codes` of the rows; groups come in blocks of `labels`, whose shares add up to 1."""

    codes: Codes
    labels: int
    blocks: int

    @property
    def counts(self) -> Codes:
        """Customers of each group."""
        return np.bincount(self.codes, minlength=self.labels * self.blocks)

    def split(self, values: Floats) -> list[Floats]:
        """Split values by group, each group sorted: sums then never depend on the order of the rows."""
        order = np.lexsort((values, self.codes))
        return np.split(values[order], np.cumsum(self.counts)[:-1])

    def totals(self, sums: Numbers) -> Floats:
        """Add up each block, and give every group the total of its block."""
        return np.repeat(sums.astype(np.float64).reshape(self.blocks, self.labels).sum(axis=1), self.labels)

    def shares(self, sums: Floats) -> Floats:
        """Give each group's share of its block; null where a block does not add up to more than 0."""
        return ratio(sums, self.totals(sums))


def column_apart(frame: EagerFrame, by: str | None) -> str | None:
    """Return the column whose values are taken apart: that of the cutoff counts only where there is one."""
    named = optional_text(by, "by")
    if named is None or (named == CUTOFF and CUTOFF not in frame.columns):
        return None
    require_columns(frame, [named], what="frame")
    return named


def key_codes(frame: EagerFrame, column: str) -> tuple[list[Any], Codes]:
    """Return the keys of a column in order and each row's position among them; raise on nulls."""
    series = frame.get_column(column)
    require_rows(~np.asarray(series.is_null().to_numpy(), dtype=bool), f"{column} must not be null")
    return codes_of(series)


def codes_of(series: nw.Series[Any]) -> tuple[list[Any], Codes]:
    """Return the keys of a column without nulls in order, and each row's position among them."""
    keys = list(series.dtype.categories) if isinstance(series.dtype, nw.Enum) else _sorted(series.unique().to_list())
    codes = series.replace_strict(keys, list(range(len(keys))), return_dtype=nw.Int64).to_numpy()
    return keys, np.asarray(codes, dtype=np.int64)


def _sorted(labels: list[Any]) -> list[Any]:
    """Sort labels that carry no order; those of the presets have one, in either language."""
    of_segments = [list(texts.values()) for rules in PRESETS.values() for texts in rules.labels.values()]
    of_tiers = [texts for tiers in TIERS.values() for texts in zip(*tiers["tiers"].values(), strict=True)]
    known = next((texts for texts in [*of_segments, *of_tiers] if set(labels) <= set(texts)), None)
    return sorted(labels) if known is None else [text for text in known if text in labels]


def ratio(part: Numbers, whole: Numbers) -> Floats:
    """Divide; null where the whole is not above 0."""
    quotient: Floats = np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
    return quotient


def each(groups: list[Floats], statistic: Callable[[Floats], Any]) -> Floats:
    """Give a statistic of each group; null for a group without customers."""
    return np.array([statistic(group) if group.size else np.nan for group in groups], dtype=np.float64)


def sums(groups: list[Floats]) -> Floats:
    """Add up each group."""
    return np.array([group.sum() for group in groups])


def share_columns(name: str, part: Numbers, whole: Numbers, interval: float | None) -> dict[str, Floats]:
    """Return counts as shares, null of nobody, with Wilson's interval where one is asked for."""
    columns = {name: ratio(part, whole)}
    if interval is not None:
        lower, upper = wilson_interval(part, whole, interval=interval)
        columns |= {f"{name}_lower": lower, f"{name}_upper": upper}
    return columns


def mean_columns(name: str, groups: list[Floats], interval: float | None) -> dict[str, Floats]:
    """Return the means of groups, with the interval of each where one is asked for."""
    columns = {name: each(groups, np.mean)}
    if interval is not None:
        lower, upper = np.array([mean_interval(group, interval) for group in groups]).T
        columns |= {f"{name}_lower": lower, f"{name}_upper": upper}
    return columns
