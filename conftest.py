"""What holds for every test and doctest."""

import sys

import pytest


@pytest.fixture(autouse=True)
def _no_figures_left():
    """Close what a picture left open: pyplot keeps every figure, and warns of the twenty-first."""
    yield
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot and pyplot.get_fignums():  # closing none still collects garbage
        pyplot.close("all")
