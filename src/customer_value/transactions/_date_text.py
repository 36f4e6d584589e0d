"""Dates that an export holds as text or as Python objects, read one way for every library of frames.

Nothing is guessed: a date that can be read with the day or the month first needs a format.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import numpy as np

from customer_value.transactions._entries import Flags, distinct_texts, is_absent

_NAT = int(np.datetime64("NaT").astype(np.int64))
_UNREADABLE = _NAT + 1
_EPOCH = dt.date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Dates:
    """A date column that was read: local wall-clock time, NaT where missing or unreadable."""

    moments: np.ndarray[Any, np.dtype[np.datetime64]]
    unreadable: Flags
    aware: Any  # an entry with a time zone, None if there is none
    naive: Any  # an entry without


def read_dates(entries: Sequence[Any], *, date_format: str | None = None, utc: bool = False) -> Dates:
    """Read texts (ISO 8601, or as `date_format` says), whole numbers with a `date_format`, dates and timestamps.

    Timestamps with a time zone give the wall clock of that zone, or of UTC.
    """
    read_text = _text_reader(date_format)
    texts = distinct_texts(entries)
    plain = _plain_iso(texts) if date_format is None else None
    seen: dict[bool, Any] = {False: texts[0]} if plain is not None else {}

    def ticks(entry: Any) -> int:
        try:
            wall_clock, offset = _ticks(entry, read_text, numbers=date_format is not None)
        except (ValueError, OverflowError):
            return _NAT if is_absent(entry) else _UNREADABLE
        seen.setdefault(offset is not None, entry)
        return wall_clock - offset if utc and offset is not None else wall_clock

    # Equal timestamps of two zones are equal keys with two wall clocks, so only texts are read once for all.
    known = dict(zip(texts, plain if plain is not None else map(ticks, texts), strict=True))
    read = np.fromiter((known[e] if isinstance(e, str) else ticks(e) for e in entries), np.int64, len(entries))
    unreadable = read == _UNREADABLE
    return Dates(np.where(unreadable, _NAT, read).view("datetime64[us]"), unreadable, seen.get(True), seen.get(False))


Ticks = tuple[int, int | None]  # microseconds from 1970 on the entry's own clock; that clock's distance from UTC


def _ticks(entry: Any, read_text: Callable[[str], Ticks], *, numbers: bool) -> Ticks:
    if isinstance(entry, str):
        return read_text(entry.strip())
    if isinstance(entry, dt.date) and not is_absent(entry):
        return _microseconds(
            entry if isinstance(entry, dt.datetime) else dt.datetime(entry.year, entry.month, entry.day)
        )
    if numbers and isinstance(entry, (int, float, np.integer, np.floating)) and entry == int(entry):
        return read_text(str(int(entry)))
    raise ValueError(entry)


def _microseconds(moment: dt.datetime) -> Ticks:
    # In whole numbers: numpy needs ten times as long for datetime objects, and floats of microseconds lose digits.
    seconds = (moment.toordinal() - _EPOCH) * 86_400 + moment.hour * 3_600 + moment.minute * 60 + moment.second
    offset = moment.utcoffset()
    return seconds * 1_000_000 + moment.microsecond, None if offset is None else offset // dt.timedelta(microseconds=1)


_PLAIN_ISO = re.compile(r"(?:(?!0000)\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)?\n)++", re.ASCII)


def _plain_iso(texts: Sequence[str]) -> list[int] | None:
    """Read texts that are all ISO dates or timestamps without a zone by numpy, five times faster; None if not all are.

    The pattern keeps out what numpy would read on its own terms: "today", "2024-01" and offsets.
    """
    if not _PLAIN_ISO.fullmatch("\n".join([*texts, ""])):
        return None
    try:
        read: list[int] = np.array(texts, dtype="datetime64[us]").view(np.int64).tolist()
    except ValueError:  # such as the 31st of June
        return None
    return read


def _text_reader(date_format: str | None) -> Callable[[str], Ticks]:
    """Return a function that reads a date text.

    A million timestamps hold a few thousand dates and at most 86,400 times of day in whole seconds. Where the format
    can be cut between the two, each half is read once: Python's strptime is slow.
    """
    if date_format is None:
        return lambda text: _microseconds(_iso(text))

    def whole(text: str) -> Ticks:
        return _microseconds(dt.datetime.strptime(text, date_format))

    date_half, space, clock_half = date_format.partition(" ")
    if not space or re.search("%[^YymdbBj]", date_half) or re.search("%[^HIMSfp]", clock_half):
        return whole

    @cache
    def date(text: str) -> int:
        return _microseconds(dt.datetime.strptime(text, date_half))[0]

    @cache
    def clock(text: str) -> int:
        return _microseconds(dt.datetime.strptime("1970-01-01 " + text, "%Y-%m-%d " + clock_half))[0]

    def in_halves(text: str) -> Ticks:
        head, _, tail = text.partition(" ")
        return date(head) + clock(tail), None

    return in_halves


def _iso(text: str) -> dt.datetime:
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        if text.endswith((" UTC", " GMT")):  # as BigQuery and many public data sets write it
            return dt.datetime.fromisoformat(text[:-4] + "+00:00")
        raise


def fitting_formats(texts: Iterable[str]) -> list[str]:
    """Return the usual date formats that read every one of the texts."""
    dates = [
        d.replace("/", separator)
        for separator in "/.-"
        for d in ("%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d/%m/%y", "%m/%d/%y")
    ]
    times = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
    texts = sorted({text.strip() for text in texts})
    return [f for f in map("".join, product(dates, times)) if texts and all(_fits(text, f) for text in texts)]


def _fits(text: str, date_format: str) -> bool:
    try:
        dt.datetime.strptime(text, date_format)
    except ValueError:
        return False
    return True
