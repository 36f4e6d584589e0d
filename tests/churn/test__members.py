"""The models within a churn classifier score long tables in parts."""

from __future__ import annotations

import numpy as np
import pytest

from customer_value.churn import _members


def test_a_table_scored_in_parts_has_the_scores_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(100, 3))
    matrix[::7, 1] = np.nan
    events = (rng.random(100) < 0.4).astype(np.float64)
    members = _members.members_of("blend", "auto", np.zeros(3, dtype=np.bool_), 0)
    fitted = [member.fit(matrix, events, np.ones(100)) for member in members]
    whole = [member.scores(matrix) for member in fitted]

    monkeypatch.setattr(_members, "_ROWS_AT_ONCE", 33)

    for member, expected in zip(fitted, whole, strict=True):
        assert member.scores(matrix) == pytest.approx(expected, rel=1e-13, abs=1e-13)
