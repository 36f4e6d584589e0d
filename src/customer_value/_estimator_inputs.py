"""What scikit-learn style estimators are given, read in one way: columns of frames or matrices, weights of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from customer_value._frames import Column, collect, nw, open_frame
from customer_value._validation import require_some
from customer_value.errors import InputError

Floats = np.ndarray[Any, np.dtype[np.float64]]


def read_columns(estimator: Any, X: Any, *, reset: bool, nan: bool = False) -> dict[str, Column]:
    """Return the columns of a frame or a numeric array by name; scikit-learn records or compares their names."""
    frame = _as_frame(X)
    if frame is None and not (hasattr(X, "shape") or hasattr(X, "__array__") or isinstance(X, Sequence)):
        raise InputError(f"X must be a DataFrame or a matrix of numbers; got {type(X).__name__}.")
    try:
        if frame is None:
            finite = "allow-nan" if nan else True
            checked = validate_data(estimator, X, reset=reset, dtype=np.float64, ensure_all_finite=finite)
            names = getattr(estimator, "feature_names_in_", [f"x{i}" for i in range(checked.shape[1])])
            return dict(zip(map(str, names), checked.T, strict=True))
        require_some(len(frame), "frame")
        validate_data(estimator, frame.to_native(), reset=reset, skip_check_array=True)
    except ValueError as error:
        raise error if isinstance(error, InputError) else InputError(str(error)) from None
    return {name: frame.get_column(name) for name in frame.columns}


def _as_frame(X: Any) -> nw.DataFrame[Any] | None:
    """A DataFrame whose columns have names; arrays, lists and frames with numbers for names are arrays to us."""
    if not isinstance(nw.from_native(X, pass_through=True), (nw.DataFrame, nw.LazyFrame)):
        return None
    frame = collect(open_frame(X))
    return frame if all(isinstance(name, str) for name in frame.columns) else None


def read_weights(sample_weight: Any, n: int) -> Floats:
    """Return one weight per row, 1 where none are given; their bounds are the estimator's."""
    if sample_weight is None:
        return np.ones(n)
    try:
        weights = np.asarray(sample_weight, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InputError("sample_weight must be numbers, one per row.") from None
    if weights.ndim == 0:
        weights = np.full(n, float(weights))
    if weights.ndim != 1:
        raise InputError(f"sample_weight must have one dimension; its shape is {weights.shape}.")
    require_same_length(n, weights, "sample_weight")
    if not weights.any():
        raise InputError("every sample_weight is zero: no row is left to learn from.")
    return weights


def require_same_length(n: int, values: np.ndarray[Any, Any], name: str) -> None:
    """Raise unless there is one value per row."""
    if values.size != n:
        raise InputError(f"X has {n} rows and {name} {values.size}; give one per row.")
