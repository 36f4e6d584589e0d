"""Tiers as data: the names, what is cut where, and the proof that every case is decided."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Self

from customer_value._labels import require_label_table
from customer_value._validation import few, name_list, optional_text, saved_values, text_value
from customer_value.errors import InputError
from customer_value.segments.tier_parts import TierCriterion, TierCut

Kind = Literal["score", "matrix", "scorecard", "points"]
Cell = tuple[str, ...]

_SCHEMA = 1
_MOST_CELLS = 1000  # every one is looked at
_WHOLE = 1e-9  # how far weights may add up to something else than 1


@dataclass(frozen=True)
class TierCheck:
    """What `TierScheme.check` found; its text says it in a sentence.

    Attributes
    ----------
    n_cells
        Number of cases: bands of a score or a weighted sum, combinations of levels.
    undecided
        Combinations of levels that have no tier.
    unreachable
        Tiers that no case has.
    inversions
        Pairs of combinations of which the first is better in one criterion, equal in the others, and in a worse tier.

    Examples
    --------
    >>> from customer_value.segments import tiers
    >>> check = tiers.preset("vip_ordinary").check()
    >>> check.ok, check.n_cells
    (True, 4)
    """

    n_cells: int
    undecided: tuple[Cell, ...]
    unreachable: tuple[str, ...]
    inversions: tuple[tuple[Cell, Cell], ...]

    @property
    def ok(self) -> bool:
        """Tell whether each case has a tier, each tier a case, and better customers no worse tier."""
        return not (self.undecided or self.unreachable or self.inversions)

    def __str__(self) -> str:
        if self.ok:
            return f"{self.n_cells} cases: each has its tier, and better ones no worse tier."
        found = []
        if self.undecided:
            found.append(f"undecided: {few([_say(cell) for cell in self.undecided])}")
        if self.unreachable:
            found.append(f"never given: {', '.join(self.unreachable)}")
        if self.inversions:
            pairs = [f"{_say(better)} below {_say(worse)}" for better, worse in self.inversions]
            found.append(f"better but in a worse tier: {few(pairs)}")
        return f"of {self.n_cells} cases, {'; '.join(found)}."


@dataclass(frozen=True)
class TierScheme:
    """Tiers of customers, best first, and how they are found. `segments.tiers` makes schemes of every kind.

    A scheme is data. It cuts one number into bands (a score; a weighted sum of scaled columns; a sum of points), or it
    looks a combination of levels up in a table of cells.

    Parameters
    ----------
    tiers
        Names, best first.
    cut
        Where the one number is cut: one cut fewer than tiers. None for a table of cells.
    criteria
        What is read: none for a score, whose column `assign_tiers` is told.
    cells
        Tier of each combination of levels, ``{("high", "low"): "key", ...}``, in the order of the criteria.
    score
        The column that thresholds were found on; `fit_tier_scheme` sets it.
    labels
        Texts to show instead of names, by language: ``{"en": {name: text}, "zh": {name: text}}``.
    source
        Where the scheme comes from.

    Raises
    ------
    InputError
        If names coincide, cuts do not fit the tiers, weights do not add up to 1, or cells name what does not exist.

    Examples
    --------
    >>> from customer_value.segments import TierScheme, TierCut
    >>> scheme = TierScheme(("gold", "others"), cut=TierCut("threshold", [900]))
    >>> scheme
    <TierScheme: gold, others; score >= 900>
    >>> TierScheme.from_json(scheme.to_json()) == scheme
    True
    """

    tiers: tuple[str, ...]
    cut: TierCut | None = None
    criteria: tuple[TierCriterion, ...] = ()
    cells: Mapping[Cell, str] = field(default_factory=dict)
    score: str | None = None
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    source: str = ""

    def __post_init__(self) -> None:
        names = tuple(text_value(name, "the name of a tier") for name in name_list(self.tiers, "tiers", "tier"))
        if len(names) < 2 or len(set(names)) < len(names):
            raise InputError(f"tiers must be two different names or more, best first; got {list(names)}.")
        object.__setattr__(self, "tiers", names)
        if not isinstance(self.criteria, (tuple, list)) or not isinstance(self.cells, Mapping):
            raise InputError("criteria must be a sequence of TierCriterion, and cells a mapping {(level, ...): tier}.")
        if self.cut is not None and not isinstance(self.cut, TierCut):
            raise InputError(f"cut must be a TierCut; got {self.cut!r}.")
        object.__setattr__(self, "criteria", tuple(self.criteria))
        require_label_table(self.labels, names, "tiers")
        text_value(self.source, "source", empty=True)
        optional_text(self.score, "score")
        self._check_criteria()
        if self.kind == "matrix":
            self._check_cells()
        elif self.cut is None or self.cells:
            raise InputError("a scheme must have either a cut, or criteria with levels and a table of their cells.")
        elif len(self.cut.at) != len(names) - 1:
            raise InputError(f"{len(names)} tiers need {len(names) - 1} cuts; there are {len(self.cut.at)}.")

    def _check_criteria(self) -> None:
        if not all(isinstance(criterion, TierCriterion) for criterion in self.criteria):
            raise InputError(f"criteria must be TierCriterion; got {list(self.criteria)}.")
        named = [criterion.name for criterion in self.criteria]
        if len(set(named)) < len(named):
            raise InputError(f"criteria must have different names; got {named}.")
        if self.score is not None and self.criteria:
            raise InputError(f"score is for a scheme of one score; this one reads {named}.")
        weights = [criterion.weight for criterion in self.criteria if criterion.weight is not None]
        if weights and len(weights) < len(named):
            raise InputError("either all criteria are weighed or none is.")
        if weights and abs(math.fsum(weights) - 1) > _WHOLE:
            raise InputError(f"weights must add up to 1; {weights} add up to {math.fsum(weights):g}.")
        pointed = [criterion for criterion in self.criteria if criterion.points]
        if pointed and len(pointed) < len(named):
            raise InputError(f"either all criteria give points or none does; only {[c.name for c in pointed]} do.")
        if (n := math.prod(len(criterion.levels) or 1 for criterion in self.criteria)) > _MOST_CELLS:
            raise InputError(f"levels make {n:,} combinations; {_MOST_CELLS:,} at most. Take fewer levels or criteria.")

    def _check_cells(self) -> None:
        if self.cut is not None:
            raise InputError("criteria with levels need a table of cells, {(level, ...): tier}, and no cut.")
        known = set(self.combinations())
        strangers = [cell for cell in self.cells if cell not in known]
        if strangers:
            levels = {criterion.name: list(criterion.levels) for criterion in self.criteria}
            raise InputError(f"cells {strangers[:3]} are no combinations of the levels {levels}.")
        unknown = sorted({str(tier) for tier in self.cells.values() if tier not in self.tiers})
        if unknown:
            raise InputError(f"cells name the tiers {unknown}; tiers are {list(self.tiers)}.")

    @property
    def kind(self) -> Kind:
        """What the scheme looks at: "score", "matrix", "scorecard" or "points"."""
        if not self.criteria:
            return "score"
        if self.criteria[0].weight is not None:
            return "scorecard"
        return "points" if self.criteria[0].points else "matrix"

    @property
    def fitted(self) -> bool:
        """Tell whether one customer can be judged without the others: all cuts are thresholds, all limits known."""
        return (self.cut is None or self.cut.fitted) and all(criterion.fitted for criterion in self.criteria)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the criteria read, without the score."""
        return tuple(dict.fromkeys(criterion.column for criterion in self.criteria))

    def combinations(self) -> Iterator[Cell]:
        """Give each combination of levels, that of the best levels first, the last criterion running fastest."""
        yield from itertools.product(*(criterion.levels for criterion in self.criteria))

    def points_of(self, cell: Cell) -> float:
        """Return the points of a combination of levels."""
        if self.kind != "points":
            raise InputError(f"points_of is for a scheme of points; this one is a {self.kind}.")
        levels = zip(self.criteria, self._checked(cell), strict=True)
        return math.fsum(c.points[c.levels.index(level)] for c, level in levels)

    def tier_of(self, cell: Cell) -> str | None:
        """Return the tier of a combination of levels; None for one that is undecided."""
        if self.kind == "matrix":
            return self.cells.get(self._checked(cell))
        if self.kind != "points" or self.cut is None or not self.cut.fitted:
            raise InputError(f"tier_of is for combinations of levels; this scheme has none: {self!r}.")
        points = self.points_of(cell)
        below = self.cut.lower_is_better
        missed = sum(t is None or (points > t if below else points < t) for t in self.cut.at)
        return self.tiers[missed]

    def _checked(self, cell: Cell) -> Cell:
        levels = {criterion.name: list(criterion.levels) for criterion in self.criteria}
        fits = isinstance(cell, tuple) and len(cell) == len(levels)
        if not fits or any(level not in known for level, known in zip(cell, levels.values(), strict=True)):
            raise InputError(f"a combination must be a tuple of one level of each of {levels}; got {cell!r}.")
        return cell

    def check(self) -> TierCheck:
        """Find combinations without a tier, tiers that nobody gets, and better combinations in worse tiers.

        Returns
        -------
        TierCheck
            Its `ok` is true if nothing was found; its text tells what was.

        Examples
        --------
        >>> from customer_value.segments import tiers
        >>> print(tiers.preset("strategic_key_ordinary").check())
        12 cases: each has its tier, and better ones no worse tier.
        """
        if self.kind in {"score", "scorecard"} or (self.kind == "points" and not self.fitted_total):
            return TierCheck(len(self.tiers), (), (), ())
        found = {cell: self.tier_of(cell) for cell in self.combinations()}
        rank = {tier: position for position, tier in enumerate(self.tiers)}
        inversions = []
        for cell, tier in found.items():
            for worse in self._one_level_worse(cell):
                below = found[worse]
                if tier is not None and below is not None and rank[tier] > rank[below]:
                    inversions.append((cell, worse))
        return TierCheck(
            n_cells=len(found),
            undecided=tuple(cell for cell, tier in found.items() if tier is None),
            unreachable=tuple(tier for tier in self.tiers if tier not in found.values()),
            inversions=tuple(inversions),
        )

    @property
    def fitted_total(self) -> bool:
        """Tell whether the cut of the one number is one by thresholds."""
        return self.cut is not None and self.cut.fitted

    def _one_level_worse(self, cell: Cell) -> Iterator[Cell]:
        for i, criterion in enumerate(self.criteria):
            position = criterion.levels.index(cell[i])
            if position + 1 < len(criterion.levels):
                yield (*cell[:i], criterion.levels[position + 1], *cell[i + 1 :])

    def to_json(self) -> str:
        """Return the scheme as JSON text with a schema version; `from_json` reads it back."""
        saved = {
            "schema": _SCHEMA,
            "model": type(self).__name__,
            "tiers": list(self.tiers),
            "cut": None if self.cut is None else self.cut.as_data(),
            "criteria": [criterion.as_data() for criterion in self.criteria],
            "cells": [[*cell, tier] for cell, tier in self.cells.items()],
            "score": self.score,
            "labels": {language: dict(texts) for language, texts in self.labels.items()},
            "source": self.source,
        }
        return json.dumps(saved, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Make a scheme from the text that `to_json` gave; values are checked and no code runs.

        Raises
        ------
        InputError
            The text is not JSON, is not of this class and schema, or holds no scheme.
        """
        saved = saved_values(text, cls.__name__, _SCHEMA)
        try:
            return cls(
                tiers=tuple(saved["tiers"]),
                cut=None if saved["cut"] is None else TierCut.from_data(saved["cut"]),
                criteria=tuple(TierCriterion.from_data(each) for each in saved["criteria"]),
                cells={tuple(row[:-1]): row[-1] for row in saved["cells"]},
                score=saved["score"],
                labels=saved["labels"],
                source=saved["source"],
            )
        except (KeyError, TypeError, IndexError) as error:
            raise InputError(f"this text is no {cls.__name__} that to_json wrote: {error!r}.") from None

    def __repr__(self) -> str:
        return f"<TierScheme: {', '.join(self.tiers)}; {self._how()}>"

    def _how(self) -> str:
        names = " x ".join(criterion.name for criterion in self.criteria)
        if self.cut is None:
            return f"{names}, {len(self.cells)} cells{'' if self.fitted else ', not fitted'}"
        fitted_from = f", fitted from {self.cut.fitted_from}" if self.cut.fitted_from else ""
        if self.kind == "scorecard":
            names = "weighted sum of " + ", ".join(f"{c.weight:g} {c.name}" for c in self.criteria)
        elif self.kind == "points":
            names = "points of " + ", ".join(criterion.name for criterion in self.criteria)
        return f"{names or self.score or 'score'} {self.cut}{fitted_from}"


def _say(cell: Cell) -> str:
    return " x ".join(cell)
