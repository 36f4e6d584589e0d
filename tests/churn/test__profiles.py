import numpy as np

from customer_value.churn import _profiles
from customer_value.churn._profiles import distinct_profiles


def test_distinct_rows_and_the_way_back():
    rng = np.random.default_rng(0)
    matrix = rng.integers(0, 3, (200, 4)).astype(float)
    profiles, place = distinct_profiles(matrix)
    np.testing.assert_array_equal(profiles[place], matrix)
    assert len(profiles) == len({tuple(row) for row in matrix})
    shuffled, _ = distinct_profiles(matrix[rng.permutation(200)])
    np.testing.assert_array_equal(shuffled, profiles)


def test_rows_that_share_a_hash(monkeypatch):
    monkeypatch.setattr(_profiles, "_hashes", lambda matrix: np.zeros(len(matrix), dtype=np.uint64))
    matrix = np.array([[1.0, 2.0], [0.0, 5.0], [1.0, 2.0], [np.nan, 0.0]])
    profiles, place = distinct_profiles(matrix)
    assert len(profiles) == 3
    np.testing.assert_array_equal(profiles[place], matrix)


def test_equal_values_of_different_bits_are_equal():
    assert len(distinct_profiles(np.array([[0.0], [-0.0]]))[0]) == 1


def test_without_a_column_all_are_equal():
    profiles, place = distinct_profiles(np.empty((5, 0)))
    assert profiles.shape == (1, 0)
    assert place.tolist() == [0] * 5
