"""Distinct rows of a matrix: customers with equal covariates are worked on once."""

from __future__ import annotations

import numpy as np

from customer_value.churn._spells import Floats, Rows


def distinct_profiles(matrix: Floats) -> tuple[Floats, Rows]:
    """Return the distinct rows, in an order that does not depend on the input's, and each row's place among them."""
    place = np.zeros(len(matrix), dtype=np.intp)
    for column in matrix.T:
        # One column after the other, codes instead of values: sorting whole rows is several times slower.
        values, code = np.unique(column, return_inverse=True)
        place = np.unique(place * values.size + code, return_inverse=True)[1]
    first = np.unique(place, return_index=True)[1]
    return matrix[first], place
