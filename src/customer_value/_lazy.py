"""Names of a room that load their file on first use (PEP 562): what is not asked for costs no import."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(
    room: str, homes: Mapping[str, str], scope: dict[str, Any]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the `__getattr__` and `__dir__` of a room, from its names and the file of each.

    A name that is its file's own is the file itself, a namespace.
    """

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        home = import_module(f"{room}.{homes[name]}")
        scope[name] = home if name == homes[name] else getattr(home, name)
        return scope[name]

    return get, lambda: sorted(homes)
