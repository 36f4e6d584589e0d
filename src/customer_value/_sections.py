"""Sections of a report, as text and as HTML: heading, sentences, points, a table, a note."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from customer_value._frames import collect, open_frame

_WIDTH = 100


@dataclass(frozen=True)
class Section:
    """A heading, sentences or listed points, a table, and a note below it."""

    title: str
    sentences: tuple[str, ...] = ()
    points: tuple[tuple[str, str], ...] = ()  # what, and what of it
    table: Any = None
    note: str = ""


def sections_text(sections: Iterable[Section]) -> str:
    """Sections with underlined headings, sentences wrapped, tables in plain text."""
    return "\n\n".join(_as_text(section) for section in sections)


def sections_html(sections: Iterable[Section]) -> str:
    """Sections with headings, lists and tables in HTML."""
    return "".join(_as_html(section) for section in sections)


def _as_text(section: Section) -> str:
    lines = [section.title, "-" * len(section.title)]
    lines += [_wrapped(sentence) for sentence in section.sentences]
    lines += [_wrapped(f"- {what}: {told}", "  ") for what, told in section.points]
    if section.table is not None:
        lines.append(section.table.to_string(index=False, na_rep=""))
    return "\n".join([*lines, *([_wrapped(section.note)] if section.note else [])])


def _wrapped(sentence: str, indent: str = "") -> str:
    return textwrap.fill(sentence, _WIDTH, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False)


def _as_html(section: Section) -> str:
    parts = [f"<h4>{html.escape(section.title)}</h4>"]
    parts += [f"<p>{html.escape(sentence)}</p>" for sentence in section.sentences]
    if section.points:
        points = "".join(f"<li><b>{html.escape(what)}</b>: {html.escape(told)}</li>" for what, told in section.points)
        parts.append(f"<ul>{points}</ul>")
    if section.table is not None:
        parts.append(section.table.to_html(index=False, na_rep="", border=0))
    return "".join([*parts, *([f"<p><small>{html.escape(section.note)}</small></p>"] if section.note else [])])


def short_table(frame: Any, columns: Mapping[str, str], digits: int, other: Mapping[str, int] | None = None) -> Any:
    """Columns under short names, numbers as texts of so many digits; what is null throughout is left out."""
    kept = [name for name in columns if name in frame.columns and frame[name].notna().any()]
    shown = frame[kept].copy()
    for name in kept:
        if shown[name].dtype.kind == "f":
            places = (other or {}).get(name, digits)
            shown[name] = shown[name].map(lambda v, p=places: "" if v != v else f"{v:,.{p}f}")
    return shown.rename(columns=columns)


def to_pandas(frame: Any) -> Any:
    """Return a frame of any library as one of pandas, whose tables are the same text everywhere."""
    return collect(open_frame(frame)).to_pandas()
