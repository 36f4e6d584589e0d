"""Rules that name segments: boxes of R, F and M scores, and the proof that they cover every cell exactly once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from customer_value._labels import require_label_table
from customer_value._validation import few, saved_values, text_value, whole_number
from customer_value.errors import InputError

DIMENSIONS = ("r", "f", "m")
_SCHEMA = 1
_MOST_BINS = 100  # every cell is looked at

Where = Mapping[str, int | tuple[int, int]]
Box = dict[str, tuple[int, int]]
Cell = tuple[int, ...]


@dataclass(frozen=True)
class RulesCheck:
    """What `SegmentRules.check` found; its text says it in a sentence.

    Attributes
    ----------
    dimensions
        The scores that the rules use, of "r", "f" and "m"; cells are given in this order.
    n_cells
        Number of cells: 25 for five scores of R and F.
    gaps
        Cells that no rule covers.
    overlaps
        Cells that the rules of two or more names cover, with those names.
    unreachable
        Names that no cell gets, since earlier rules take all of theirs.

    Examples
    --------
    >>> from customer_value.segments import SegmentRules
    >>> check = SegmentRules({"recent": {"r": (4, 5)}, "lapsed": {"r": (1, 2)}}).check()
    >>> check.ok, check.gaps
    (False, ((3,),))
    """

    dimensions: tuple[str, ...]
    n_cells: int
    gaps: tuple[Cell, ...]
    overlaps: dict[Cell, tuple[str, ...]]
    unreachable: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Tell whether every cell is covered exactly once and every name can be given."""
        return not (self.gaps or self.overlaps or self.unreachable)

    def __str__(self) -> str:
        if self.ok:
            return f"{self.n_cells} cells: each is covered exactly once."
        found = []
        if self.gaps:
            found.append(f"{len(self.gaps)} by no rule ({few([self._say(cell) for cell in self.gaps])})")
        if self.overlaps:
            cells = [f"{self._say(cell)}: {' and '.join(names)}" for cell, names in self.overlaps.items()]
            found.append(f"{len(self.overlaps)} by the rules of two or more names ({few(cells)})")
        sentence = f"of {self.n_cells} cells, {', '.join(found)}" if found else f"{self.n_cells} cells are covered"
        never = f"; never given: {', '.join(self.unreachable)}" if self.unreachable else ""
        return f"{sentence}{never}."

    def _say(self, cell: Cell) -> str:
        return " ".join(f"{d.upper()}{score}" for d, score in zip(self.dimensions, cell, strict=True))


@dataclass(frozen=True, repr=False)
class SegmentRules:
    """Named segments as boxes of scores, best segment first.

    Parameters
    ----------
    rules
        Name of each segment with its box, or several boxes: the scores "r", "f" and "m" that it takes, each a whole
        number or a pair (lowest, highest). A score that is not named may be any.
    bins
        Number of scores per dimension, as in `score_rfm`: one number, or one for each score, ``{"r": 4, "f": 3}``.
    default
        Name for cells that no rule covers. With a default, rules may also overlap: the first one wins. Without it,
        `assign_segments` takes only rules that cover each cell exactly once.
    labels
        Texts to show instead of the names, by language: ``{"en": {name: text}, "zh": {name: text}}``.
    source
        Where the rules come from.

    Raises
    ------
    InputError
        If a rule is not such a box, or a language lacks a name.

    Examples
    --------
    >>> from customer_value.segments import SegmentRules
    >>> rules = SegmentRules({"vip": {"r": (4, 5), "f": 5}, "lapsing": {"r": (1, 3), "f": (2, 5)}})
    >>> rules
    <SegmentRules(vip, lapsing): 5 R x 5 F; of 25 cells, 11 by no rule (R1 F1, R2 F1, R3 F1, ...).>
    >>> SegmentRules(rules.rules, default="others").names
    ('vip', 'lapsing', 'others')
    >>> SegmentRules.from_json(rules.to_json()) == rules
    True
    """

    rules: Mapping[str, Where | Sequence[Where]]
    bins: int | Mapping[str, int] = 5
    default: str | None = None
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    source: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.rules, Mapping) or not self.rules:
            raise InputError(f"rules must map names to boxes of scores, at least one; got {self.rules!r}.")
        for name in [*self.rules, *([] if self.default is None else [self.default])]:
            text_value(name, "the name of a segment")
        # Written out in full, rules that say the same are equal, and what the caller holds may change.
        boxes = {name: tuple(_read_box(name, where) for where in _boxes(given)) for name, given in self.rules.items()}
        object.__setattr__(self, "rules", boxes)
        object.__setattr__(self, "bins", _read_bins(self.bins))
        if not self.dimensions:
            raise InputError(f"rules must limit at least one of the scores {list(DIMENSIONS)}.")
        lacking = [d for d in self.dimensions if isinstance(self.bins, Mapping) and d not in self.bins]
        if lacking:
            raise InputError(f"bins of the rules must name each score that a rule limits; {lacking} lack a number.")
        for name, box in self.boxes():
            _check_box(name, box, self.scores)
        require_label_table(self.labels, self.names, "rules")
        object.__setattr__(self, "labels", {language: dict(texts) for language, texts in self.labels.items()})
        text_value(self.source, "source", empty=True)

    def __repr__(self) -> str:
        sizes = " x ".join(f"{n} {d.upper()}" for d, n in self.scores.items())
        return f"<{type(self).__name__}({', '.join(self.names)}): {sizes}; {self.check()}>"

    @property
    def names(self) -> tuple[str, ...]:
        """Names in order, best first; the default comes last unless a rule has its name."""
        return tuple(dict.fromkeys([*self.rules, *([] if self.default is None else [self.default])]))

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The scores that the rules use, of "r", "f" and "m"."""
        used = {dimension for _, box in self.boxes() for dimension in box}
        return tuple(dimension for dimension in DIMENSIONS if dimension in used)

    @property
    def scores(self) -> dict[str, int]:
        """Number of scores of each dimension that the rules use."""
        return {d: self.bins[d] if isinstance(self.bins, Mapping) else self.bins for d in self.dimensions}

    def boxes(self) -> Iterator[tuple[str, Box]]:
        """Give each box with its name, every limit as a pair (lowest, highest)."""
        for name, given in self.rules.items():
            for where in _boxes(given):
                yield name, where

    def covers(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Tell for each box which cells it covers: an array of boxes x scores x ... x scores."""
        boxes = [box for _, box in self.boxes()]
        covered = np.zeros((len(boxes), *self.scores.values()), dtype=bool)
        for cells, box in zip(covered, boxes, strict=True):
            limits = [box.get(dimension, (1, bins)) for dimension, bins in self.scores.items()]
            cells[tuple(slice(low - 1, high) for low, high in limits)] = True
        return covered

    def check(self) -> RulesCheck:
        """Find the cells that no rule covers or several names claim, and the names that no cell gets.

        Returns
        -------
        RulesCheck
            Its `ok` is true if every cell is covered exactly once; its text tells what is wrong.

        Examples
        --------
        >>> from customer_value.segments import TEN_SEGMENTS
        >>> print(TEN_SEGMENTS.check())
        25 cells: each is covered exactly once.
        """
        owners = [name for name, _ in self.boxes()]
        covered = self.covers()
        # Two boxes of one name may share cells: the name is the same whichever counts.
        names = tuple(self.rules)
        by_cell = np.stack([covered[[owner == name for owner in owners]].any(axis=0) for name in names], axis=-1)
        claims = by_cell.sum(axis=-1)
        winners = {owners[box] for box in np.unique(covered.argmax(axis=0)[covered.any(axis=0)])}
        return RulesCheck(
            dimensions=self.dimensions,
            n_cells=covered[0].size,
            gaps=tuple(_cells(claims == 0)),
            overlaps={
                cell: tuple(names[i] for i in np.flatnonzero(by_cell[tuple(score - 1 for score in cell)]))
                for cell in _cells(claims > 1)
            },
            unreachable=tuple(name for name in names if name not in winners),
        )

    def to_json(self) -> str:
        """Return the rules as JSON text with a schema version; `from_json` reads it back.

        Returns
        -------
        str
            One JSON object: schema, model, rules (a list, for their order counts), bins, default, labels, source.

        Examples
        --------
        >>> from customer_value.segments import SegmentRules
        >>> text = SegmentRules({"vip": {"r": 2}, "rest": {"r": 1}}, bins=2).to_json()
        >>> SegmentRules.from_json(text).names
        ('vip', 'rest')
        """
        saved = {
            "schema": _SCHEMA,
            "model": type(self).__name__,
            "rules": [{"name": name, "boxes": _boxes(given)} for name, given in self.rules.items()],
            "bins": self.bins,
            "default": self.default,
            "labels": self.labels,
            "source": self.source,
        }
        return json.dumps(saved, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Make rules from the text that `to_json` gave; values are checked and no code runs.

        Parameters
        ----------
        text
            What `to_json` gave.

        Returns
        -------
        SegmentRules

        Raises
        ------
        InputError
            The text is not JSON, is not of this class and schema, or its rules are none.

        Examples
        --------
        >>> from customer_value.segments import TEN_SEGMENTS, SegmentRules
        >>> SegmentRules.from_json(TEN_SEGMENTS.to_json()) == TEN_SEGMENTS
        True
        """
        saved = saved_values(text, cls.__name__, _SCHEMA)
        try:
            rules = {rule["name"]: rule["boxes"] for rule in saved["rules"]}
            if len(rules) < len(saved["rules"]):
                raise InputError("a segment is named twice.")
            rest = {name: saved[name] for name in ("bins", "default", "labels", "source")}
            return cls(rules, **rest)
        except (KeyError, TypeError, InputError) as error:
            raise InputError(f"this text is no {cls.__name__} that to_json wrote: {error}") from None


def _boxes(given: Any) -> tuple[Any, ...]:
    """Return the boxes of a name, of which there may be one, as a tuple."""
    return tuple(given) if isinstance(given, (list, tuple)) else (given,)


def _read_box(name: str, where: object) -> Box:
    if not isinstance(where, Mapping):
        raise InputError(f"the rule of {name!r} must be a mapping such as {{'r': 5, 'f': (4, 5)}}; got {where!r}.")
    return {dimension: _limits(name, dimension, scores) for dimension, scores in where.items()}


def _read_bins(bins: object) -> int | dict[str, int]:
    if not isinstance(bins, Mapping):
        return whole_number(bins, "bins of the rules", low=2, high=_MOST_BINS)
    unknown = [dimension for dimension in bins if dimension not in DIMENSIONS]
    if unknown:
        raise InputError(f"bins of the rules name {unknown}; scores are {list(DIMENSIONS)}.")
    return {d: whole_number(n, f"bins[{d!r}] of the rules", low=2, high=_MOST_BINS) for d, n in bins.items()}


def _limits(name: str, dimension: object, scores: Any) -> tuple[int, int]:
    if dimension not in DIMENSIONS:
        raise InputError(f"the rule of {name!r} names the score {dimension!r}; scores are {list(DIMENSIONS)}.")
    pair = tuple(scores) if isinstance(scores, (tuple, list)) else (scores, scores)
    if len(pair) != 2:
        raise InputError(f"{dimension} in the rule of {name!r} must be a score or a pair of them; got {scores!r}.")
    low, high = (whole_number(score, f"{dimension} in the rule of {name!r}", low=1) for score in pair)
    return low, high


def _check_box(name: str, box: Box, most: Mapping[str, int]) -> None:
    for dimension, (low, high) in box.items():
        if not low <= high <= most[dimension]:
            raise InputError(
                f"{dimension} in the rule of {name!r} must run from a lower to a higher score, 1 to {most[dimension]}; "
                f"got {low} to {high}."
            )


def _cells(where: np.ndarray[Any, np.dtype[np.bool_]]) -> list[Cell]:
    return [tuple(int(score) for score in cell) for cell in np.argwhere(where) + 1]
