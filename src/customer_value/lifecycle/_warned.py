"""Warnings of the same work at several cutoffs, told once each instead of at every cutoff."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from customer_value._units import date_of
from customer_value.errors import CustomerValueWarning, warn

_NUMBERS = re.compile(r"\d[\d,.]*")


class Warned:
    """What was warned of, by what was said apart from its numbers: the cutoffs, and the words at the last of them."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[str, type[CustomerValueWarning], list[int]]] = {}

    @contextmanager
    def at(self, day: int) -> Iterator[None]:
        """Keep this library's warnings; others, of the user's own functions, go on."""
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            yield
        for each in heard:
            if not issubclass(each.category, CustomerValueWarning):
                warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
                continue
            text = str(each.message)
            days = self._said.get(_NUMBERS.sub("", text), (text, each.category, []))[2]
            # One cutoff may say the same of two of its steps.
            self._said[_NUMBERS.sub("", text)] = text, each.category, [*days, *({day} - {*days})]

    def tell(self, cutoffs: int) -> None:
        """Give each warning once, at the caller's own line."""
        for text, category, days in self._said.values():
            warn(f"at {len(days)} of {cutoffs} cutoffs; at that of {date_of(days[-1])}: {text}", category)
