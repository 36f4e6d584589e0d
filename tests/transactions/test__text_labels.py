import uuid

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from customer_value.transactions._row_order import dense_codes
from customer_value.transactions._text_labels import text_labels

ARROW_TYPES = ["string", "large_string", "string_view"]


def ranks(values):
    """Rank of each value among the distinct ones, sorted by the bytes of UTF-8 as all three frame libraries sort."""
    place = {value: i for i, value in enumerate(sorted(set(values), key=str.encode))}
    return [place[value] for value in values]


def arrow(values, arrow_type="large_string"):
    """pyarrow cannot build views from lists in all its versions; it can cast to them."""
    return pa.array(values, pa.large_string()).cast(arrow_type)


def assert_ranks(labels, values):
    assert np.unique(labels, return_inverse=True)[1].tolist() == ranks(values)


# Few letters, so that prefixes are shared; a zero byte, which padding must not hide; text of two and more bytes.
LETTERS = st.text(st.sampled_from("ab0\x00\x01é漢\x7f"), max_size=30)
PREFIXED = st.builds("customer-{:09d}".format, st.integers(0, 10**9))
RANDOM = st.uuids().map(str)
TEXTS = st.lists(LETTERS, max_size=30) | st.lists(PREFIXED, max_size=30) | st.lists(RANDOM | LETTERS, max_size=30)


@settings(max_examples=200, deadline=None)
@given(values=TEXTS, arrow_type=st.sampled_from(ARROW_TYPES), cut=st.integers(0, 5))
@example(values=["a", "a\x00", "a\x00\x00", "", "\x00"], arrow_type="string", cut=0)
@example(values=["a", "a\x00", "b"], arrow_type="string_view", cut=1)
@example(values=["thirteenlettA", "thirteenlettB", "thirteen"], arrow_type="string_view", cut=0)
@example(values=["same", "same"], arrow_type="string", cut=1)
@example(values=["x" * 200, "x" * 199 + "y", "x" * 199], arrow_type="large_string", cut=0)
def test_labels_sort_like_the_texts(values, arrow_type, cut):
    # Three chunks, the last a slice that does not begin where its buffers do, without bytes to spare at its end.
    chunks = [arrow(values[:cut], arrow_type), arrow([], arrow_type), arrow(values, arrow_type)[cut:]]
    assert_ranks(text_labels(chunks), values)


@pytest.mark.parametrize("arrow_type", ARROW_TYPES)
@pytest.mark.parametrize(
    "make",
    [
        lambda i, rng: f"C{i * 7919 % 10**9:09d}",
        lambda i, rng: str(i),
        lambda i, rng: str(uuid.UUID(bytes=rng.bytes(16))),
        lambda i, rng: f"user.{i % 97}@mail{i % 7}.example.org/{i}",
        lambda i, rng: f"{i % 3}" * 30 + f"{i}",  # bytes that follow from others, then bytes that do not
    ],
    ids=["fixed", "numbers", "uuid", "mail", "late"],
)
def test_many_texts(make, arrow_type):
    rng = np.random.default_rng(8)
    keys = [make(i, rng) for i in range(20_000)]
    values = [keys[i] for i in rng.integers(0, len(keys), 80_000)]
    assert_ranks(text_labels([arrow(values, arrow_type)]), values)


@pytest.mark.parametrize("arrow_type", ARROW_TYPES)
def test_texts_enough_for_threads(arrow_type):
    rng = np.random.default_rng(9)
    keys = sorted(str(uuid.UUID(bytes=rng.bytes(16))) for _ in range(500))
    of_row = rng.integers(0, len(keys), 1_200_000)
    labels = text_labels([arrow(keys).take(pa.array(of_row)).cast(arrow_type)])
    assert np.array_equal(dense_codes(labels)[0], of_row)


def test_very_long_texts_are_left_to_others():
    assert text_labels([arrow(["a", "b" * 257])]) is None
    assert text_labels([arrow(["a", "b" * 256])]) is not None


def test_labels_of_usual_ids_are_short():
    # Nine digits vary in 36 bits at most: room for row and period in one word of 64.
    values = [f"CUST-{i:09d}" for i in np.random.default_rng(1).integers(0, 10**9, 2_000)]
    assert int(text_labels([arrow(values)]).max()).bit_length() <= 36


def test_no_texts():
    assert text_labels([]).size == 0
    assert text_labels([arrow([])]).size == 0
