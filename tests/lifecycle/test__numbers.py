"""Numbers read the same whether an expression writes them or they are looked up."""

import narwhals.stable.v2 as nw
import numpy as np
import polars as pl
import pytest

from customer_value.lifecycle._numbers import Place, chosen, with_texts

VALUES = [0.0, 0.04, 0.05, 0.949, 0.95, 1.0, 1.04, 1.05, 9.96, 10.0, 1234.56, 5e6, 1e12]


@pytest.mark.parametrize(
    ("parts", "texts"),
    [
        (1, ["0 x", "0 x", "0 x", "1 y", "1 y", "1 y", "1 y", "1 y", "10 x", "10 x", "1235 x"]),
        (10, ["0 x", "0 x", "0.1 x", "0.9 x", "1 y", "1 y", "1 y", "1.1 x", "10 x", "10 x", "1234.6 x"]),
        (100, ["0.00 x", "0.04 x", "0.05 x", "0.95 x", "0.95 x", "1.00 y", "1.04 x", "1.05 x", "9.96 x", "10.00 x"]),
    ],
)
def test_both_ways_write_the_same(parts, texts):
    place = {"text": Place(nw.col("value"), parts, " y", " x")}
    frame = nw.from_native(pl.DataFrame({"value": VALUES}))
    where = nw.col("value") >= 0
    looked_up = with_texts(frame, place, where).get_column("text").to_list()
    assert looked_up[: len(texts)] == texts
    assert with_texts(frame.lazy(), place, where).collect().get_column("text").to_list() == looked_up


def test_nothing_is_written_where_the_condition_fails():
    frame = nw.from_native(pl.DataFrame({"value": [None, 2.0]}))
    place = {"text": Place(nw.col("value"), 10)}
    for made in (with_texts(frame, place, nw.col("value") > 0), with_texts(frame.lazy(), place, nw.col("value") > 0)):
        assert nw.from_native(made).lazy().collect().get_column("text").fill_null("").to_list() == ["", "2"]


def test_places_stand_for_numbers():
    frame = nw.from_native(pl.DataFrame({"rule": [2, 0, 1]}))
    assert np.array_equal(chosen(frame, "rule", [5, 6, 5]), [5, 5, 6])
