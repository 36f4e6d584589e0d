"""RFM schemes: JSON and back, the table of edges, what a scheme tells, and edges that are none."""

import copy
import json
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import customer_value as cv
from customer_value.errors import InputError
from customer_value.segments import RFMScheme, fit_rfm_scheme

FLAT = {"r": (180, 30), "f": (2, np.inf), "m": (-5.5, 200)}
NESTED = {"r": (30,), "f": ((2,), (3,)), "m": (((1, 5), (2, 6)), ((3, 7), (4, 8)))}
NAMES = {"r": "days", "f": "orders", "m": "value_12m"}


@pytest.mark.parametrize(
    "scheme",
    [
        RFMScheme(FLAT),
        RFMScheme({**FLAT, "r": (30, -np.inf)}, NAMES, ties="r-rfm", time_unit="week"),
        RFMScheme(NESTED, NAMES, ties="edge", weights={"r": 1, "f": 0.1, "m": 0}, time_unit="day"),
    ],
)
def test_json_and_back(scheme, tmp_path):
    text = scheme.to_json()
    saved = json.loads(text)
    assert (saved["schema"], saved["model"]) == (1, "RFMScheme")
    assert "Infinity" not in text
    again = RFMScheme.from_json(text)
    assert again == scheme
    assert again.to_json() == text
    cv.save_models(tmp_path / "models.json", rfm=scheme)
    assert cv.load_models(tmp_path / "models.json")["rfm"] == scheme
    assert copy.deepcopy(scheme) == pickle.loads(pickle.dumps(scheme)) == scheme


def test_a_fitted_scheme_keeps_every_digit(rfm_data):
    frame = pd.DataFrame({**rfm_data(200), "total_value": np.random.default_rng(0).lognormal(size=200)})
    for ties in ("mid", "edge"):
        scheme = fit_rfm_scheme(frame, ties=ties, binning="nested", bins=3)
        assert RFMScheme.from_json(scheme.to_json()).edges == scheme.edges


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "RFMScheme.from_json reads the text that to_json wrote"),
        (None, "RFMScheme.from_json reads the text that to_json wrote"),
        ("[1]", "RFMScheme reads schemes of its own class and schema 1"),
        ('{"schema": 1, "model": "TierScheme"}', "RFMScheme reads schemes of its own class"),
        ('{"schema": 2, "model": "RFMScheme"}', "RFMScheme reads schemes of its own class and schema 1"),
        ('{"schema": 1, "model": "RFMScheme"}', "this text is no RFMScheme that to_json wrote: KeyError"),
        ('{"schema": 1, "model": "RFMScheme", "edges": [1]}', "this text is no RFMScheme"),
    ],
)
def test_text_that_is_no_scheme(text, message):
    with pytest.raises(InputError, match=message):
        RFMScheme.from_json(text)


def test_values_in_json_are_checked():
    saved = json.loads(RFMScheme(FLAT).to_json())
    for change in ({"ties": "first"}, {"edges": {"r": [1]}}, {"columns": {"r": 1, "f": "a", "m": "b"}}, {"weights": 3}):
        with pytest.raises(InputError):
            RFMScheme.from_json(json.dumps({**saved, **change}))


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ({"r": (1,), "f": (1,)}, r"edges must be a mapping with the keys \['r', 'f', 'm'\]; got \['r', 'f'\]"),
        ([(1,), (1,), (1,)], "edges must be a mapping"),
        ({**FLAT, "r": (30, 180)}, "edges of 'r' must fall from score 2 to the top one"),
        ({**FLAT, "f": (5, 2)}, "edges of 'f' must rise from score 2 to the top one"),
        ({**FLAT, "m": (1, np.nan)}, "edges of 'm' must rise"),
        ({**FLAT, "m": (-np.inf, 1)}, "edges of 'm' must rise"),
        ({**FLAT, "r": (np.inf, 1)}, "edges of 'r' must fall"),
        ({**FLAT, "m": ()}, "edges of 'm' must be a list of 1 to 98 numbers"),
        ({**FLAT, "m": range(99)}, "edges of 'm' must be a list of 1 to 98 numbers"),
        ({**FLAT, "m": 3}, "edges of 'm' must be a list of"),
        ({**FLAT, "m": ("a",)}, "edges must be numbers, equally many in each cell"),
        ({**NESTED, "f": ((2,), (3, 4))}, "edges must be numbers, equally many in each cell"),
        ({**NESTED, "f": ((2,), (3,), (4,))}, "edges of 'f' must be 2 lists of 1 to 98 numbers"),
        ({**NESTED, "m": (1, 2)}, "edges of 'm' must be 2 lists of 2 lists of 1 to 98 numbers"),
        ({**NESTED, "r": ((30,),)}, "edges of 'r' must be a list of 1 to 98 numbers"),
    ],
)
def test_edges_that_are_none(edges, message):
    with pytest.raises(InputError, match=message):
        RFMScheme(edges)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"columns": {"r": "a", "f": "b"}}, "columns must be a mapping with the keys"),
        ({"columns": {"r": "a", "f": "b", "m": 3}}, "the column of 'm' must be a non-empty text; got 3"),
        ({"ties": "average"}, "ties must be one of"),
        ({"weights": {"r": 1, "f": 1, "m": -1}}, "the weight of 'm' must be 0 or above"),
        ({"weights": {"r": 1e308, "f": 1e308, "m": 1}}, "nor add up beyond all bounds"),
        ({"time_unit": "weeks"}, "time_unit must be one of"),
    ],
)
def test_what_else_does_not_fit(change, message):
    with pytest.raises(InputError, match=message):
        RFMScheme(FLAT, **change)


def test_what_a_scheme_tells():
    flat, nested = RFMScheme(FLAT), RFMScheme(NESTED, NAMES, "edge", {"r": 1, "f": 0.5, "m": 2}, "week")
    assert (flat.bins, flat.binning) == ({"r": 3, "f": 3, "m": 3}, "independent")
    assert (nested.bins, nested.binning) == ({"r": 2, "f": 2, "m": 3}, "nested")
    assert repr(nested) == (
        "<RFMScheme: 2 x 2 x 3 scores of days (weeks), orders, value_12m; nested bins, ties='edge', "
        "weights r 1, f 0.5, m 2>"
    )


def test_a_scheme_does_not_change_with_what_it_was_made_from():
    edges = {"r": [3.0], "f": [2.0], "m": [1.0]}
    scheme = RFMScheme(edges)
    edges["f"][0] = 9.0
    assert scheme.edges["f"] == (2.0,)


def test_the_table_of_edges():
    table = RFMScheme(FLAT, ties="r-rfm").edge_table()
    assert table["rule"].tolist() == ["<"] * 2 + [">="] * 4
    assert table["edge"].tolist()[:3] == [180.0, 30.0, 2.0]
    assert table["edge"].isna().tolist() == [False] * 3 + [True] + [False] * 2
    assert set(table["within"]) == {""}
    nested = RFMScheme(NESTED, NAMES).edge_table()
    assert nested.query("dimension == 'f'")["within"].tolist() == ["R 1", "R 2"]
    last = nested.iloc[-1].to_dict()
    assert last == {"dimension": "m", "column": "value_12m", "within": "R 2, F 2", "score": 3, "rule": ">=", "edge": 8}


def test_the_table_in_each_library():
    scheme = RFMScheme(FLAT)
    polars, arrow = scheme.edge_table("polars"), scheme.edge_table("pyarrow")
    assert isinstance(polars, pl.DataFrame)
    assert isinstance(arrow, pa.Table)
    assert polars["edge"].to_list() == arrow["edge"].to_pylist() == [180.0, 30.0, 2.0, None, -5.5, 200.0]
    with pytest.raises(InputError, match="backend must be one of"):
        scheme.edge_table("excel")
