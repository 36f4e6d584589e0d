"""Attributes of groups: means of numbers, commonest values of texts, and both against the base."""

from __future__ import annotations

from typing import Any

import numpy as np

from customer_value._frames import Column, EagerFrame, float_column, nw, texts
from customer_value._validation import require_rows
from customer_value.errors import InputError
from customer_value.segments._groups import Floats, Groups, codes_of, each, ratio, sums


def attribute_columns(frame: EagerFrame, attribute: str, groups: Groups) -> dict[str, Column]:
    """Return the columns that describe one attribute of each group."""
    series = frame.get_column(attribute)
    dtype = series.dtype
    if dtype.is_numeric():
        return _of_numbers(attribute, float_column(series), groups)
    if dtype == nw.Boolean:
        return _of_numbers(attribute, float_column(series.cast(nw.Float64)), groups)
    if isinstance(dtype, (nw.String, nw.Categorical, nw.Enum)):
        return _of_texts(attribute, series, groups, frame)
    raise InputError(f"an attribute must hold numbers, truth values or texts; {attribute} is of type {dtype}.")


def _of_numbers(attribute: str, values: Floats, groups: Groups) -> dict[str, Column]:
    require_rows(~np.isinf(values), f"{attribute} must be finite")
    known = ~np.isnan(values)
    there = Groups(groups.codes[known], groups.labels, groups.blocks)
    split = there.split(values[known])
    means = each(split, np.mean)
    base = ratio(there.totals(sums(split)), there.totals(there.counts))
    return {f"mean_{attribute}": means, f"index_{attribute}": _index(means, base)}


def _of_texts(attribute: str, series: nw.Series[Any], groups: Groups, frame: EagerFrame) -> dict[str, Column]:
    known = ~np.asarray(series.is_null().to_numpy(), dtype=bool)
    keys, codes = codes_of(series.drop_nulls())
    of = groups.codes[known]
    n = groups.labels * groups.blocks
    counts = np.bincount(of * max(len(keys), 1) + codes, minlength=n * max(len(keys), 1)).reshape(n, -1)
    totals = counts.sum(axis=1)
    base = counts.reshape(groups.blocks, groups.labels, -1).sum(axis=1).repeat(groups.labels, axis=0)
    top = counts.argmax(axis=1)  # the first in order, of equally common ones
    rows = np.arange(n)
    share = ratio(counts[rows, top], totals)
    index = _index(share, ratio(base[rows, top], base.sum(axis=1)))
    return {
        f"top_{attribute}": texts(np.where(totals > 0, top, -1), [str(key) for key in keys], frame),
        f"share_{attribute}": share,
        f"index_{attribute}": index,
    }


def _index(figure: Floats, base: Floats) -> Floats:
    """Put a figure against that of all customers, 100 being the same; null where theirs is not above 0."""
    return ratio(100 * figure, base)
