"""Labels are what the days say: half-open windows, silence kept, what was not observed left open."""

import datetime as dt
import json
from pathlib import Path

import dask.dataframe as dd
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import customer_value as cv
from customer_value.churn import churn_labels
from customer_value.errors import InputError

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "churn_labels.json").read_text(encoding="utf-8"))
COLUMNS = ["customer_id", "cutoff", "window_start", "window_end", "active", "churned", "label_basis"]
KINDS = {
    "pandas": lambda log: log,
    "polars": pl.from_pandas,
    "lazy": lambda log: pl.from_pandas(log).lazy(),
    "pyarrow": lambda log: pl.from_pandas(log).to_arrow(),
    "duckdb": duckdb.from_df,
}


def log_of(*rows):
    customers, dates, *amounts = zip(*rows, strict=True)
    columns = {"customer_id": customers, "date": pd.to_datetime(list(dates), format="ISO8601")}
    return pd.DataFrame(columns | ({"amount": [float(a) for a in amounts[0]]} if amounts else {"amount": 1.0}))


def in_pandas(native):
    """Any result as pandas, with dates as midnights and labels as True, False or None."""
    if isinstance(native, pl.LazyFrame):
        native = native.collect()
    if isinstance(native, duckdb.DuckDBPyRelation):
        native = native.pl()
    if not isinstance(native, (pd.DataFrame, pl.DataFrame)):
        native = pl.from_arrow(native)
    table = native if isinstance(native, pd.DataFrame) else native.to_pandas()
    labels = [None if pd.isna(value) else bool(value) for value in table["churned"]]
    days = {name: pd.to_datetime(table[name]).astype("datetime64[us]") for name in COLUMNS[1:4]}
    return table.assign(**days, churned=pd.Series(labels, dtype=object, index=table.index))


def churned(log, **options):
    table = in_pandas(churn_labels(log, **({"cutoff": "2026-02-01", "horizon": "28 days"} | options)))
    return dict(zip(table["customer_id"], table["churned"], strict=True))


EDGES = log_of(
    ("before", "2026-01-31 23:59:59"),
    ("cutoff", "2026-01-31"), ("cutoff", "2026-02-01 00:00"),
    ("last", "2026-01-10"), ("last", "2026-02-28 23:59"),
    ("after", "2026-01-10"), ("after", "2026-03-01 00:00"),
    ("new", "2026-02-01 00:00"),
    ("refund", "2026-01-10", ), ("observed", "2026-01-02"), ("observed", "2026-04-30"),
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_windows_are_half_open(kind):
    labels = in_pandas(churn_labels(KINDS[kind](EDGES), cutoff="2026-02-01", horizon="28 days"))
    assert list(labels) == COLUMNS
    assert labels["customer_id"].tolist() == ["after", "before", "cutoff", "last", "observed", "refund"]
    assert labels["churned"].tolist() == [True, True, False, False, True, True]
    assert labels["active"].tolist() == [True] * 6
    assert set(labels["label_basis"]) == {"silence"}
    for name, day in zip(COLUMNS[1:4], ["2026-02-01", "2026-02-01", "2026-03-01"], strict=True):
        assert (labels[name] == day).all()


def test_a_gap_moves_the_window():
    log = log_of(
        ("in gap", "2026-01-10"), ("in gap", "2026-02-07"),
        ("at start", "2026-01-10"), ("at start", "2026-02-08"),
        ("at end", "2026-01-10"), ("at end", "2026-03-08"),
        ("observed", "2026-04-30"),
    )  # fmt: skip
    assert churned(log, gap="1 week") == {"in gap": True, "at start": False, "at end": True}
    assert churned(log, gap=7) == churned(log, gap="1 week")


def test_refunds_are_no_purchases_and_free_orders_are():
    log = log_of(
        ("refund", "2026-01-10", 5), ("refund", "2026-02-10", -5),
        ("free", "2026-01-10", 5), ("free", "2026-02-10", 0),
        ("only refunds", "2026-01-10", -5), ("only refunds", "2026-03-10", 5),
    )  # fmt: skip
    assert churned(log) == {"refund": True, "free": False}
    without = log.drop(columns="amount")
    for kind in KINDS.values():
        assert churned(kind(without), amount=None) == {"refund": False, "free": False, "only refunds": True}


@pytest.mark.parametrize("kind", KINDS)
def test_a_roster_says_who_is_labelled(kind):
    log = log_of(("ann", "2026-01-10"), ("bob", "2026-01-10"), ("new", "2026-02-10"), ("bob", "2026-03-31"))
    roster = KINDS[kind](pd.DataFrame({"plan": [1, 2, 3], "customer_id": ["never", "new", "ann"]}))
    labels = in_pandas(churn_labels(KINDS[kind](log), cutoff="2026-02-01", horizon=28, roster=roster))
    assert labels["customer_id"].tolist() == ["ann", "never", "new"]
    assert labels["churned"].tolist() == [True, True, False]
    assert labels["active"].tolist() == [True, False, False]


@pytest.mark.parametrize("kind", KINDS)
def test_a_roster_has_each_customer_once(kind):
    log = KINDS[kind](EDGES)
    with pytest.raises(InputError, match="the roster must have one row per customer"):
        churn_labels(
            log, cutoff="2026-02-01", horizon=28, roster=KINDS[kind](pd.DataFrame({"customer_id": ["a", "a"]}))
        )
    with pytest.raises(InputError, match="customer_id must not be null"):
        churn_labels(
            log, cutoff="2026-02-01", horizon=28, roster=KINDS[kind](pd.DataFrame({"customer_id": ["a", None]}))
        )
    with pytest.raises(InputError, match=r"the roster lacks \['customer_id'\]"):
        churn_labels(log, cutoff="2026-02-01", horizon=28, roster=KINDS[kind](pd.DataFrame({"id": ["a"]})))


def test_a_roster_is_of_the_logs_library_and_type():
    with pytest.raises(InputError, match="must be frames of one library"):
        churn_labels(EDGES, cutoff="2026-02-01", horizon=28, roster=pl.DataFrame({"customer_id": ["a"]}))
    with pytest.raises(InputError, match="must have one type in both frames"):
        churn_labels(EDGES, cutoff="2026-02-01", horizon=28, roster=pd.DataFrame({"customer_id": [1]}))


def test_a_lazy_roster_and_an_eager_log_go_together():
    roster = pl.LazyFrame({"customer_id": ["last", "before"]})
    labels = in_pandas(churn_labels(pl.from_pandas(EDGES), cutoff="2026-02-01", horizon=28, roster=roster))
    assert labels["churned"].tolist() == [True, False]


@pytest.mark.parametrize("kind", KINDS)
def test_who_was_active_is_told_and_nobody_is_dropped(kind):
    log = log_of(
        ("first day", "2025-11-01"), ("day before", "2025-10-31"), ("ann", "2026-01-31"), ("ann", "2026-04-30")
    )
    labels = in_pandas(churn_labels(KINDS[kind](log), cutoff="2026-02-01", horizon=28, active_within="3 months"))
    assert dict(zip(labels["customer_id"], labels["active"], strict=True)) == {
        "ann": True, "day before": False, "first day": True
    }  # fmt: skip
    assert labels["churned"].tolist() == [True, True, True]


# ---- what was not observed -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("definition", ["silence", "rhythm"])
def test_a_window_that_was_not_observed_is_refused_with_the_last_cutoff(definition):
    options = {
        "horizon": "28 days",
        "observation_end": "2026-04-30",
        "definition": definition,
        "population": population_of(7.0, 1.0),
    }
    assert churned(EDGES, cutoff="2026-04-03", **options)
    told = r"observed up to 2026-05-01, and it ends on 2026-04-30: 1 day short\. The last possible cutoff is 2026-04-03"
    with pytest.raises(InputError, match=told):
        churned(EDGES, cutoff="2026-04-04", **options)


@pytest.mark.parametrize("kind", KINDS)
def test_labels_that_were_not_observed_are_null_for_everyone_where_asked(kind):
    labels = in_pandas(churn_labels(KINDS[kind](EDGES), cutoff="2026-04-04", horizon="28 days", unobserved="flag"))
    assert labels["churned"].tolist() == [None] * 7
    assert set(labels["label_basis"]) == {"not observed"}
    assert labels["active"].tolist() == [True] * 7


def test_the_log_s_last_date_is_the_last_observed():
    assert churned(EDGES, cutoff="2026-04-03", observation_end="last")
    with pytest.raises(InputError, match="1 day short"):
        churned(EDGES, cutoff="2026-04-04")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"cutoff": "2026-01-02"}, "cutoff must be after the log's first day, 2026-01-02"),
        ({"cutoff": "2026-05-02", "unobserved": "flag"}, "cutoff must be 2026-05-01 or earlier"),
        ({"cutoff": "2026-02-01 12:00"}, "cutoff must be a whole day"),
        ({"horizon": "0 days"}, "horizon must be a text"),
        ({"gap": -1}, "gap must be a text"),
        ({"active_within": "0 days"}, "active_within must be a text"),
        ({"observation_end": "2026-04-29"}, "date must not be after observation_end, 2026-04-29"),
        ({"unobserved": "drop"}, "unobserved must be one of"),
        ({"definition": "sillence"}, "Did you mean 'silence'"),
        ({"definition": "rhythm", "multiple": 0}, "multiple must be above 0"),
        ({"definition": "rhythm", "population": 7}, "population"),
        ({"definition": "p_alive"}, "needs purchase_model"),
        ({"definition": "p_alive", "purchase_model": cv.clv.ParetoNBD()}, "time unit"),
        ({"definition": "p_alive", "purchase_model": cv.clv.ParetoNBD(), "level": 1}, "level must be between 0 and 1"),
        ({"purchase_model": cv.clv.ParetoNBD()}, "purchase_model goes with definition='p_alive'"),
        ({"customer_id": "who"}, r"lacks \['who'\]"),
        ({"amount": "value"}, r"lacks \['value'\]"),
    ],
)
def test_bad_arguments_are_refused(options, told):
    with pytest.raises(InputError, match=told):
        churned(EDGES, **options)


def test_ids_of_several_types_are_refused():
    mixed = pd.concat([EDGES.astype({"customer_id": object}), EDGES.assign(customer_id=1)])
    with pytest.raises(InputError, match="it mixes types"):
        churned(mixed)


def test_a_key_that_is_named_as_a_label_is_refused():
    with pytest.raises(InputError, match="would have 'active' twice"):
        churned(EDGES.rename(columns={"customer_id": "active"}), customer_id="active")


def test_engines_are_told_what_to_call_where_rows_are_needed():
    with pytest.raises(InputError, match=r"definition='rhythm' needs the rows in memory.*relation"):
        churn_labels(duckdb.from_df(EDGES), cutoff="2026-02-01", horizon=28, definition="rhythm")


@pytest.mark.filterwarnings("ignore:Dask support is moving:FutureWarning")
def test_dask_labels_silence_and_has_no_null_labels():
    log = dd.from_pandas(EDGES, npartitions=2)
    labels = churn_labels(log, cutoff="2026-02-01", horizon=28).compute()
    assert dict(zip(labels["customer_id"], labels["churned"], strict=True)) == churned(EDGES)
    with pytest.raises(InputError, match=r"no truth values that may be null: call frame\.compute\(\) first"):
        churn_labels(log, cutoff="2026-04-04", horizon=28, unobserved="flag")


# ---- own rhythm and P(alive) ---------------------------------------------------------------------------------------

# Before 1 February: ann every 10 days, bob every 2, dan one gap of a day, eve none.
RHYTHMS = log_of(
    *(("ann", day) for day in ("2026-01-01", "2026-01-11", "2026-01-21", "2026-01-21 18:00")),
    *(("bob", day) for day in ("2026-01-27", "2026-01-29", "2026-01-31", "2026-02-08")),
    ("eve", "2026-01-05"), ("dan", "2026-01-01"), ("dan", "2026-01-02"), ("zoe", "2026-04-01"),
)  # fmt: skip


def population_of(gap, weight):
    """Purchases by chance: n own gaps weigh n against `weight`."""
    shapes = (0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0)
    return cv.transactions.RhythmPopulation(
        gap=gap, weight=weight, leaving=0.1, shapes=shapes, grain="day", customers=9
    )


def judged(log, horizon, **options):
    options = {"definition": "rhythm", "cutoff": "2026-02-01"} | options
    labels = in_pandas(churn_labels(log, horizon=horizon, **options)).set_index("customer_id")
    return labels["churned"].to_dict(), labels["label_basis"].to_dict()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "duckdb"])
def test_rhythm_by_hand(kind):
    log, population = KINDS[kind](RHYTHMS), population_of(20.0, 1e-300)
    bases = {"ann": "own rhythm", "bob": "own rhythm", "dan": "own rhythm", "eve": "population fallback"}
    # Ann's 20 days are over on 10 February, bob's 4 (his usual gap is that before the cutoff) on the 12th, dan's 2
    # were on 4 January, and eve's 40, twice the population's gap, are on the 14th.
    for horizon, lost in ((9, ["dan"]), (10, ["ann", "dan"]), (12, ["ann", "bob", "dan"]), (13, ["ann", "bob", "dan"])):
        expected = {who: who in lost for who in bases}
        assert judged(log, horizon, population=population) == (expected, bases)
    assert judged(log, 14, population=population.to_dict()) == (dict.fromkeys(bases, True), bases)
    # With 1.9 gaps everyone is lost a tenth of his time earlier, rounded up to days.
    for horizon, lost in ((8, False), (9, True)):
        assert judged(log, horizon, population=population, multiple=1.9)[0]["ann"] is lost


def test_few_gaps_are_shrunk_and_the_basis_says_so():
    # One gap of a day against the weight of one: dan's usual gap is 10.5, his 21 days were over on 23 January.
    population = population_of(20.0, 1.0)
    bases = {
        "ann": "own rhythm, shrunk", "bob": "own rhythm, shrunk", "dan": "own rhythm, shrunk",
        "eve": "population fallback",
    }  # fmt: skip
    early = {"cutoff": "2026-01-20", "definition": "rhythm", "population": population}
    for horizon, lost in ((3, False), (4, True)):
        assert judged(RHYTHMS, horizon, **early)[0]["dan"] is lost
    # Ann's two gaps weigh 2/3: 2 x (2/3 x 10 + 1/3 x 20) = 26.7 days after 21 January.
    for horizon, lost in ((16, False), (17, True)):
        churn, basis = judged(RHYTHMS, horizon, population=population)
        assert churn["ann"] is lost
        assert basis == bases


def test_the_rhythm_is_that_of_purchase_rhythm_before_the_cutoff(cdnow_log):
    cutoff, horizon = pd.Timestamp("1997-09-01"), 120
    past = cdnow_log[cdnow_log["date"] < cutoff]
    rhythm = cv.transactions.purchase_rhythm(past, observation_end="1997-08-31", time_unit="day").set_index(
        "customer_id"
    )
    end = cutoff + pd.Timedelta(days=horizon - 1)
    last = cdnow_log[cdnow_log["date"] <= end].groupby("customer_id")["date"].max()
    silent = (end - last).dt.days.reindex(rhythm.index)
    labels = churn_labels(cdnow_log, cutoff=cutoff, horizon=horizon, definition="rhythm").set_index("customer_id")
    assert labels["churned"].tolist() == (silent >= 2 * rhythm["usual_gap"]).tolist()
    assert 0.1 < labels["churned"].mean() < 0.9
    assert set(labels["label_basis"]) == {"own rhythm", "own rhythm, shrunk", "population fallback"}


def test_who_first_bought_after_the_cutoff_has_the_populations_rhythm():
    roster = pd.DataFrame({"customer_id": ["zoe", "ann", "never"]})
    lost, bases = judged(RHYTHMS, 70, roster=roster, population=population_of(2.0, 1.0), observation_end="2026-04-30")
    # Zoe's 4 days, from 1 April on, are over on the 5th; the window ends with the 11th.
    assert lost == {"ann": True, "never": True, "zoe": True}
    assert bases == {"ann": "own rhythm, shrunk", "never": "no purchase", "zoe": "population fallback"}
    assert judged(RHYTHMS, 62, roster=roster, population=population_of(2.0, 1.0), observation_end="2026-04-30")[0] == {
        "ann": True, "never": True, "zoe": False
    }  # fmt: skip


def test_a_rhythm_needs_someone_with_a_gap():
    with pytest.raises(InputError, match="a rhythm needs customers who bought twice"):
        churned(EDGES, definition="rhythm")
    refunds = log_of(("ann", "2026-01-10", -5), ("ann", "2026-02-10", 5), ("ann", "2026-04-10", 5))
    with pytest.raises(InputError, match="nobody bought before the cutoff"):
        churned(refunds, definition="rhythm")


class HalfAlive:
    """Alive with a probability that the frequency tells, and unknown for one count of purchases."""

    time_unit_ = "day"

    def __init__(self):
        self.seen = None

    def probability_alive(self, summary):
        self.seen = summary
        return np.where(summary["frequency"] == 1, np.nan, summary["frequency"] / 4)


def test_p_alive_is_that_of_the_windows_last_day():
    model = HalfAlive()
    roster = pd.DataFrame({"customer_id": ["bob", "ann", "dan", "never", "eve"]})
    labels = churn_labels(
        RHYTHMS, cutoff="2026-02-01", horizon=28, definition="p_alive", purchase_model=model, roster=roster
    )
    assert model.seen["observation_end"].eq(pd.Timestamp("2026-02-28")).all()
    assert dict(zip(model.seen["customer_id"], model.seen["frequency"], strict=True)) == {
        "ann": 2, "bob": 3, "dan": 1, "eve": 0
    }  # fmt: skip
    table = in_pandas(labels).set_index("customer_id")
    assert table["churned"].to_dict() == {"ann": False, "bob": False, "dan": None, "eve": True, "never": True}
    assert table["label_basis"].to_dict() == {
        "ann": "p_alive", "bob": "p_alive", "dan": "p_alive unknown", "eve": "p_alive", "never": "no purchase"
    }  # fmt: skip


def test_p_alive_of_a_fitted_model_is_the_models_own(cdnow_log):
    model = cv.clv.BGNBD.from_params(r=0.243, alpha=4.414, a=0.793, b=2.426, time_unit="week")
    options = {"cutoff": "1997-09-01", "horizon": "120 days", "definition": "p_alive", "purchase_model": model}
    labels = churn_labels(cdnow_log, level=0.4, **options)
    known, _ = cv.split_holdout(cdnow_log, observation_end="1997-12-29")
    alive = model.probability_alive(cv.summarize_customers(known, observation_end="1997-12-29"))
    assert labels["churned"].tolist() == (alive < 0.4).tolist()
    assert 0.01 < labels["churned"].mean() < 0.5
    lazy = churn_labels(pl.from_pandas(cdnow_log).lazy(), level=0.4, **options)
    assert lazy.collect()["churned"].to_list() == labels["churned"].tolist()


# ---- figures and properties ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_cdnow(cdnow_log, kind):
    golden = GOLDEN["cdnow_silence"]
    log = KINDS[kind](cdnow_log[["customer_id", "date", "amount"]])
    labels = in_pandas(churn_labels(log, cutoff=golden["cutoff"], horizon=golden["horizon"]))
    assert len(labels) == golden["customers"]
    assert labels["churned"].mean() == golden["churn_rate"]  # a quotient of two counts


DAYS = [dt.date(2026, 1, 1) + dt.timedelta(days=i) for i in range(60)]
rows = st.tuples(st.sampled_from("abcd"), st.integers(0, 59), st.sampled_from([-1.0, 0.0, 2.0]))
CUTOFF, START, END = 20, 23, 33
OPTIONS = {
    "cutoff": DAYS[CUTOFF], "gap": START - CUTOFF, "horizon": END - START, "observation_end": DAYS[-1],
    "active_within": 10,
}  # fmt: skip


def frame_of(events):
    customers, days, amounts = zip(*[("z", 0, 1.0), *events], strict=True)
    return pl.DataFrame({"customer_id": customers, "date": [DAYS[day] for day in days], "amount": amounts})


@settings(max_examples=25)
@given(st.lists(rows, max_size=30), st.lists(rows, max_size=10), st.sampled_from(["silence", "rhythm"]), st.randoms())
def test_labels_do_not_see_beyond_the_windows_end_and_know_no_order(events, later, definition, random):
    options = OPTIONS | {"definition": definition, "population": population_of(4.0, 1.0)}
    before = [event for event in events if event[1] < END]
    after = [(who, END + day % (60 - END), amount) for who, day, amount in later]
    labels = churn_labels(frame_of(before), **options)
    mixed = before + after
    random.shuffle(mixed)
    assert churn_labels(frame_of(mixed), **options).equals(labels)
    assert churn_labels(frame_of(mixed).lazy(), **options).collect().equals(labels)


@settings(max_examples=25)
@given(st.lists(rows, max_size=30), st.sampled_from("abcd"), st.integers(0, 59))
def test_silence_against_its_definition_and_a_purchase_flips_it(events, who, day):
    def expected(rows):
        bought = {(c, d) for c, d, amount in rows if amount >= 0}
        known = {c for c, d in bought if d < CUTOFF}
        return {
            c: (
                not any(c == one and START <= d < END for one, d in bought),
                any(c == one and CUTOFF - 10 <= d < CUTOFF for one, d in bought),
            )
            for c in known
        }

    def found(rows):
        labels = churn_labels(frame_of(rows), **OPTIONS)
        return {c: (lost, active) for c, lost, active in labels.select("customer_id", "churned", "active").rows()}

    events = [("z", 0, 1.0), *events]
    assert found(events) == expected(events)
    more = [*events, (who, day, 0.0)]
    assert found(more) == expected(more)
    if START <= day < END and who in expected(events):
        assert found(more)[who][0] is False


def test_plain_dates_as_objects_and_aware_timestamps():
    objects = EDGES.assign(date=EDGES["date"].dt.date)
    aware = EDGES.assign(date=EDGES["date"].dt.tz_localize("America/New_York"))
    expected = churned(EDGES)
    assert churned(objects) == churned(aware) == expected


def test_pandas_labels_are_of_one_type_with_nulls_and_without():
    seen = churn_labels(EDGES, cutoff="2026-02-01", horizon=28)
    unseen = churn_labels(EDGES, cutoff="2026-04-04", horizon=28, unobserved="flag")
    assert seen.dtypes.equals(unseen.dtypes)
    assert str(seen["churned"].dtype) == "boolean"


def test_the_input_is_not_changed():
    log, roster = EDGES.copy(), pd.DataFrame({"customer_id": ["last"]})
    churn_labels(log, cutoff="2026-02-01", horizon=28, roster=roster)
    churn_labels(log, cutoff="2026-02-01", horizon=28, definition="rhythm", population=population_of(3.0, 1.0))
    pd.testing.assert_frame_equal(log, EDGES)
