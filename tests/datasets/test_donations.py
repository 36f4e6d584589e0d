import json
import sys
from pathlib import Path

import pytest

from customer_value.datasets import load_donations
from customer_value.errors import InputError, MissingDependencyError

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "datasets.json").read_text())["donations"]


def test_every_possible_pattern_once():
    donors = load_donations()
    assert len(donors) == GOLDEN["rows"]
    assert donors["customers"].sum() == GOLDEN["donors"]
    assert (donors["frequency"] * donors["customers"]).sum() == GOLDEN["gifts"]
    possible = {(0, 0)} | {(x, last) for last in range(1, 7) for x in range(1, last + 1)}
    assert set(zip(donors["frequency"], donors["recency"], strict=True)) == possible
    assert donors["opportunities"].eq(6).all()


def test_same_rows_in_every_library():
    expected = load_donations().to_dict(orient="list")
    assert load_donations(backend="polars").to_dict(as_series=False) == expected
    assert load_donations(backend="pyarrow").to_pydict() == expected


def test_missing_lifetimes_names_the_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "lifetimes", None)
    with pytest.raises(MissingDependencyError, match=r"load_donations needs .*pip install lifetimes"):
        load_donations()


def test_unknown_library():
    with pytest.raises(InputError, match="backend must be one of"):
        load_donations(backend="duckdb")
