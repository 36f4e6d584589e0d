"""Shades for ordered things, the best or latest first and darkest."""

from __future__ import annotations

import numpy as np

from customer_value._optional import import_optional
from customer_value.plots._axes import INSTALL


def shades(n: int) -> list[tuple[float, ...]]:
    """Return n colours from dark to light that differ in lightness, so that they can be told apart in grey too."""
    maps = import_optional("matplotlib", what="plots", install=INSTALL).colormaps
    return [tuple(float(part) for part in maps["viridis"](place)) for place in np.linspace(0.05, 0.95, n)]
