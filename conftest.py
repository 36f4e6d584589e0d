"""What holds for every test and doctest."""

import sys

import pytest


@pytest.fixture(autouse=True)
def _no_figures_left():
    """Close what a picture left open: pyplot keeps every figure, and warns of the twenty-first."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")
