"""An export becomes a log: on every library alike, with nothing guessed and nothing dropped in silence."""

import datetime as dt
import uuid
from decimal import Decimal

import dask.dataframe as dd
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customer_value import clean_log
from customer_value.errors import DataWarning, InputError

# narwhals 2.29 announces that Dask support moves to a package of its own; Dask uses what pandas 3.1 deprecates.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Dask support is moving:FutureWarning"),
    pytest.mark.filterwarnings("ignore:The inplace keyword"),
]

EAGER = {
    "pandas": lambda frame: frame.to_pandas(),
    "pandas objects": lambda frame: pd.DataFrame(
        {c: pd.Series(frame[c].to_list(), dtype=object) for c in frame.columns}
    ),
    "pandas nullable": lambda frame: frame.to_pandas().convert_dtypes(),
    "pandas arrow": lambda frame: frame.to_pandas(use_pyarrow_extension_array=True),
    "polars": lambda frame: frame,
    "pyarrow": lambda frame: frame.to_arrow(),
}
LAZY = {
    "polars lazy": lambda frame: frame.lazy(),
    "duckdb": lambda frame: duckdb.from_arrow(frame.to_arrow()),
    "dask": lambda frame: dd.from_pandas(frame.to_pandas(), npartitions=2),
}
KINDS = EAGER | LAZY


def rows(native):
    """Return a frame's rows as plain Python values, whatever library made it."""
    if isinstance(native, pl.LazyFrame):
        native = native.collect()
    if isinstance(native, duckdb.DuckDBPyRelation):
        native = native.pl()
    if isinstance(native, dd.DataFrame):
        native = native.compute()
    if isinstance(native, pd.DataFrame):
        native = pl.DataFrame({c: native[c].astype(object).where(native[c].notna(), None).tolist() for c in native})
    if isinstance(native, pa.Table):
        native = pl.from_arrow(native)
    return native.rows()


def names(native):
    """Return a frame's column names."""
    if isinstance(native, pl.LazyFrame):
        return native.collect_schema().names()
    return list(native.column_names if isinstance(native, pa.Table) else native.columns)


ORDERS = pl.DataFrame(
    {
        "note": ["a", "b", "c", "d", "e"],
        "email": ["ann", None, "bob", " ", "ann"],
        "total": [10.0, 5.0, None, 7.0, -2.5],
        "invoice": [1, 2, 3, 4, 5],
        "at": [dt.datetime(2026, 1, d, 10, 30) for d in (5, 6, 7, 8, 1)],
    }
)
NAMES = {"customer_id": "email", "date": "at", "amount": "total", "order_id": "invoice"}


# ---- the same on every library ----


@pytest.mark.parametrize("kind", KINDS)
def test_every_library_gives_the_same_log_of_its_own_kind(kind):
    orders = KINDS[kind](ORDERS)
    before = rows(orders)
    with pytest.warns(DataWarning, match=r"left out 3 of 5 rows: 2 without a customer .*, 1 without an amount"):
        log = clean_log(orders, **NAMES, anonymous="drop", missing="drop")
    assert type(log) is type(orders)
    assert names(log) == ["customer_id", "date", "amount", "order_id", "note"]
    assert rows(log) == [
        ("ann", dt.datetime(2026, 1, 5, 10, 30), 10.0, 1, "a"),
        ("ann", dt.datetime(2026, 1, 1, 10, 30), -2.5, 5, "e"),
    ]
    assert rows(orders) == before


TEXT = pl.DataFrame(
    {
        "customer_id": ["ann", "bob", "ann", "cy"],
        "date": ["2026-01-05", "2026-01-05T10:30:00", None, "20260107"],
        "amount": ["€1,234.50", "(2.50)", "0", None],
    }
)
READ = [
    ("ann", dt.datetime(2026, 1, 5), 1234.5),
    ("bob", dt.datetime(2026, 1, 5, 10, 30), -2.5),
]


@pytest.mark.parametrize("kind", [*EAGER, "polars lazy"])
def test_text_is_read_alike(kind):
    with pytest.warns(DataWarning, match="1 without a date .*, 1 without an amount"):
        log = clean_log(KINDS[kind](TEXT), missing="drop")
    assert type(log) is type(KINDS[kind](TEXT))
    assert rows(log) == READ


@pytest.mark.parametrize("kind", ["duckdb", "dask"])
def test_engines_are_asked_for_a_cast_of_text(kind):
    with pytest.raises(InputError, match=rf"to read date \(String\), amount \(String\) .* {kind} frame .*call "):
        clean_log(KINDS[kind](TEXT))


@pytest.mark.parametrize("kind", KINDS)
def test_cleaning_twice_changes_nothing(kind):
    orders = KINDS[kind](ORDERS.filter(pl.col("email").is_in(["ann"])))
    once = clean_log(orders, **NAMES)
    assert rows(clean_log(once)) == rows(once)


ENTRIES = {
    "customer_id": st.sampled_from(["a", "b", "c", "", " ", "nan", None]),
    "date": st.datetimes(dt.datetime(1960, 1, 1), dt.datetime(2060, 1, 1)) | st.none(),
    "amount": st.integers(-500, 500).map(lambda cents: cents / 100) | st.none(),
    "order_id": st.integers(1, 4) | st.none(),
    "shop": st.sampled_from(["web", "store"]),
}
SCHEMA = {
    "customer_id": pl.String,
    "date": pl.Datetime("us"),
    "amount": pl.Float64,
    "order_id": pl.Int64,
    "shop": pl.String,
}


def cleaned_by_hand(frame, anonymous, duplicates):
    """Apply the policies row by row."""
    given_rows, kept = frame.rows(), []
    for i, row in enumerate(given_rows):
        key, date, amount, *_ = row
        nameless = key is None or key.strip() in ("", "nan")
        # Rows are compared as they were given: "" and " " are two ways to write no one.
        repeated = duplicates == "drop" and row in given_rows[:i]
        if date is not None and amount is not None and not (nameless and anonymous == "drop") and not repeated:
            kept.append((None if nameless else key, *row[1:]))
    return kept


@pytest.mark.filterwarnings("ignore::customer_value.DataWarning")
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    orders=st.lists(st.fixed_dictionaries(ENTRIES), min_size=1, max_size=12),
    anonymous=st.sampled_from(["drop", "keep"]),
    duplicates=st.sampled_from(["keep", "drop"]),
)
def test_ugly_exports_give_the_same_log_everywhere(orders, anonymous, duplicates):
    frame = pl.DataFrame(orders, schema=SCHEMA)
    expected = cleaned_by_hand(frame, anonymous, duplicates)
    for kind in [*EAGER, "polars lazy"]:
        log = clean_log(KINDS[kind](frame), anonymous=anonymous, missing="drop", duplicates=duplicates)
        assert rows(log) == expected, kind


@pytest.mark.filterwarnings("ignore::customer_value.DataWarning")
@pytest.mark.parametrize("kind", ["duckdb", "dask"])
@pytest.mark.parametrize(("anonymous", "duplicates"), [("drop", "drop"), ("keep", "keep")])
def test_ugly_exports_give_the_same_log_on_engines(kind, anonymous, duplicates):
    rng = np.random.default_rng(1)
    date = np.array(["1960-02-29T12:00", "2026-01-01", None], dtype="datetime64[us]")
    columns = {
        "customer_id": rng.choice(np.array(["a", "b", " ", "nan", None], dtype=object), 60).tolist(),
        "date": rng.choice(date, 60).tolist(),
        "amount": rng.choice(np.array([-1.5, 0.0, 2.25, None], dtype=object), 60).tolist(),
        "order_id": [int(n) for n in rng.integers(1, 3, 60)],
        "shop": ["web"] * 60,
    }
    frame = pl.DataFrame(columns, schema=SCHEMA)
    log = clean_log(KINDS[kind](frame), anonymous=anonymous, missing="drop", duplicates=duplicates)
    expected = cleaned_by_hand(frame, anonymous, duplicates)
    assert len(expected) < (25 if duplicates == "drop" else 60)
    assert sorted(rows(log), key=str) == sorted(expected, key=str)  # the rows of an engine know no order


# ---- ids ----


@pytest.mark.parametrize("kind", EAGER)
@pytest.mark.filterwarnings("ignore::customer_value.DataWarning")
def test_ids_that_became_floats_are_whole_numbers_again(kind):
    orders = EAGER[kind](
        pl.DataFrame({"customer_id": [17850.0, None, 3.0], "date": [dt.date(2026, 1, 1)] * 3, "amount": 1})
    )
    kept = clean_log(orders, anonymous="keep")
    assert [key for key, *_ in rows(kept)] == [17850, None, 3]
    dropped = clean_log(orders, anonymous="drop")
    assert [key for key, *_ in rows(dropped)] == [17850, 3]
    for log in (kept, dropped):
        if isinstance(log, pd.DataFrame):
            assert log["customer_id"].dtype.kind == "i"
        else:
            assert str(log.schema["customer_id"] if isinstance(log, pl.DataFrame) else log.schema.field(0).type) in (
                "Int64",
                "int64",
            )


@pytest.mark.parametrize("kind", LAZY)
@pytest.mark.filterwarnings("ignore::customer_value.DataWarning")
def test_float_ids_of_lazy_frames(kind):
    frame = pl.DataFrame({"customer_id": [17850.0, None, 3.0], "date": [dt.datetime(2026, 1, 1)] * 3, "amount": 1.0})
    found = [key for key, *_ in rows(clean_log(LAZY[kind](frame), anonymous="drop"))]
    assert found == [17850, 3]
    assert all(isinstance(key, int) for key in found)
    assert [key for key, *_ in rows(clean_log(LAZY[kind](frame), anonymous="keep"))] == [17850, None, 3]
    with pytest.raises(InputError, match="customer_id must be text or whole numbers; 2 of 3 rows are not"):
        clean_log(LAZY[kind](frame.with_columns(pl.col("customer_id") + 0.5)), anonymous="drop")


def test_ids_keep_their_type():
    base = pd.DataFrame({"customer_id": ["b", "a", ""], "date": pd.to_datetime(["2026-01-01"] * 3), "amount": 1.0})
    for dtype in ("category", "string", object):
        orders = base.astype({"customer_id": dtype})
        with pytest.warns(DataWarning, match="1 without a customer"):
            log = clean_log(orders, anonymous="drop")
        assert log["customer_id"].dtype == orders["customer_id"].dtype
        assert log["customer_id"].tolist() == ["b", "a"]
        kept = clean_log(orders, anonymous="keep")["customer_id"]
        assert kept.isna().tolist() == [False, False, True]
    enum = pl.from_pandas(base).with_columns(pl.col("customer_id").cast(pl.Enum(["", "b", "a"])))
    log = clean_log(enum, anonymous="keep")
    assert log["customer_id"].to_list() == ["b", "a", None]
    assert log.schema["customer_id"] == enum.schema["customer_id"]
    dictionary = pa.table({**base.to_dict("list"), "customer_id": pa.array(["b", "a", ""]).dictionary_encode()})
    with pytest.warns(DataWarning, match="1 without a customer"):
        assert clean_log(dictionary, anonymous="drop")["customer_id"].to_pylist() == ["b", "a"]
    unsigned = base.assign(customer_id=np.array([3, 1, 2], dtype=np.uint8))
    assert clean_log(unsigned)["customer_id"].dtype == np.uint8


def test_objects_as_ids():
    keys = [uuid.UUID(int=1), uuid.UUID(int=2)]
    orders = pd.DataFrame({"customer_id": keys, "date": pd.to_datetime(["2026-01-01"] * 2), "amount": 1.0})
    assert clean_log(orders)["customer_id"].tolist() == [str(key) for key in keys]
    orders["customer_id"] = pd.Series([1, "1"], dtype=object)
    with pytest.raises(
        InputError, match="customer_id must hold text or whole numbers; it holds text and whole numbers"
    ):
        clean_log(orders)


@pytest.mark.parametrize("text", ["nan", "None", "NULL", "<NA>", "", "   "])
def test_texts_that_mean_no_one(text):
    orders = pl.DataFrame({"customer_id": ["a", text], "date": [dt.date(2026, 1, 1)] * 2, "amount": 1.0})
    with pytest.raises(InputError, match=r"customer_id must be given; 1 of 2 rows is not \(rows 1\).*anonymous='drop'"):
        clean_log(orders)


# ---- dates ----


def stamps(*dates, **columns):
    return pl.DataFrame({"customer_id": range(len(dates)), "date": list(dates), "amount": 1.0, **columns})


def dates_of(log):
    return [date for _, date, *_ in rows(log)]


@pytest.mark.parametrize("kind", KINDS)
def test_aware_timestamps_are_taken_in_their_own_zone_or_in_the_one_named(kind):
    # Two instants, one in winter and one in summer: 01:30 and 02:30 in Berlin, the evening before in New York.
    utc = stamps(dt.datetime(2026, 1, 1, 0, 30), dt.datetime(2026, 7, 1, 0, 30))
    local = [dt.datetime(2026, 1, 1, 1, 30), dt.datetime(2026, 7, 1, 2, 30)]
    aware = utc.with_columns(pl.col("date").dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/Berlin"))
    if kind == "duckdb":
        duckdb.sql("SET TimeZone = 'Europe/Berlin'")
    try:
        orders = KINDS[kind](aware)
        assert dates_of(clean_log(orders)) == local
        assert dates_of(clean_log(orders, time_zone="Europe/Berlin")) == local
        if kind == "duckdb":
            with pytest.raises(InputError, match="duckdb frame knows the time zone of its session only"):
                clean_log(orders, time_zone="America/New_York")
        else:
            assert dates_of(clean_log(orders, time_zone="America/New_York")) == [
                dt.datetime(2025, 12, 31, 19, 30),
                dt.datetime(2026, 6, 30, 20, 30),
            ]
    finally:
        duckdb.sql("RESET TimeZone")


def test_aware_texts_and_objects():
    texts = stamps("2026-01-01T01:30:00+01:00", "2026-07-01 02:30:00 +0200", "2026-07-01T00:30:00Z")
    assert dates_of(clean_log(texts)) == [
        dt.datetime(2026, 1, 1, 1, 30),
        dt.datetime(2026, 7, 1, 2, 30),
        dt.datetime(2026, 7, 1, 0, 30),
    ]
    expected = [dt.datetime(2025, 12, 31, 19, 30), *[dt.datetime(2026, 6, 30, 20, 30)] * 2]
    assert dates_of(clean_log(texts, time_zone="America/New_York")) == expected
    objects = pd.DataFrame(
        {
            "customer_id": [1, 2, 3],
            "date": pd.Series([dt.datetime.fromisoformat(t) for t in texts["date"]], dtype=object),
            "amount": 1.0,
        }
    )
    assert dates_of(clean_log(objects, time_zone="America/New_York")) == expected


@pytest.mark.parametrize("date", [dt.datetime(2026, 1, 1), dt.date(2026, 1, 1), "2026-01-01"])
def test_a_time_zone_needs_aware_timestamps(date):
    with pytest.raises(InputError, match=r"time_zone='UTC' needs timestamps that carry a zone.*tz_localize"):
        clean_log(stamps(date), time_zone="UTC")


def test_aware_and_naive_do_not_mix():
    with pytest.raises(InputError, match=r"date mixes timestamps with a time zone .* and without"):
        clean_log(stamps("2026-01-01T10:00:00Z", "2026-01-01T10:00:00"))


@pytest.mark.parametrize("zone", ["Berlin", "", 5])
def test_unknown_zones(zone):
    with pytest.raises(InputError, match="time_zone must be a name such as 'Europe/Berlin'"):
        clean_log(stamps(dt.datetime(2026, 1, 1)), time_zone=zone)


def test_days_or_months_first_is_never_guessed():
    with pytest.raises(InputError, match=r"'%d/%m/%Y' and '%m/%d/%Y': only you can know"):
        clean_log(stamps("01/02/2026", "03/04/2026"))
    with pytest.raises(
        InputError, match=r"2 of 2 rows are not \(rows 0, 1\)\. Row 0 holds '31/12/2025'\. They fit date_f"
    ):
        clean_log(stamps("31/12/2025", "03/04/2026"))
    log = clean_log(stamps("01/02/2026", "03/04/2026"), date_format="%d/%m/%Y")
    assert dates_of(log) == [dt.datetime(2026, 2, 1), dt.datetime(2026, 4, 3)]
    with pytest.raises(InputError, match=r"date must be dates in the form '%d/%m/%Y'; 1 of 2 rows is not \(rows 1\)"):
        clean_log(stamps("01/02/2026", "03/14/2026"), date_format="%d/%m/%Y")


def test_text_beside_dates_is_what_spreadsheets_leave_of_swapped_days():
    orders = stamps("31/12/2025", "x").to_pandas()
    orders["date"] = pd.Series(["31/12/2025", dt.datetime(2026, 2, 1)], dtype=object)
    with pytest.raises(InputError, match="date holds text beside dates or numbers: a spreadsheet may have swapped"):
        clean_log(orders, date_format="%d/%m/%Y")
    orders["date"] = pd.Series(["2025-12-31", dt.datetime(2026, 2, 1)], dtype=object)
    assert dates_of(clean_log(orders)) == [dt.datetime(2025, 12, 31), dt.datetime(2026, 2, 1)]


def test_whole_numbers_as_dates_need_a_format():
    with pytest.raises(InputError, match=r"Row 0 holds 20260131\. Numbers such as 20261031 need date_format='%Y%m%d'"):
        clean_log(stamps(20260131))
    assert dates_of(clean_log(stamps(20260131), date_format="%Y%m%d")) == [dt.datetime(2026, 1, 31)]


def test_dates_stay_dates():
    assert clean_log(stamps(dt.date(2026, 1, 1))).schema["date"] == pl.Date


# ---- amounts and currencies ----


def amounts(*values, **columns):
    dates = [dt.date(2026, 1, 1)] * len(values)
    return pl.DataFrame(
        {"customer_id": range(len(values)), "date": dates, "amount": list(values), **columns}, strict=False
    )


def test_decimals_and_whole_numbers_become_floats():
    for values in ([Decimal("1.10"), Decimal("2.20")], [1, 2]):
        log = clean_log(amounts(*values))
        assert log.schema["amount"] == pl.Float64
        assert log["amount"].to_list() == [float(v) for v in values]
    objects = amounts(1, 2).to_pandas().assign(amount=pd.Series([Decimal("1.10"), "2.20"], dtype=object))
    assert clean_log(objects)["amount"].tolist() == [1.1, 2.2]


@pytest.mark.parametrize("kind", KINDS)
def test_quantity_times_price(kind):
    lines = amounts(2, -3, quantity=[2, -3], price=[1.25, 4.0]).drop("amount")
    log = clean_log(KINDS[kind](lines.with_columns(pl.col("date").cast(pl.Datetime))), amount=("quantity", "price"))
    assert [r[2:] for r in rows(log)] == [(2.5, 2, 1.25), (-12.0, -3, 4.0)]


def test_a_decimal_mark_is_never_guessed():
    with pytest.raises(InputError, match=r"'1\.234' is one number with decimal='\.' and another with decimal=','"):
        clean_log(amounts("1.234"))
    assert clean_log(amounts("1.234"), decimal=",")["amount"].to_list() == [1234.0]
    assert clean_log(amounts("1.234"), decimal=".")["amount"].to_list() == [1.234]
    assert clean_log(amounts("1.234", "0,50"))["amount"].to_list() == [1234.0, 0.5]


def test_amounts_that_are_none():
    with pytest.raises(
        InputError, match=r"amount must be finite numbers; 1 of 2 rows is not \(rows 1\)\. Row 1 holds '12 pcs"
    ):
        clean_log(amounts("1", "12 pcs"))
    with pytest.raises(InputError, match=r"amount must be finite numbers; 2 of 2"):
        clean_log(amounts(True, False))
    for make in KINDS.values():
        frame = make(amounts(1.0, float("inf")).with_columns(pl.col("date").cast(pl.Datetime)))
        with pytest.raises(InputError, match=r"amount must be finite.*; 1 of 2 rows is not"):
            clean_log(frame)


@pytest.mark.parametrize("kind", KINDS)
def test_currencies_do_not_mix(kind):
    frame = amounts(1.0, 2.0, 3.0, money=["EUR", "usd ", "eur"]).with_columns(pl.col("date").cast(pl.Datetime))
    with pytest.raises(InputError, match=r"money must hold one currency; it holds EUR \(2 rows\), USD \(1 rows\)"):
        clean_log(KINDS[kind](frame), currency="money")
    one = KINDS[kind](frame.with_columns(money=pl.lit("EUR")))
    assert rows(clean_log(one, currency="money"))[0][3] == "EUR"
    assert len(rows(clean_log(KINDS[kind](frame)))) == 3  # the column is no currency unless it is named


def test_a_column_named_currency_is_one():
    mixed = amounts(1.0, 2.0, currency=["EUR", "USD"])
    with pytest.raises(InputError, match="currency must hold one currency"):
        clean_log(mixed)
    assert clean_log(mixed, currency=None).shape == (2, 4)
    with pytest.raises(InputError, match="currency must be given; 1 of 2 rows is not"):
        clean_log(amounts(1.0, 2.0, currency=["EUR", None]))
    with pytest.raises(InputError, match=r"amount mixes currencies \(\$, EUR\)"):
        clean_log(amounts("$5", "€5"))


# ---- policies ----


@pytest.mark.parametrize("kind", KINDS)
def test_each_policy_refuses_by_default(kind):
    where = r"(?: \(rows \d.*\))?\."
    with pytest.raises(InputError, match=f"email must be given; 2 of 5 rows are not{where} anonymous='drop' leaves"):
        clean_log(KINDS[kind](ORDERS), **NAMES)
    with pytest.raises(InputError, match=f"total must be given; 1 of 5 rows is not{where} missing='drop' leaves"):
        clean_log(KINDS[kind](ORDERS), **NAMES, anonymous="keep")


def test_errors_name_the_rows_as_they_were_given():
    with pytest.raises(InputError, match=r"\(rows 1, 3\)"):
        clean_log(ORDERS, **NAMES)
    moved = ORDERS.to_pandas().set_index(pd.Index([9, 9, 9, 9, 9]))
    with pytest.raises(InputError, match=r"\(rows 1, 3\)"):
        clean_log(moved, **NAMES)


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_that_is_left_out_breaks_no_other_rule(kind):
    orders = KINDS[kind](ORDERS.with_columns(total=pl.when(pl.col("email").is_null()).then(None).otherwise(1.0)))
    with pytest.warns(DataWarning, match=r"left out 2 of 5 rows: 2 without a customer \(anonymous='drop'\)\.$"):
        assert len(rows(clean_log(orders, **NAMES, anonymous="drop"))) == 3


@pytest.mark.parametrize("kind", KINDS)
def test_duplicates(kind):
    twice = pl.concat([ORDERS[[0, 4]], ORDERS[[4, 0]].with_columns(note=pl.Series(["e", "other"]))])
    orders = KINDS[kind](twice)
    assert len(rows(clean_log(orders, **NAMES))) == 4
    # All columns count, those that are not kept as well: the fourth row differs from the first in its note only.
    with pytest.warns(DataWarning, match=r"left out 1 of 4 rows: 1 equal to an earlier row \(duplicates='drop'\)"):
        log = clean_log(orders, **NAMES, duplicates="drop", keep=())
    found = [r[3] for r in rows(log)]
    assert sorted(found) == [1, 1, 5]
    if kind not in ("duckdb", "dask"):
        assert found == [1, 5, 1]
    with pytest.raises(InputError, match="rows must differ from each other; 1 of 4 rows equal an earlier one"):
        clean_log(orders, **NAMES, duplicates="error")


def test_columns_that_cannot_be_compared():
    lists = pd.DataFrame({"customer_id": [1], "date": pd.to_datetime(["2026-01-01"]), "amount": 1.0, "tags": [["x"]]})
    assert clean_log(lists)["tags"].tolist() == [["x"]]
    for frame in (lists, pa.Table.from_pandas(lists)):
        with pytest.raises(InputError, match="one holds entries that cannot be compared"):
            clean_log(frame, duplicates="drop")


# ---- names and options ----


@pytest.mark.filterwarnings("ignore::customer_value.DataWarning")
def test_names_that_collide():
    orders = ORDERS.with_columns(customer_id=pl.lit(1))
    with pytest.raises(InputError, match="'customer_id' already, and customer_id='email' takes that name in the log"):
        clean_log(orders, **NAMES, anonymous="keep")
    assert clean_log(orders, **NAMES, anonymous="keep", missing="drop", keep=["note"]).columns[-1] == "note"


def test_other_columns_stay_or_go():
    orders = amounts(1.0, b=["x"], a=["y"], order_id=[7])
    assert clean_log(orders).columns == ["customer_id", "date", "amount", "order_id", "b", "a"]
    assert clean_log(orders, order_id=None).columns == ["customer_id", "date", "amount", "b", "a", "order_id"]
    assert clean_log(orders, keep=["a"]).columns == ["customer_id", "date", "amount", "order_id", "a"]
    assert clean_log(orders, keep=()).columns == ["customer_id", "date", "amount", "order_id"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"customer_id": "id"}, r"the orders frame lacks \['id'\]; it has"),
        ({"amount": "Amount"}, "Did you mean 'amount'"),
        ({"order_id": "invoice"}, "lacks"),
        ({"currency": "money"}, "lacks"),
        ({"customer_id": 3}, "named by text; got 3"),
        ({"date": "amount"}, "each part of the log needs a column of its own"),
        ({"amount": ()}, "amount must name a column, or columns to multiply"),
        ({"amount": 3}, "amount must name a column, or columns to multiply"),
        ({"anonymous": "dorp"}, "Did you mean 'drop'"),
        ({"missing": "keep"}, "missing must be one of"),
        ({"duplicates": True}, "duplicates must be one of"),
        ({"decimal": ";"}, "decimal must be one of"),
        ({"date_format": 5}, "date_format must be a non-empty text"),
        ({"customer_id": None}, "named by text; got None"),
        ({"keep": 5}, "keep must be a sequence of column names"),
        ({"keep": "note"}, "keep must be a sequence of column names"),
        ({"keep": ["note"]}, "lacks"),
    ],
)
@pytest.mark.parametrize("kind", ["pandas", "polars lazy"])
def test_bad_options(options, message, kind):
    with pytest.raises(InputError, match=message):
        clean_log(KINDS[kind](amounts(1.0)), **options)


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_frame(kind):
    frame = amounts(1.0).with_columns(pl.col("date").cast(pl.Datetime))
    empty = LAZY["dask"](frame).query("amount > 5") if kind == "dask" else KINDS[kind](frame.clear())
    with pytest.raises(InputError, match="the orders frame is empty"):
        clean_log(empty)


@pytest.mark.parametrize("bad", [None, [1, 2], {"customer_id": [1]}, "orders.csv", np.zeros((2, 3))])
def test_no_frame(bad):
    with pytest.raises(InputError, match="the orders frame must be a DataFrame"):
        clean_log(bad)
