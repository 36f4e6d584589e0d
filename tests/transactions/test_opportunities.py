"""Opportunities against a reference that walks through each customer's days, and against the donors of the paper."""

import datetime as dt
import random

import dask.dataframe as dd
import duckdb
import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import customer_value as cv
from customer_value import summarize_opportunities
from customer_value.errors import DataWarning, InputError

COLUMNS = ("customer_id", "date", "amount")
COUNTS = ["frequency", "recency", "opportunities"]
# narwhals 2.29 announces that Dask support moves to a package of its own.
pytestmark = pytest.mark.filterwarnings("ignore:Dask support is moving:FutureWarning")


def day(text):
    return dt.date.fromisoformat(text)


def log_of(*rows):
    return pd.DataFrame(rows, columns=COLUMNS).assign(date=lambda f: pd.to_datetime(f["date"]))


def asks_of(*rows):
    names = ["date"] if isinstance(rows[0], str) else ["customer_id", "date"]
    return pd.DataFrame(rows, columns=names).assign(date=lambda f: pd.to_datetime(f["date"]))


def counts(summary):
    return {row["customer_id"]: tuple(row[c] for c in COUNTS) for row in records(summary)}


def records(summary):
    """Plain rows, NaN as None and midnights as dates."""
    rows = nw.from_native(summary).lazy().collect("pyarrow").to_native().to_pylist()
    return [{n: v.date() if isinstance(v, dt.datetime) else v for n, v in row.items()} for row in rows]


# ---- the reference: each customer by himself, day by day ---------------------------------------------------------


def label(date, grain, start):
    """Name the period that holds a date, by its first day."""
    if grain == "day":
        return date
    if grain == "week":
        return date - dt.timedelta(days=date.weekday())
    if grain == "year":
        month, day_of_month = start
        return dt.date(date.year - ((date.month, date.day) < start), month, day_of_month)
    return dt.date(date.year, {"month": date.month, "quarter": (date.month - 1) // 3 * 3 + 1}[grain], 1)


def by_period(rows, end, grain, start, refunds):
    after = end + dt.timedelta(days=1)
    while label(after, grain, start) != after:  # back to the last day after which a period begins
        after -= dt.timedelta(days=1)
    rows = [row for row in rows if row[1] < after]
    days = {after - dt.timedelta(days=n) for n in range(1, 3000)}
    periods = sorted({label(d, grain, start) for d in days})
    position = {period: i for i, period in enumerate(periods)}
    found = []
    for customer in sorted({row[0] for row in rows}):
        own = [(position[label(d, grain, start)], d, a) for c, d, a in rows if c == customer]
        found += summarize_one(customer, own, len(periods) - 1, refunds, None)
    return [row | {"observation_end": after - dt.timedelta(days=1), "time_unit": grain} for row in found]


def summarize_one(customer, own, last, refunds, taken):
    """Summarize a customer's rows (number of the opportunity, day, amount); `taken` renumbers by what counted."""
    sales = [(n, d) for n, d, a in own if a >= 0]
    if not sales:
        return []
    bought = sorted({n for n, _ in sales})
    value = dict.fromkeys(bought, 0.0)
    total = 0.0
    for n, _, a in own:
        if a < 0 and refunds == "drop":
            continue
        if a < 0 and refunds == "match":
            earlier = [b for b in bought if b <= n]
            if not earlier:
                continue
            n = earlier[-1]
        value[n] = value.get(n, 0.0) + a
        total += a
    first, repeats = bought[0], bought[1:]
    number = taken or (lambda n: n)
    recency = number(repeats[-1]) - number(first) if repeats else 0
    opportunities = max(last - number(first), 0)
    row = {
        "customer_id": customer,
        "frequency": len(repeats),
        "recency": recency,
        "opportunities": opportunities,
        "monetary_value": sum(value[n] for n in repeats) / len(repeats) if repeats else None,
        "purchases": len(bought),
        "time_since_last": opportunities - recency,
        "total_value": total,
        "first_date": min(d for _, d in sales),
        "last_date": max(d for _, d in sales),
    }
    return [row]


def add(date, count, unit):
    """Day that is so many days or calendar months later."""
    if unit == "days":
        return date + dt.timedelta(days=count)
    month = date.month - 1 + count
    for day_of_month in range(date.day, 27, -1):
        try:
            return dt.date(date.year + month // 12, month % 12 + 1, day_of_month)
        except ValueError:
            continue
    return dt.date(date.year + month // 12, month % 12 + 1, date.day)


def by_ask(rows, asks, end, window, refunds):
    """Walk through each customer's asks; `asks` maps customers to days, None to those of everyone."""
    count, unit = int(window.split()[0]), window.split()[1]
    found = []
    for customer in sorted({row[0] for row in rows}):
        calendar = sorted(set(asks.get(customer, asks.get(None, []))))
        sales = [d for c, d, a in rows if c == customer and a >= 0]
        if not sales:
            continue
        start = min(sales)
        answers = {}  # day -> ask
        over = []
        for i, ask in enumerate(calendar):
            stop = add(ask, count, unit)
            stop = min([stop, *calendar[i + 1 : i + 2]])
            answers |= {ask + dt.timedelta(days=n): i for n in range((stop - ask).days)}
            if stop - dt.timedelta(days=1) <= end:
                over.append(i)
        before = sum(ask <= start for ask in calendar)
        own = []
        for c, d, a in rows:
            if c != customer:
                continue
            # A tenth of an opportunity later: after the ask's own answers, and before the next ask.
            place = answers.get(d, sum(ask <= d for ask in calendar) - 1 + 0.1)
            with_first = d == start or (d in answers and answers[d] == answers.get(start))
            if a < 0 or with_first or (d in answers and answers[d] in over):
                own.append((place, d, a))
        made = summarize_one(customer, own, len(over), refunds, lambda n: int(np.floor(n)) + 1)
        assert made[0]["opportunities"] == max(len(over) - before, 0)
        found += [row | {"observation_end": end} for row in made]
    return found


# ---- frames of every kind ----------------------------------------------------------------------------------------


def in_pandas(rows, names=COLUMNS):
    frame = pd.DataFrame(rows, columns=names, index=range(len(rows), 0, -1))
    return frame.assign(date=frame["date"].astype("datetime64[us]"))


def in_polars(rows, names=COLUMNS):
    return pl.DataFrame(rows, schema=names, orient="row")


FRAMES = {
    "pandas": in_pandas,
    "pandas categorical": lambda *r: in_pandas(*r).astype(
        {"customer_id": "category"} if "customer_id" in in_pandas(*r) else {}
    ),
    "pandas arrow": lambda *r: in_pandas(*r).convert_dtypes(dtype_backend="pyarrow"),
    "polars": in_polars,
    "polars lazy": lambda *r: in_polars(*r).lazy(),
    "pyarrow": lambda *r: in_polars(*r).to_arrow(),
    "duckdb": lambda *r: duckdb.from_arrow(in_polars(*r).to_arrow()),
}
FAST = [name for name in FRAMES if name != "duckdb"]


def assert_same(found, expected):
    assert [list(row) for row in found] == [list(row) for row in expected]
    for row, wanted in zip(found, expected, strict=True):
        for name, value in wanted.items():
            # Amounts are multiples of 1/4: their sums are exact, a mean is one division away.
            assert row[name] == (pytest.approx(value, rel=1e-15) if isinstance(value, float) else value), name


EDGES = ["1969-06-30", "1969-07-01", "1970-02-28", "1970-03-01", "1969-12-31", "1970-01-01", "1972-02-29"]
dates = st.one_of(st.dates(day("1969-01-01"), day("1972-03-31")), st.sampled_from([day(d) for d in EDGES]))
amounts = st.sampled_from([-8.0, -0.25, 0.0, 0.25, 1.0, 20.0])
customers = st.sampled_from(["a", "b", "cc"])
ugly_rows = st.lists(st.tuples(customers, dates, amounts), min_size=1, max_size=30)
some_asks = st.one_of(
    st.lists(dates, min_size=1, max_size=8, unique=True).map(lambda days: [(d,) for d in days]),
    st.lists(st.tuples(st.sampled_from(["a", "b", "z"]), dates), min_size=1, max_size=16),
)
refund_policies = st.sampled_from(["net", "match", "drop"])


def check_periods(rows, frame, grain, start, refunds, end):
    expected = by_period(rows, end, grain, start, refunds)
    options = {"grain": grain, "observation_end": end, "refunds": refunds}
    options |= {"year_start": f"{start[0]:02}-{start[1]:02}"} if grain == "year" else {}
    made = FRAMES[frame](rows)
    if not expected:
        with pytest.raises(InputError, match=r"refunds|observed whole"):
            summarize_opportunities(made, **options)
        return
    summary = summarize_opportunities(made, **options)
    assert type(summary) is type(made)
    assert_same(records(summary), expected)


starts = st.sampled_from([(1, 1), (7, 1), (2, 28), (3, 1), (12, 31), (4, 6)])
ends = st.sampled_from([day("1972-03-31"), day("1972-06-30"), day("1972-12-31"), day("1972-04-05"), day("1972-04-02")])


@pytest.mark.filterwarnings("ignore::customer_value.DataWarning")
@settings(max_examples=50, deadline=None)
@given(
    rows=ugly_rows,
    frame=st.sampled_from(FAST),
    grain=st.sampled_from(["day", "week", "month", "quarter", "year"]),
    start=starts,
    refunds=refund_policies,
    end=ends,
)
def test_periods_equal_the_reference_in_every_frame(rows, frame, grain, start, refunds, end):
    check_periods(rows, frame, grain, start if grain == "year" else (1, 1), refunds, end)


def check_asks(rows, asks, frame, window, refunds, end):
    calendar = {}
    for ask in asks:
        calendar.setdefault(ask[0] if len(ask) == 2 else None, []).append(ask[-1])
    expected = by_ask(rows, calendar, end, window, refunds)
    made = FRAMES[frame](rows)
    asked = FRAMES[frame](asks, ("customer_id", "date") if len(asks[0]) == 2 else ("date",))
    options = {"response_window": window, "observation_end": end, "refunds": refunds}
    if not expected:
        with pytest.raises(InputError, match="refunds"):
            summarize_opportunities(made, opportunities=asked, **options)
        return
    summary = summarize_opportunities(made, opportunities=asked, **options)
    assert type(summary) is type(made)
    assert_same(records(summary), expected)


windows = st.sampled_from(["1 days", "10 days", "90 days", "1 months", "3 months", "13 months"])
ask_ends = st.sampled_from([day("1972-03-31"), day("1972-12-31"), day("1975-12-31")])


@pytest.mark.filterwarnings("ignore::customer_value.DataWarning")
@settings(max_examples=50, deadline=None)
@given(
    rows=ugly_rows,
    asks=some_asks,
    frame=st.sampled_from(FAST),
    window=windows,
    refunds=refund_policies,
    end=ask_ends,
)
def test_asks_equal_the_reference_in_every_frame(rows, asks, frame, window, refunds, end):
    check_asks(rows, asks, frame, window, refunds, end)


# An engine plans each query anew, so one log with many customers stands in for many logs.


def ugly_log(seed, n=200):
    draw = random.Random(seed)
    edges = [day(d) for d in EDGES]
    rows = [(draw.choice("abcdefghijkl"), draw.choice(edges), draw.choice([-8.0, 0.0, 0.25, 20.0])) for _ in range(40)]
    return rows + [
        (
            draw.choice("abcdefghijkl"),
            day("1969-01-01") + dt.timedelta(days=draw.randrange(1185)),
            draw.choice([-8.0, 1.0]),
        )
        for _ in range(n)
    ]


@pytest.mark.filterwarnings("ignore::customer_value.DataWarning")
@pytest.mark.parametrize(
    ("grain", "start", "refunds"), [("year", (7, 1), "match"), ("year", (2, 28), "net"), ("quarter", (1, 1), "drop")]
)
def test_periods_equal_the_reference_in_duckdb(grain, start, refunds):
    check_periods(ugly_log(1), "duckdb", grain, start, refunds, day("1972-04-05"))


@pytest.mark.filterwarnings("ignore::customer_value.DataWarning")
@pytest.mark.parametrize(("window", "refunds", "own"), [("3 months", "net", True), ("10 days", "match", False)])
def test_asks_equal_the_reference_in_duckdb(window, refunds, own):
    asks = [(c, d) for c, d, _ in ugly_log(2, n=20)] if own else sorted({(d,) for _, d, _ in ugly_log(3, n=5)})
    check_asks(ugly_log(1), asks, "duckdb", window, refunds, day("1972-04-05"))


# ---- the donors of the paper ---------------------------------------------------------------------------------------


def test_the_donors_of_1995():
    """A log of gifts with each pattern of the published table, as often as it says, gives the table back."""
    table = cv.datasets.load_donations()
    rows, donor = [], 0
    draw = np.random.default_rng(7)
    for x, t_x, n, donors in table.itertuples(index=False):
        assert n == 6
        for _ in range(donors):
            between = draw.permutation(np.arange(1, t_x))[: x - 1] if x else []
            years = [0, *between, *([t_x] if x else [])]
            rows += [
                (donor, 1995 + int(year), day_of_year) for year in years for day_of_year in draw.integers(0, 365, 2)
            ]
            donor += 1
    customer, year, day_of_year = np.array(rows).T
    dates = (year - 1970).astype("datetime64[Y]").astype("datetime64[D]") + day_of_year
    gifts = pd.DataFrame({"customer_id": customer, "date": dates.astype("datetime64[us]"), "amount": 25.0})
    summary = summarize_opportunities(gifts, observation_end="2001-12-31")
    found = summary.groupby(COUNTS).size().rename("customers").reset_index()
    expected = table.sort_values(COUNTS).reset_index(drop=True)
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)
    assert len(summary) == 11_104
    assert (summary["total_value"] == 50.0 * summary["purchases"]).all()


# ---- years that begin on another day, and periods that are not over ------------------------------------------------

GIFTS = log_of(
    ("ann", "2023-06-30", 10.0), ("ann", "2023-07-01", 20.0), ("ann", "2024-12-24", 5.0), ("bob", "2025-07-01", 7.0)
)


def test_a_year_begins_on_its_first_day():
    by_calendar = summarize_opportunities(GIFTS, observation_end="2025-12-31")
    # 2023 has both of Ann's first two gifts; then 2024 with one, 2025 without.
    assert counts(by_calendar) == {"ann": (1, 1, 2), "bob": (0, 0, 0)}
    fiscal = summarize_opportunities(GIFTS, observation_end="2026-06-30", year_start="07-01")
    # Years to June 2023 (first gift), 2024, 2025 (both with a gift) and 2026 (none).
    assert counts(fiscal) == {"ann": (2, 2, 3), "bob": (0, 0, 0)}
    assert fiscal["monetary_value"].tolist()[0] == 12.5


@pytest.mark.parametrize("frame", ["pandas", "polars lazy", "duckdb"])
def test_a_period_that_is_not_over_is_left_out(frame):
    made = FRAMES[frame]([(c, d.date(), a) for c, d, a in GIFTS.itertuples(index=False)])
    with pytest.warns(DataWarning, match=r"observation_end=2025-12-30 is not the last day of its year, 2025-01-01 to"):
        summary = summarize_opportunities(made, observation_end="2025-12-30")
    (ann,) = records(summary)  # Bob's first gift falls into the year that is left out
    assert tuple(ann[c] for c in COUNTS) == (1, 1, 1)
    assert ann["observation_end"] == day("2024-12-31")


@pytest.mark.parametrize("frame", ["pandas", "polars lazy", "duckdb"])
def test_no_period_is_over(frame):
    made = FRAMES[frame]([("ann", day("2025-02-01"), 1.0)])
    with pytest.raises(InputError, match=r"no year is observed whole\. Take a finer grain"):
        summarize_opportunities(made, observation_end="2025-12-30")


def test_the_logs_own_last_date():
    with pytest.warns(DataWarning, match="2025-07-01 is not the last day"):
        summary = summarize_opportunities(GIFTS, observation_end="last")
    assert counts(summary) == {"ann": (1, 1, 1)}


def test_dask_does_periods_and_tells_what_it_cannot():
    engine = dd.from_pandas(GIFTS, npartitions=2)
    found = summarize_opportunities(engine, observation_end="2026-06-30", year_start="07-01").compute()
    assert counts(found.reset_index(drop=True)) == {"ann": (2, 2, 3), "bob": (0, 0, 0)}
    asks = dd.from_pandas(asks_of("2024-01-01"), npartitions=1)
    with pytest.raises(InputError, match=r"dask does not offer: call frame.compute\(\) on both frames"):
        summarize_opportunities(engine, opportunities=asks, response_window="90 days", observation_end="2026-06-30")


def test_the_ruler_travels_with_the_frame():
    summary = summarize_opportunities(GIFTS, grain="month", observation_end="2025-12-31")
    assert set(summary["time_unit"]) == {"month"}
    answers = summarize_opportunities(
        log_of(("ann", "2024-01-05", 1.0)), opportunities=asks_of("2024-01-01"), response_window="9 days",
        observation_end="2024-12-31",
    )  # fmt: skip
    assert "time_unit" not in answers  # asks are no ruler: a model wants a number of asks


# ---- asks ----------------------------------------------------------------------------------------------------------

YEAR_END = "2024-12-31"


def answers(log, asks, window="90 days", end=YEAR_END, **options):
    """Summarize in arrays, and see that the expressions give the same."""
    options |= {"response_window": window, "observation_end": end}
    summary = summarize_opportunities(log, opportunities=asks, **options)
    lazy, lazy_asks = (pl.from_pandas(frame).lazy() for frame in (log, asks))
    assert records(summarize_opportunities(lazy, opportunities=lazy_asks, **options)) == records(summary)
    return summary


def test_a_window_begins_with_the_ask_and_ends_before_its_length_is_over():
    asks = asks_of("2024-01-10", "2024-06-10")
    late = {0: (1, 2, 2), 9: (1, 2, 2)}
    for days_later, expected in late.items():
        log = log_of(("ann", "2023-12-01", 1.0), ("ann", str(day("2024-06-10") + dt.timedelta(days=days_later)), 1.0))
        assert counts(answers(log, asks, "10 days")) == {"ann": expected}
    log = log_of(("ann", "2023-12-01", 1.0), ("ann", "2024-06-20", 8.0))
    with pytest.warns(DataWarning, match="left out 1 purchase row outside the response windows"):
        summary = answers(log, asks, "10 days")
    assert counts(summary) == {"ann": (0, 0, 2)}
    assert summary["total_value"].tolist() == [1.0]
    assert summary["last_date"].tolist() == [pd.Timestamp("2023-12-01")]


def test_the_next_ask_ends_a_window():
    asks = asks_of("2024-01-10", "2024-02-10")
    log = log_of(
        ("ann", "2024-01-01", 1.0), ("ann", "2024-02-09", 1.0), ("bob", "2024-01-01", 1.0), ("bob", "2024-02-10", 1.0)
    )
    assert counts(answers(log, asks)) == {"ann": (1, 1, 2), "bob": (1, 2, 2)}


def test_several_purchases_in_one_window_are_one():
    log = log_of(("ann", "2024-01-01", 1.0), ("ann", "2024-03-02", 4.0), ("ann", "2024-04-02", 6.0))
    summary = answers(log, asks_of("2024-03-01"))
    assert counts(summary) == {"ann": (1, 1, 1)}
    assert summary["monetary_value"].tolist() == [10.0]


def test_the_clock_starts_at_the_first_purchase():
    asks = asks_of("2024-01-01", "2024-02-01", "2024-03-01")
    log = log_of(("first", "2024-01-05", 1.0), ("on the day", "2024-02-01", 1.0), ("last", "2024-12-01", 1.0))
    assert counts(answers(log, asks, "20 days")) == {"first": (0, 0, 2), "last": (0, 0, 0), "on the day": (0, 0, 1)}
    # What is bought within the window of the first purchase goes with it, as within a period.
    again = log_of(("first", "2024-01-05", 1.0), ("first", "2024-01-19", 2.0))
    summary = answers(again, asks, "20 days")
    assert counts(summary) == {"first": (0, 0, 2)}
    assert summary["total_value"].tolist() == [3.0]


def test_an_ask_that_is_not_over_does_not_count():
    asks = asks_of("2024-02-01", "2024-10-03", "2024-12-24", "2025-03-01")
    log = log_of(("ann", "2024-01-01", 1.0), ("ann", "2024-12-30", 1.0))
    with pytest.warns(DataWarning, match="2 of 4 asks are not counted, nor is 1 of the purchase rows: the response"):
        assert counts(answers(log, asks)) == {"ann": (0, 0, 2)}  # 2024-10-03 is ended by the next ask
    with pytest.warns(DataWarning, match="1 of 4 asks is not counted: the response"):
        assert counts(answers(log, asks, "8 days")) == {"ann": (1, 3, 3)}
    # The eighth day of 2024-12-24 is the 31st: without the last ask all are over.
    assert counts(answers(log, asks[:3], "8 days")) == {"ann": (1, 3, 3)}


def test_customers_have_asks_of_their_own():
    asks = asks_of(
        ("ann", "2024-02-01"),
        ("ann", "2024-06-01"),
        ("ann", "2024-06-01"),
        ("bob", "2023-06-01"),
        ("eve", "2024-06-01"),
    )
    log = log_of(
        ("ann", "2024-01-01", 1.0), ("ann", "2024-06-02", 1.0), ("bob", "2024-01-01", 1.0), ("cat", "2024-01-01", 1.0)
    )
    assert counts(answers(log, asks)) == {"ann": (1, 2, 2), "bob": (0, 0, 0), "cat": (0, 0, 0)}


def test_without_an_end_the_logs_last_date_counts():
    log = log_of(("ann", "2024-01-01", 1.0), ("ann", "2024-03-02", 4.0), ("bob", "2024-06-01", 6.0))
    summary = summarize_opportunities(log, opportunities=asks_of("2024-03-01"), response_window="3 months")
    assert counts(summary) == {"ann": (1, 1, 1), "bob": (0, 0, 0)}  # over on 2024-05-31
    assert set(summary["observation_end"]) == {pd.Timestamp("2024-06-01")}


def test_refunds_between_the_windows_are_taken_off():
    log = log_of(("ann", "2024-01-01", 9.0), ("ann", "2024-03-02", 4.0), ("ann", "2024-12-02", -3.0))
    assert answers(log, asks_of("2024-03-01"))[["total_value", "monetary_value"]].to_numpy().tolist() == [[10.0, 4.0]]
    matched = answers(log, asks_of("2024-03-01"), refunds="match")
    assert matched[["total_value", "monetary_value"]].to_numpy().tolist() == [[10.0, 1.0]]
    with pytest.raises(InputError, match="0 or above with refunds='error'"):
        answers(log, asks_of("2024-03-01"), refunds="error")


# ---- what is refused -------------------------------------------------------------------------------------------------

ASKS = asks_of("2024-03-01", "2024-06-01")
OWN = asks_of(("ann", "2024-03-01"), ("ann", "2024-06-01"))


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({}, "observation_end is required: the last day observed"),
        ({"observation_end": "2024-12-31"}, "date must not be after observation_end, 2024-12-31; .* split_holdout"),
        ({"year_start": "02-29"}, "a month and a day that every year has, such as '07-01'; got '02-29'"),
        ({"year_start": "7-1"}, "such as '07-01'; got '7-1'"),
        ({"year_start": "13-01"}, "got '13-01'"),
        ({"year_start": "07-01", "grain": "month"}, "year_start='07-01' goes with grain='year'; with grain='month'"),
        ({"grain": "hour"}, "grain must be one of"),
        ({"response_window": "9 days", "observation_end": "last"}, "response_window='9 days' goes with opportunities="),
        ({"opportunities": ASKS}, "opportunities= needs response_window"),
        ({"opportunities": ASKS, "response_window": "soon"}, "response_window must be a text such as"),
        ({"opportunities": ASKS, "response_window": "101 years"}, "must not be longer than 100 years; got '101 years'"),
        ({"opportunities": ASKS, "response_window": "9 days", "grain": "month"}, "leave grain and year_start out"),
        ({"opportunities": ASKS, "response_window": "9 days", "year_start": "07-01"}, "leave grain and year_start"),
        ({"opportunities": pl.from_pandas(ASKS), "response_window": "9 days"}, "of one library; .* pandas and polars"),
        ({"opportunities": ASKS.assign(date="x"), "response_window": "9 days"}, "must hold dates"),
        ({"opportunities": ASKS[[]].assign(day=1), "response_window": "9 days"}, "the opportunities frame lacks"),
        ({"opportunities": OWN.assign(customer_id=4), "response_window": "9 days"}, "one type in both frames"),
        ({"opportunities": "asks", "response_window": "9 days"}, "the opportunities must be a DataFrame"),
    ],
)  # fmt: skip
def test_what_does_not_go(options, match):
    with pytest.raises(InputError, match=match):
        summarize_opportunities(GIFTS, **options)


BAD_ASKS = [
    (ASKS.head(0), "the opportunities frame is empty"),
    (ASKS.assign(date=ASKS["date"].where(ASKS.index == 0)), "date must not be null; 1 of 2 rows"),
    (OWN.assign(customer_id=OWN["customer_id"].where(OWN.index == 0)), "customer_id must not be null; 1 of 2 rows"),
    (pd.concat([ASKS, ASKS]), "must differ from row to row in opportunities without 'customer_id', .*; 2 of 4 rows"),
]


@pytest.mark.parametrize(("asks", "match"), BAD_ASKS)
@pytest.mark.parametrize("convert", [lambda f: f, lambda f: pl.from_pandas(f).lazy()], ids=["pandas", "polars lazy"])
def test_asks_that_are_none(asks, match, convert):
    with pytest.raises(InputError, match=match):
        summarize_opportunities(
            convert(GIFTS), opportunities=convert(asks), response_window="9 days", observation_end="2026-06-30"
        )


@pytest.mark.parametrize("name", ["frequency", "T", "opportunities"])
def test_a_key_needs_a_name_of_its_own(name):
    with pytest.raises(InputError, match=f"would have '{name}' twice"):
        summarize_opportunities(GIFTS.rename(columns={"customer_id": name}), customer_id=name, observation_end="last")
