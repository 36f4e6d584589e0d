import numpy as np

from customer_value.churn._profiles import distinct_profiles


def test_distinct_rows_and_the_way_back():
    rng = np.random.default_rng(0)
    matrix = rng.integers(0, 3, (200, 4)).astype(float)
    profiles, place = distinct_profiles(matrix)
    np.testing.assert_array_equal(profiles[place], matrix)
    assert len(profiles) == len({tuple(row) for row in matrix})
    shuffled, _ = distinct_profiles(matrix[rng.permutation(200)])
    np.testing.assert_array_equal(shuffled, profiles)


def test_without_a_column_all_are_equal():
    profiles, place = distinct_profiles(np.empty((5, 0)))
    assert profiles.shape == (1, 0)
    assert place.tolist() == [0] * 5
