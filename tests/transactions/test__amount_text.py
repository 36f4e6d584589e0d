"""Amounts as people and spreadsheets write them."""

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_value.transactions._amount_text import read_amounts


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12", 12.0),
        (" 12.50 ", 12.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e-05", 1e-5),
        ("1.2E+05", 1.2e5),
        ("1,234.50", 1234.5),
        ("1,234,567", 1234567.0),
        ("1,23,456.00", 123456.0),
        ("1'234.50", 1234.5),
        ("1’234.50", 1234.5),
        ("1 234.50", 1234.5),
        ("1\u202f234.50", 1234.5),
        ("1\u00a0234.50", 1234.5),
        ("-5.25", -5.25),
        ("−5.25", -5.25),
        ("+5.25", 5.25),
        ("5.25-", -5.25),
        ("(5.25)", -5.25),
        ("$1,234.50", 1234.5),
        ("-$5", -5.0),
        ("$-5", -5.0),
        ("($5.00)", -5.0),
        ("US$3", 3.0),
        ("R$ 1.50", 1.5),
        ("€ 12.00", 12.0),
        ("12.00 €", 12.0),
        ("5 USD", 5.0),
        ("kr 5", 5.0),
        ("9.99 zł", 9.99),
        ("¥1,000", 1000.0),
        ("100元", 100.0),
    ],
)
def test_reads_with_a_decimal_point(text, amount):
    read = read_amounts([text], decimal=".")
    assert not read.unreadable[0]
    assert read.numbers[0] == amount


@pytest.mark.parametrize(
    ("text", "amount"),
    [("1.234,50", 1234.5), ("12,5", 12.5), (",5", 0.5), ("1 234,50 €", 1234.5), ("-1.234.567", -1234567.0), ("12", 12)],
)
def test_reads_with_a_decimal_comma(text, amount):
    assert read_amounts([text], decimal=",").numbers[0] == amount


@pytest.mark.parametrize(
    "entry",
    ["abc", "10%", "12 pcs", "1,2,3", "1.2.3", "12,34.5", "0,123.0", "--5", "-5-", "(5", "5)", "$5$", "1 2", "inf", "٣",
     True, np.bool_(False), [1], {}, math.inf, -math.inf],
)  # fmt: skip
def test_what_is_no_amount_is_marked(entry):
    read = read_amounts([entry, 1.0], decimal=".")
    assert read.unreadable.tolist() == [True, False]
    assert math.isnan(read.numbers[0])


@pytest.mark.parametrize("entry", [None, math.nan, np.float64("nan"), "", "  ", "nan", "None", "NULL", "#N/A"])
def test_what_is_missing_is_not_unreadable(entry):
    read = read_amounts([entry, "1"])
    assert not read.unreadable.any()
    assert math.isnan(read.numbers[0])
    assert read.numbers[1] == 1


def test_numbers_and_texts_in_one_column():
    read = read_amounts([1, 2.5, Decimal("3.10"), np.int64(4), "5,50"], decimal=",")
    assert read.numbers.tolist() == [1, 2.5, 3.1, 4, 5.5]


@pytest.mark.parametrize(
    ("texts", "amounts"),
    [
        (["1.234,50", "12"], [1234.5, 12]),
        (["12,50", "1.234"], [12.5, 1234]),
        (["12.50", "1,234"], [12.5, 1234]),
        (["0.123", "0.5"], [0.123, 0.5]),
        (["1234.567"], [1234.567]),
        (["7", "8"], [7, 8]),
        (["1 000", None], [1000, math.nan]),
    ],
)
def test_the_decimal_mark_is_taken_from_texts_that_leave_no_doubt(texts, amounts):
    read = read_amounts(texts)
    assert read.ambiguous is None
    assert not read.unreadable.any()
    np.testing.assert_array_equal(read.numbers, amounts)


@pytest.mark.parametrize("texts", [["1.234"], ["1,234", "5"], ["2.500", "1.234", ""]])
def test_texts_that_leave_a_doubt_are_named(texts):
    assert read_amounts(texts).ambiguous in texts
    assert read_amounts(texts, decimal=".").ambiguous is None


def test_no_mark_reads_them_all():
    read = read_amounts(["12,50", "12.50", "3"])
    assert read.unreadable.sum() == 1


@pytest.mark.parametrize(
    ("texts", "currencies"),
    [
        (["$5", "7"], ("$",)),
        (["€5", "5 EUR"], ("EUR",)),
        (["$5", "£5"], ("$", "GBP")),
        (["5", None], ()),
    ],
)
def test_currencies_are_told_apart(texts, currencies):
    assert read_amounts(texts).currencies == currencies


@given(cents=st.lists(st.integers(-(10**11), 10**11), min_size=1))
def test_every_amount_in_cents_comes_back_from_both_ways_of_writing(cents):
    amounts = [c / 100 for c in cents]
    english = [f"{a:,.2f}" for a in amounts]
    german = [t.translate(str.maketrans(",.", ".,")) for t in english]
    for texts in (english, german):
        read = read_amounts(texts)
        assert read.ambiguous is None
        assert read.numbers.tolist() == amounts
