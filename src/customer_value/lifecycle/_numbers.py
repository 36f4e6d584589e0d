"""Numbers and choices as columns of text: by expressions on lazy frames, by looking up the few distinct ones in memory.

Whole numbers throughout: engines round and print floats in ways of their own. Both ways give the same text; joining
strings is what costs time in memory, and a million numbers of one decimal are few distinct ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from customer_value._frames import AnyFrame, EagerFrame, nw, texts, with_arrays

Codes = np.ndarray[Any, np.dtype[np.int64]]

_DENSE = 1 << 22  # codes below are counted instead of sorted


@dataclass(frozen=True)
class Place:
    """A number in a text: how many parts of one it is written in (1, 10, 100), and the words that follow it."""

    value: nw.Expr
    parts: int
    one: str = ""
    many: str = ""

    def followed_by(self, words: str) -> Place:
        """The same place with more words behind it."""
        return replace(self, one=self.one + words, many=self.many + words)

    def scaled(self) -> nw.Expr:
        """The number in whole parts, 0 where it is null."""
        return (self.value * self.parts + 0.5).floor().fill_null(0).cast(nw.Int64)

    def say(self, scaled: int) -> str:
        """Write one number. A probability keeps both decimals, a measure drops one that is 0."""
        whole, rest = divmod(scaled, self.parts)
        shown = f".{rest:02d}" if self.parts == 100 else f".{rest}" if rest else ""
        return f"{whole}{shown}{self.one if scaled == self.parts else self.many}"

    def expression(self) -> nw.Expr:
        """Write each number, as `say` does."""
        scaled = self.scaled()
        whole = scaled // self.parts
        rest = scaled - whole * self.parts
        written = [whole.cast(nw.String)]
        if self.parts == 100:
            pad = nw.when(rest < 10).then(nw.lit(".0")).otherwise(nw.lit("."))
            written += [pad, rest.cast(nw.String)]
        elif self.parts == 10:
            shown = nw.concat_str(nw.lit("."), rest.cast(nw.String))
            written.append(nw.when(rest == 0).then(nw.lit("")).otherwise(shown))
        written.append(nw.when(scaled == self.parts).then(nw.lit(self.one)).otherwise(nw.lit(self.many)))
        return nw.concat_str(*written)


def with_texts(frame: AnyFrame, places: Mapping[str, Place], where: nw.Expr) -> AnyFrame:
    """Add a column of text for each place, empty where a condition does not hold."""
    if isinstance(frame, nw.LazyFrame):
        return frame.with_columns(
            nw.when(where).then(place.expression()).otherwise(nw.lit("")).alias(name) for name, place in places.items()
        )
    made = {}
    numbers = frame.select(where.alias("where"), **{name: place.scaled() for name, place in places.items()})
    holds = np.asarray(numbers.get_column("where").to_numpy(), dtype=bool)
    for name, place in places.items():
        scaled = np.where(holds, np.asarray(numbers.get_column(name).to_numpy(), dtype=np.int64), -1)
        codes, distinct = _distinct(scaled + 1)
        made[name] = texts(codes, [place.say(each - 1) if each else "" for each in distinct.tolist()], frame)
    return with_arrays(frame, made)


def chosen(frame: EagerFrame, number: str, places: Sequence[int] | None = None) -> Codes:
    """Give a column of small whole numbers as an array, or the place that each of them stands for."""
    numbers = np.asarray(frame.get_column(number).to_numpy(), dtype=np.int64)
    return numbers if places is None else np.asarray(places, dtype=np.int64)[numbers]


def choice(number: str, options: Sequence[str]) -> nw.Expr:
    """Choose the option of each row's number."""
    *others, value = (nw.lit(option) for option in options)
    made: nw.Expr = value
    for position in reversed(range(len(others))):
        made = nw.when(nw.col(number) == position).then(others[position]).otherwise(made)
    return made


def _distinct(codes: Codes) -> tuple[Codes, Codes]:
    """Return each number's place among the distinct ones, and those."""
    if codes.max() >= _DENSE:
        distinct, places = np.unique(codes, return_inverse=True)
        return places, distinct
    distinct = np.flatnonzero(np.bincount(codes))
    place_of = np.zeros(int(codes.max()) + 1, dtype=np.int64)
    place_of[distinct] = np.arange(distinct.size)
    return place_of[codes], distinct
