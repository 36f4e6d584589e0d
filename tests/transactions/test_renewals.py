"""Renewals and contracts against a reference that walks from due date to due date, customer by customer."""

import datetime as dt
import json
import random
from collections import Counter
from itertools import pairwise
from pathlib import Path

import duckdb
import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import customer_value as cv
from customer_value import summarize_contracts, summarize_renewals
from customer_value.errors import InputError

DAY = dt.timedelta(days=1)
COLUMNS = ("customer_id", "start", "end", "plan")


def day(text):
    return None if text is None else dt.date.fromisoformat(text)


def table_of(*rows):
    frame = pd.DataFrame(rows, columns=COLUMNS[: len(rows[0])])
    return frame.assign(start=pd.to_datetime(frame["start"]), end=pd.to_datetime(frame["end"]))


def records(frame):
    """Plain rows, with midnights as dates."""
    rows = nw.from_native(frame).lazy().collect("pyarrow").to_native().to_pylist()
    return [{n: v.date() if isinstance(v, dt.datetime) else v for n, v in row.items()} for row in rows]


def renewal_rows(*args, **kwargs):
    names = ("cohort", "period", "at_risk", "lost")
    return [tuple(row[n] for n in names) for row in records(summarize_renewals(*args, **kwargs))]


# ---- the reference -------------------------------------------------------------------------------------------------


def due_date(start, n, grain):
    """Due date n: the same day of a later month, or that month's last day."""
    if grain in ("day", "week"):
        return start + n * DAY * {"day": 1, "week": 7}[grain]
    month = start.year * 12 + start.month - 1 + n * {"month": 1, "quarter": 3, "year": 12}[grain]
    for day_of_month in (start.day, 30, 29, 28):
        if day_of_month <= start.day:
            try:
                return dt.date(month // 12, month % 12 + 1, day_of_month)
            except ValueError:
                continue
    raise AssertionError


def contracts_of(rows, end):
    """Join (start, end, plan) rows without a gap; None is an end that is not known by `end`."""
    found = []
    for start, stop, plan in sorted(rows, key=lambda row: (row[0], row[2])):
        stop = None if stop is not None and stop > end else stop
        if found and (found[-1][1] is None or start <= found[-1][1] + DAY):
            known = found[-1][1] is not None and stop is not None
            found[-1] = (found[-1][0], max(found[-1][1], stop) if known else None, found[-1][2])
        else:
            found.append((start, stop, plan))
    return found


def dues(start, end, grain):
    n = 0
    while due_date(start, n + 1, grain) <= end:
        n += 1
    return n


def renewals_made(start, stop, end, grain):
    n = 0
    while due_date(start, n + 1, grain) <= end and (stop is None or due_date(start, n + 1, grain) < stop):
        n += 1
    return n


def cohort_start(start, end, grain):
    """Go back day by day to the first start with as many due dates."""
    n = dues(start, end, grain)
    while dues(start - DAY, end, grain) == n:
        start -= DAY
    return start


def reference(rows, end, grain, by):
    at_risk, lost = Counter(), Counter()
    for customer in {row[0] for row in rows}:
        for start, stop, plan in contracts_of([row[1:] for row in rows if row[0] == customer], end):
            cohort = (plan if by else "", str(cohort_start(start, end, grain)))
            made, due = renewals_made(start, stop, end, grain), dues(start, end, grain)
            for n in range(1, due + 1):
                gone_before = stop is not None and made + 1 < n
                at_risk[*cohort, n] += not gone_before
                lost[*cohort, n] += stop is not None and made + 1 == n
    return [
        ({"plan": plan} if by else {})
        | {"cohort": f"{plan} {start}" if by else start, "period": n, "at_risk": at_risk[plan, start, n]}
        | {"lost": lost[plan, start, n], "observation_end": end, "time_unit": grain}
        for plan, start, n in sorted(at_risk)
    ]


GRAIN_DAYS = {"day": 1, "week": 7, "month": 365.25 / 12, "quarter": 365.25 / 4, "year": 365.25}


def reference_contracts(rows, end, grain):
    found = []
    for customer in sorted({row[0] for row in rows}):
        contracts = contracts_of([row[1:] for row in rows if row[0] == customer], end)
        start, stop, _ = contracts[-1]
        made = renewals_made(start, stop, end, grain)
        until, before = due_date(start, made + 1, grain), due_date(start, made, grain)
        found.append({
            "customer_id": customer,
            "renewals": made,
            "active": stop is None,
            "time_to_renewal": (until - end - DAY) / (until - before) if stop is None else 0.0,
            "tenure": ((stop or end) - start).days / GRAIN_DAYS[grain],
            "contracts": len(contracts),
            "first_start": contracts[0][0],
            "contract_start": start,
            "observation_end": end,
            "time_unit": grain,
        })  # fmt: skip
    return found


# ---- frames of every kind ------------------------------------------------------------------------------------------


def in_pandas(rows):
    frame = pd.DataFrame(rows, columns=COLUMNS, index=range(len(rows), 0, -1))
    return frame.assign(start=frame["start"].astype("datetime64[us]"), end=pd.to_datetime(frame["end"]))


def in_polars(rows):
    return pl.DataFrame(
        rows, schema=dict(zip(COLUMNS, (pl.String, pl.Date, pl.Date, pl.String), strict=True)), orient="row"
    )


FRAMES = {
    "pandas": in_pandas,
    "pandas objects": lambda rows: pd.DataFrame(rows, columns=COLUMNS, dtype=object),
    "pandas categorical": lambda rows: in_pandas(rows).astype({"customer_id": "category", "plan": "category"}),
    "pandas arrow": lambda rows: in_pandas(rows).convert_dtypes(dtype_backend="pyarrow"),
    "polars": in_polars,
    "polars lazy": lambda rows: in_polars(rows).lazy(),
    "pyarrow": lambda rows: in_polars(rows).to_arrow(),
}
EDGES = ["2023-12-31", "2024-01-01", "2024-01-31", "2024-02-28", "2024-02-29", "2024-03-01", "2024-04-30"]
starts = st.one_of(st.dates(day("2023-11-01"), day("2024-04-30")), st.sampled_from([day(d) for d in EDGES]))
lengths = st.none() | st.sampled_from([0, 1, 27, 28, 29, 30, 31, 59, 60, 90, 91, 365, 366]) | st.integers(0, 200)
ugly_rows = st.lists(
    st.tuples(st.sampled_from(["a", "b", "cc"]), starts, lengths, st.sampled_from(["x", "y"])), min_size=1, max_size=15
).map(lambda rows: [(c, s, None if n is None else s + n * DAY, p) for c, s, n, p in rows])
ends = st.sampled_from(
    [day(d) for d in ("2024-04-30", "2024-05-15", "2024-05-30", "2024-06-30", "2025-02-28", "2025-03-30")]
)
grains = st.sampled_from(["day", "week", "month", "quarter", "year"])


@settings(max_examples=75, deadline=None)
@given(rows=ugly_rows, frame=st.sampled_from(list(FRAMES)), grain=grains, end=ends, by=st.booleans())
def test_renewals_equal_the_reference_in_every_frame(rows, frame, grain, end, by):
    expected = reference(rows, end, grain, by)
    table, options = FRAMES[frame](rows), {"observation_end": end, "grain": grain, "by": "plan" if by else None}
    if not expected:
        with pytest.raises(InputError, match="no renewal has fallen due"):
            summarize_renewals(table, **options)
        return
    made = summarize_renewals(table, **options)
    assert type(made) is type(table)
    found = records(made)
    assert found == expected
    assert [list(row) for row in found] == [list(row) for row in expected]
    # What contract models rest on: nobody comes into a cohort later, or is cut off before the others.
    for now, later in pairwise(found):
        if later["period"] > 1:
            assert later["cohort"] == now["cohort"]
            assert later["at_risk"] == now["at_risk"] - now["lost"]


@settings(max_examples=50, deadline=None)
@given(rows=ugly_rows, frame=st.sampled_from(list(FRAMES)), grain=grains, end=ends)
def test_contracts_equal_the_reference_in_every_frame(rows, frame, grain, end):
    table = FRAMES[frame](rows)
    made = summarize_contracts(table, observation_end=end, grain=grain)
    assert type(made) is type(table)
    expected, found = reference_contracts(rows, end, grain), records(made)
    assert [list(row) for row in found] == [list(row) for row in expected]
    for row, wanted in zip(found, expected, strict=True):
        # One product or quotient each, in another order than in the reference.
        assert row == {n: pytest.approx(v, rel=1e-14) if isinstance(v, float) else v for n, v in wanted.items()}


@settings(max_examples=25, deadline=None)
@given(rows=ugly_rows, data=st.data())
def test_the_order_of_rows_does_not_matter(rows, data):
    rows = [*rows, ("a", day("2023-11-01"), None, "x")]  # so that some renewal is due
    shuffled = data.draw(st.permutations(rows))
    options = {"observation_end": "2024-06-15"}
    one, other = (summarize_renewals(in_pandas(r), by="plan", **options) for r in (rows, shuffled))
    pd.testing.assert_frame_equal(one, other)
    one, other = (summarize_contracts(in_pandas(r), **options) for r in (rows, shuffled))
    pd.testing.assert_frame_equal(one, other)


# ---- the cohorts of the paper --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def published():
    return json.loads((Path(__file__).parents[1] / "golden" / "shifted_beta_geometric.json").read_text())


@pytest.fixture(scope="module")
def clubs(published):
    """Subscriptions of 1,000 customers in each segment who left when the paper says, on some day of that year."""
    draw, rows = random.Random(3), []
    for segment in ("high_end", "regular"):
        left = [round(10 * share) for share in published["survival"][segment]]
        years = [n for n, (a, b) in enumerate(pairwise(left)) for _ in range(a - b)]
        for number, year in enumerate(years + [None] * left[-1]):
            start = day("2000-01-01") + draw.randrange(366) * DAY
            low, high = (None, None) if year is None else (due_date(start, n, "year") for n in (year, year + 1))
            end = None if year is None else low + draw.randint(1, (high - low).days) * DAY
            rows.append((f"{segment} {number}", start, end, segment))
    return in_pandas(draw.sample(rows, len(rows)))


@pytest.mark.parametrize("years", [5, 8])
def test_published_cohorts_come_back(published, clubs, years):
    end = f"{2000 + years - 1}-12-31"  # of the paper's years the first is that of the start
    made = summarize_renewals(clubs, observation_end=end, grain="year", by="plan")
    for case in published["fits"]["cases"]:
        if case["years"] == years:
            of_segment = made[made["plan"] == case["segment"]]
            shares = published["survival"][case["segment"]][:years]
            assert of_segment["at_risk"].tolist() == [round(10 * s) for s in shares[:-1]]
            assert of_segment["lost"].tolist() == [round(10 * (a - b)) for a, b in pairwise(shares)]
            model = cv.clv.ShiftedBetaGeometric().fit(of_segment)
            # The published log-likelihoods have ten decimals; the parameters eight, of an optimum found to six digits.
            assert model.log_likelihood_ == pytest.approx(case["log_likelihood"], abs=1e-8)
            assert model.params_ == pytest.approx(case["params"], rel=1e-5)


# ---- due dates and ends, by hand -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "lost_at"),
    [
        ("2026-01-31", 1), ("2026-02-01", 1), ("2026-02-27", 1), ("2026-02-28", 1),  # the first due date
        ("2026-03-01", 2), ("2026-03-31", 2), ("2026-04-01", 3), ("2026-04-30", 3), ("2026-05-01", None),
    ],
)  # fmt: skip
def test_the_month_from_the_31st(end, lost_at):
    made = summarize_renewals(table_of(("ann", "2026-01-31", end)), observation_end="2026-05-01")
    assert made["period"].tolist() == [1, 2, 3]
    assert made["lost"].tolist() == [int(n == lost_at) for n in (1, 2, 3)]


def test_either_meaning_of_the_end_gives_the_same():
    last_day = table_of(("ann", "2026-01-05", "2026-03-04"), ("bob", "2026-01-01", "2026-01-31"))
    day_after = table_of(("ann", "2026-01-05", "2026-03-05"), ("bob", "2026-01-01", "2026-02-01"))
    expected = [("2026-01-01", 1, 2, 1), ("2026-01-01", 2, 1, 1), ("2026-01-01", 3, 0, 0)]
    for table in (last_day, day_after):
        assert renewal_rows(table, observation_end="2026-04-30") == expected


def test_cohorts_are_calendar_months_where_a_month_is_over():
    table = table_of(
        ("a", "2026-01-01", None), ("b", "2026-01-31", "2026-02-15"), ("c", "2026-02-01", None),
        ("d", "2026-02-28", "2026-03-28"), ("e", "2026-03-01", None),
    )  # fmt: skip
    assert renewal_rows(table, observation_end="2026-03-31") == [
        ("2026-01-01", 1, 2, 1), ("2026-01-01", 2, 1, 0), ("2026-02-01", 1, 2, 1)
    ]  # fmt: skip


def test_cohorts_end_with_the_observation():
    """By 20 March those of 20 January have two renewals behind them, those of the 21st one."""
    table = table_of(("a", "2026-01-20", None), ("b", "2026-01-21", "2026-01-30"), ("c", "2026-02-20", None))
    assert renewal_rows(table, observation_end="2026-03-20") == [
        ("2025-12-21", 1, 1, 0), ("2025-12-21", 2, 1, 0), ("2026-01-21", 1, 2, 1)
    ]  # fmt: skip
    # February has no 30th: who starts on its last day is one renewal ahead of who starts on 1 March.
    table = table_of(("a", "2026-02-28", None), ("b", "2026-03-01", None), ("c", "2026-01-31", None))
    assert renewal_rows(table, observation_end="2026-03-30") == [("2026-01-31", 1, 2, 0)]


def test_rows_without_a_gap_are_one_contract():
    bills = table_of(
        ("ann", "2026-01-01", "2026-01-31"), ("ann", "2026-02-01", "2026-02-28"), ("ann", "2026-03-01", None)
    )
    assert renewal_rows(bills, observation_end="2026-03-31") == [("2026-01-01", 1, 1, 0), ("2026-01-01", 2, 1, 0)]
    overlapping = table_of(
        ("ann", "2026-01-01", "2026-03-15"), ("ann", "2026-01-10", "2026-01-20"), ("ann", "2026-03-15", None)
    )
    assert renewal_rows(overlapping, observation_end="2026-03-31") == [("2026-01-01", 1, 1, 0), ("2026-01-01", 2, 1, 0)]
    twice = pd.concat([bills, bills])
    assert renewal_rows(twice, observation_end="2026-03-31") == renewal_rows(bills, observation_end="2026-03-31")


def test_a_return_after_a_gap_is_a_new_contract():
    table = table_of(("ann", "2026-01-01", "2026-01-31"), ("ann", "2026-02-02", None))
    assert renewal_rows(table, observation_end="2026-03-31") == [
        ("2026-01-01", 1, 1, 1), ("2026-01-01", 2, 0, 0), ("2026-02-01", 1, 1, 0)
    ]  # fmt: skip
    (ann,) = records(summarize_contracts(table, observation_end="2026-03-31"))
    assert (ann["renewals"], ann["active"], ann["contracts"]) == (1, True, 2)
    assert (ann["first_start"], ann["contract_start"]) == (day("2026-01-01"), day("2026-02-02"))


def test_a_known_end_in_the_future_is_not_known_yet():
    table = table_of(("ann", "2026-01-10", "2026-04-10"), ("bob", "2026-01-10", "2026-03-31"))
    made = summarize_contracts(table, observation_end="2026-03-31")
    assert made["active"].tolist() == [True, False]
    assert made["renewals"].tolist() == [2, 2]  # Bob renewed on 10 March, and left before 10 April
    assert made["time_to_renewal"].tolist() == [9 / 31, 0.0]  # from the end of 31 March to 10 April
    assert renewal_rows(table, observation_end="2026-03-31") == [("2026-01-01", 1, 2, 0), ("2026-01-01", 2, 2, 0)]


def test_the_plan_of_the_first_row_is_that_of_the_contract():
    table = table_of(
        ("ann", "2026-01-01", "2026-01-31", "basic"), ("ann", "2026-02-01", None, "pro"),
        ("bob", "2026-01-15", "2026-02-14", "pro"),
    )  # fmt: skip
    made = summarize_renewals(table, observation_end="2026-02-28", by="plan")
    assert made["plan"].tolist() == ["basic", "pro"]
    assert made["cohort"].tolist() == ["basic 2026-01-01", "pro 2026-01-01"]
    assert made["lost"].tolist() == [0, 1]


def test_a_year_from_the_leap_day():
    table = table_of(("ann", "2024-02-29", "2026-02-28"), ("bob", "2024-02-29", "2026-03-01"))
    made = summarize_renewals(table, observation_end="2026-12-31", grain="year")
    assert made["cohort"].tolist() == ["2024-01-01"] * 2
    assert made[["at_risk", "lost"]].to_numpy().tolist() == [[2, 0], [2, 1]]


def test_the_ruler_travels_with_both():
    table = table_of(("ann", "2026-01-01", None))
    for summarize in (summarize_renewals, summarize_contracts):
        made = summarize(table, observation_end="2026-04-30", grain="week")
        assert set(made["time_unit"]) == {"week"}
        assert set(made["observation_end"]) == {pd.Timestamp("2026-04-30")}


@pytest.mark.parametrize(
    "nothing",
    [
        pd.DataFrame({"customer_id": [1], "start": pd.to_datetime(["2026-01-01"]), "end": [None]}),
        pd.DataFrame({"customer_id": [1], "start": pd.to_datetime(["2026-01-01"]), "end": [np.nan]}),
        pl.DataFrame({"customer_id": [1], "start": [day("2026-01-01")], "end": [None]}),
        pa.table({"customer_id": [1], "start": [day("2026-01-01")], "end": pa.nulls(1)}),
    ],
    ids=["objects", "NaN", "polars", "pyarrow"],
)
def test_nothing_has_ended(nothing):
    assert renewal_rows(nothing, observation_end="2026-02-28") == [("2026-01-01", 1, 1, 0)]


def test_days_are_those_of_the_wall_clock():
    table = table_of(("ann", "2026-01-31 23:30", "2026-02-28 23:30"))
    zoned = table.assign(**{c: table[c].dt.tz_localize("Europe/Berlin") for c in ("start", "end")})
    expected = [("2026-01-01", 1, 1, 1), ("2026-01-01", 2, 0, 0)]
    assert renewal_rows(table, observation_end="2026-03-31") == expected
    assert renewal_rows(zoned, observation_end="2026-03-31") == expected


# ---- what is refused -----------------------------------------------------------------------------------------------

GOOD = table_of(
    ("ann", "2026-01-01", "2026-02-10", "x"), ("bob", "2026-01-05", None, "y"), ("eve", "2026-02-01", None, "x")
)


def one_of(column, value):
    """Put a value into the second row."""
    return GOOD.assign(**{column: GOOD[column].where(GOOD.index != 1, value)})


@pytest.mark.parametrize("summarize", [summarize_renewals, summarize_contracts])
@pytest.mark.parametrize(
    ("table", "options", "match"),
    [
        (one_of("end", pd.Timestamp("2026-01-04")), {}, r"end must not be before start; 1 of 3 rows is \(rows 1\)"),
        (one_of("start", pd.NaT), {}, r"start must not be null; 1 of 3 rows is \(rows 1\)\. Without its start"),
        (one_of("customer_id", None), {}, r"customer_id must not be null; 1 of 3 rows"),
        (GOOD, {"observation_end": "2026-01-31"}, r"start must not be after observation_end, 2026-01-31; 1 of 3"),
        (GOOD, {"observation_end": "latest"}, "observation_end must be a date such as"),
        (GOOD, {"grain": "hour"}, "grain must be one of"),
        (
            GOOD.rename(columns={"end": "ended"}).assign(end_date=GOOD["end"]), {},
            r"has \['ended', 'end_date'\]: say which one is meant with end=",
        ),
        (GOOD, {"start": "started"}, r"lacks \['started'\]; .* Name the columns with customer_id=, start= and end="),
        (GOOD, {"end": "start"}, "must be different columns"),
        (GOOD.head(0), {}, "the subscriptions frame is empty"),
        (GOOD.assign(start="2026-01-01"), {}, "start must hold dates or timestamps; its type is String"),
        (GOOD.assign(end=5), {}, "end must hold dates or timestamps; its type is Int64"),
        (GOOD.assign(start=GOOD["start"].dt.tz_localize("UTC")), {}, "must be of one time zone; .* UTC and no zone"),
        (
            GOOD.assign(**{c: GOOD[c].dt.tz_localize(z) for c, z in (("start", "UTC"), ("end", "Asia/Tokyo"))}), {},
            "must be of one time zone; they have Asia/Tokyo and UTC",
        ),
        (duckdb.from_df(GOOD), {}, r"needs the rows in memory, .* duckdb .* call relation\.arrow\(\)"),
        (["ann"], {}, "the subscriptions must be a DataFrame"),
    ],
)  # fmt: skip
def test_what_does_not_go(summarize, table, options, match):
    with pytest.raises(InputError, match=match):
        summarize(table, **{"observation_end": "2026-03-31"} | options)


def test_a_group_is_needed_in_every_row():
    with pytest.raises(InputError, match=r"plan must not be null; 1 of 3 rows is \(rows 1\)"):
        summarize_renewals(one_of("plan", None), observation_end="2026-03-31", by="plan")
    with pytest.raises(InputError, match="would have 'lost' twice"):
        summarize_renewals(GOOD.assign(lost=1), observation_end="2026-03-31", by="lost")
    with pytest.raises(InputError, match="would have 'active' twice"):
        summarize_contracts(
            GOOD.rename(columns={"customer_id": "active"}), customer_id="active", observation_end="2026-03-31"
        )


def test_no_renewal_is_due_yet():
    with pytest.raises(InputError, match=r"no renewal has fallen due by observation_end=2026-01-31: .* than a month"):
        summarize_renewals(GOOD.head(2).assign(end=None), observation_end="2026-01-31")
    young = summarize_contracts(GOOD.head(2).assign(end=None), observation_end="2026-01-31")
    assert young["renewals"].tolist() == [0, 0]


def test_other_names_of_starts_and_ends_are_known():
    for names in ({"start": "started", "end": "ended"}, {"start": "start_date", "end": "end_date"}):
        for summarize in (summarize_renewals, summarize_contracts):
            pd.testing.assert_frame_equal(
                summarize(GOOD.rename(columns=names), observation_end="2026-03-31"),
                summarize(GOOD, observation_end="2026-03-31"),
            )


@pytest.mark.parametrize(("ends", "last"), [(["2026-03-20", None, None], "2026-03-20"), ([None] * 3, "2026-02-05")])
def test_the_last_day_of_the_table_is_that_of_a_start_or_an_end(ends, last):
    starts = pd.to_datetime(["2026-01-05", "2026-01-31", "2026-02-05"])
    table = pd.DataFrame({"customer_id": ["ann", "bob", "eve"], "start": starts, "end": pd.to_datetime(ends)})
    for summarize in (summarize_renewals, summarize_contracts):
        pd.testing.assert_frame_equal(summarize(table), summarize(table, observation_end=last))


def test_input_is_not_changed():
    table = GOOD.copy()
    summarize_renewals(table, observation_end="2026-03-31", by="plan")
    summarize_contracts(table, observation_end="2026-03-31")
    pd.testing.assert_frame_equal(table, GOOD)
