"""Customer ids of any type as integers in the same order."""

from __future__ import annotations

from typing import Any

import numpy as np

from customer_value._frames import nw, text_chunks
from customer_value.errors import InputError
from customer_value.transactions._row_order import Integers, dense_codes
from customer_value.transactions._text_labels import text_labels

_SIGN_BIT = 63
_BELOW_SIGN = np.int64((1 << _SIGN_BIT) - 1)


def id_labels(ids: nw.Series[Any]) -> Integers:
    """Return an integer per row: equal for equal ids only, and in the order in which the library sorts the ids.

    Nulls, where a column may hold them, are one id before all others. The labels need not be consecutive.
    """
    if ids.null_count():
        with_null = np.zeros(len(ids), dtype=np.int64)
        with_null[~ids.is_null().to_numpy()] = dense_codes(id_labels(ids.drop_nulls()))[0] + 1
        return with_null
    dtype = ids.dtype
    if isinstance(dtype, (nw.Int128, nw.UInt128)):
        return _looked_up(ids)
    if dtype.is_integer():
        return np.asarray(ids.to_numpy())
    if dtype.is_float():
        return _float_labels(np.asarray(ids.to_numpy(), dtype=np.float64))
    if isinstance(dtype, (nw.Categorical, nw.Enum)):
        return _category_labels(ids)
    chunks = text_chunks(ids) if isinstance(dtype, (nw.String, nw.Object)) else None
    labels = None if chunks is None else text_labels(chunks)
    return _looked_up(ids) if labels is None else labels


def _float_labels(values: np.ndarray[Any, np.dtype[np.float64]]) -> Integers:
    """Order-preserving integers of floats: their bits, turned round below zero."""
    bits = (values + 0.0).view(np.int64)  # + 0.0 makes -0.0, which equals 0.0, the same bits
    labels: Integers = bits ^ ((bits >> _SIGN_BIT) & _BELOW_SIGN)
    return labels


def _category_labels(ids: nw.Series[Any]) -> Integers:
    """Codes, where the library sorts by them; else the labels of what the categories hold."""
    native = ids.to_native()
    if ids.implementation.is_pandas_like():
        return np.asarray(native.cat.codes.to_numpy())
    if isinstance(ids.dtype, nw.Enum) and ids.implementation.is_polars():
        return np.asarray(native.to_physical().to_numpy())
    if ids.implementation.is_pyarrow():
        return id_labels(nw.from_native(native.cast(native.type.value_type), series_only=True))
    return id_labels(ids.cast(nw.String))


def _looked_up(ids: nw.Series[Any]) -> Integers:
    """Ranks among the sorted distinct ids, found by the frame's own library: slower, but for any type with an order."""
    try:
        distinct = ids.unique().sort().to_list()
    except TypeError:
        raise InputError(
            f"{ids.name} must hold ids of one type that can be sorted; it mixes types. Turn them into text first."
        ) from None
    ranks = ids.replace_strict(distinct, list(range(len(distinct))), return_dtype=nw.Int64)
    return np.asarray(ranks.to_numpy())
