"""A panel holds what features and labels give cutoff by cutoff, and refuses what was not observed."""

import datetime as dt

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.tree import DecisionTreeClassifier

from customer_value.churn import (
    churn_features,
    churn_labels,
    churn_snapshots,
    split_xy,
    subscription_churn_labels,
)
from customer_value.errors import InputError

CUTOFFS = ["1997-07-01", "1997-10-01", "1998-01-01"]
OPTIONS = {"cutoffs": CUTOFFS, "horizon": "3 months", "lookbacks": ("30 days", "90 days")}


@pytest.fixture(scope="module")
def log(cdnow_log):
    return pl.from_pandas(cdnow_log[cdnow_log["customer_id"] < 400]).with_columns(pl.col("date").cast(pl.Date))


@pytest.fixture(scope="module")
def panel(log):
    return churn_snapshots(log, active_within="4 months", **OPTIONS)


def test_each_cutoff_is_what_features_and_labels_give(log, panel):
    parts = []
    for cutoff in CUTOFFS:
        features = churn_features(log, cutoff=cutoff, lookbacks=OPTIONS["lookbacks"])
        labels = churn_labels(log, cutoff=cutoff, horizon="3 months", active_within="4 months")
        active = labels.filter("active").select("customer_id", "churned")
        parts.append(features.join(active, on="customer_id").sort("customer_id"))
    assert pl.concat(parts).equals(panel)
    sizes = [len(part) for part in parts]
    assert sizes[0] > sizes[1] > 0  # those who left are not asked about again


def test_inactive_customers_on_request(log, panel):
    everyone = churn_snapshots(log, active_within="4 months", keep_inactive=True, **OPTIONS)
    assert everyone.columns == [*panel.columns[:-1], "active", "churned"]
    assert everyone.filter("active").drop("active").equals(panel)
    assert len(everyone) == 3 * log["customer_id"].n_unique()
    default = churn_snapshots(log, **OPTIONS)
    assert default.equals(everyone.drop("active"))


@pytest.mark.parametrize("library", ["pandas", "pyarrow", "polars lazy", "duckdb"])
def test_libraries_agree(log, panel, library):
    make = {
        "pandas": lambda frame: frame.to_pandas(),
        "pyarrow": lambda frame: frame.to_arrow(),
        "polars lazy": lambda frame: frame.lazy(),
        "duckdb": lambda frame: duckdb.from_arrow(frame.to_arrow()),
    }[library]
    found = churn_snapshots(make(log), active_within="4 months", **OPTIONS)
    assert type(found) is type(make(log))
    if library == "pandas":
        found = pl.from_pandas(found.reset_index(drop=True)).with_columns(pl.col("cutoff").cast(pl.Date))
    elif library == "pyarrow":
        found = pl.from_arrow(found)
    else:
        found = found.collect() if library == "polars lazy" else found.pl()
    assert found.equals(panel)


def test_the_future_changes_labels_and_no_feature(log, panel):
    after = dt.date(1998, 1, 1)
    future = log.filter(pl.col("date") >= after)
    bought_again = future.with_columns(pl.lit(5).cast(log.schema["customer_id"]).alias("customer_id"))
    last_row = log.filter(pl.col("date") == log["date"].max()).head(1)
    changed = pl.concat([log.filter(pl.col("date") < after), bought_again, last_row])
    found = churn_snapshots(changed, active_within="4 months", **OPTIONS)
    assert found.drop("churned").equals(panel.drop("churned"))
    now = pl.col("cutoff") == after
    assert found.filter(~now).equals(panel.filter(~now))
    assert found.filter(now)["churned"].sum() > panel.filter(now)["churned"].sum()


def test_cutoffs_that_were_not_observed_are_named(log):
    cutoffs = ["1998-01-01", "1998-05-01", "1998-06-15"]
    for frame in (log, log.lazy()):
        with pytest.raises(InputError, match=r"1998-05-01, 1998-06-15. The last possible cutoff is 1998-0[34]"):
            churn_snapshots(frame, cutoffs=cutoffs, horizon="3 months")
    flagged = churn_snapshots(log, cutoffs=cutoffs, horizon="3 months", unobserved="flag")
    unknown = flagged.group_by("cutoff", maintain_order=True).agg(pl.col("churned").is_null().all())
    assert unknown["churned"].to_list() == [False, True, True]
    with pytest.raises(InputError, match="churned must not be null"):
        split_xy(flagged)
    X, y, groups = split_xy(flagged, unlabelled="drop")
    assert len(X) == y.size == groups.size == flagged["churned"].count()


def test_rows_that_were_not_known_make_nobody_active():
    day = [dt.date(2026, 1, 5), dt.date(2026, 2, 1), dt.date(2026, 2, 20), dt.date(2026, 3, 20)]
    known = [day[0], dt.date(2026, 3, 9), day[2], day[3]]
    log = pl.DataFrame({"customer_id": ["a", "a", "b", "b"], "date": day, "available_at": known})
    options = {"cutoffs": ["2026-03-01"], "horizon": "20 days", "active_within": "40 days", "lookbacks": ("10 days",)}
    for frame in (log, log.lazy()):
        found = churn_snapshots(frame, **options).lazy().collect()
        assert found["customer_id"].to_list() == ["b"]
    assert churn_snapshots(log.drop("available_at"), **options)["customer_id"].to_list() == ["a", "b"]


def subscriptions():
    return pl.DataFrame(
        {
            "customer_id": ["a", "b", "c", "c", "d", "e"],
            "start": [dt.date(2025, 1, 10)] * 2
            + [dt.date(2025, 2, 1), dt.date(2025, 9, 1)]
            + [dt.date(2025, 10, 1)] * 2,
            "end": [None, dt.date(2025, 8, 15), dt.date(2025, 5, 1), None, None, dt.date(2025, 11, 3)],
        }
    )


def test_contracts_are_labelled_by_the_roster():
    usage = pl.DataFrame({"customer_id": ["a", "b", "b", "z"], "date": [dt.date(2025, m, 3) for m in (1, 2, 6, 1)]})
    tickets = pl.DataFrame({"customer_id": ["b"], "date": [dt.date(2025, 6, 30)]})
    options = {
        "cutoffs": ["2025-04-01", "2025-07-01"],
        "horizon": "2 months",
        "definition": "contractual",
        "roster": subscriptions(),
        "label_options": {"grace": "5 days"},
        "lookbacks": ("30 days",),
        "observation_start": "2025-01-01",
    }
    found = churn_snapshots({"usage": usage, "tickets": tickets}, **options)
    assert found["customer_id"].to_list() == ["a", "b", "c", "a", "b"]
    assert found["churned"].to_list() == [False, False, True, False, True]
    assert found["days_since_start"].to_list() == [81, 81, 59, 172, 172]
    assert found["tickets_events_30d"].to_list() == [0, 0, 0, 0, 1]
    labels = subscription_churn_labels(subscriptions(), cutoff="2025-07-01", horizon="2 months", grace="5 days")
    assert labels["churned"].to_list() == found["churned"].to_list()[3:]
    lazily = {"usage": usage.lazy(), "tickets": tickets.lazy()}
    assert churn_snapshots(lazily, **(options | {"roster": subscriptions().lazy()})).collect().equals(found)
    now = churn_features(
        {"usage": usage, "tickets": tickets}, roster=subscriptions(), cutoff="2025-07-01", lookbacks=(30,)
    )
    assert now["customer_id"].to_list() == ["a", "b"]  # whose contract runs, as in the panel
    assert split_xy(found)[0].columns == now.columns[2:]


def test_other_definitions_take_their_options(log):
    found = churn_snapshots(log, definition="rhythm", label_options={"multiple": 4.0}, **OPTIONS)
    labels = churn_labels(log, cutoff=CUTOFFS[1], horizon="3 months", definition="rhythm", multiple=4.0)
    of_day = found.filter(pl.col("cutoff") == dt.date(1997, 10, 1))
    assert of_day["churned"].to_list() == labels["churned"].to_list()


def test_a_roster_narrows_a_panel_without_contracts(log):
    people = pl.DataFrame({"customer_id": [3, 1, 10**6]}).cast(log.schema["customer_id"])
    found = churn_snapshots(log, roster=people, keep_inactive=True, **OPTIONS)
    assert found["customer_id"].to_list() == [1, 3, 10**6] * 3
    assert found["active"].to_list() == [True, True, False] * 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cutoffs": CUTOFFS[::-1]}, "in order of time"),
        ({"definition": "contractual"}, "give it as roster="),
        ({"definition": "quiet"}, "definition must be one of"),
        ({"label_options": {"grace": "7 days"}}, r"label_options of definition='silence' may be \[\]"),
        ({"keep_inactive": 1}, "keep_inactive"),
        ({"cutoffs": ["1990-01-01"]}, "nobody is a customer before the cutoff"),
    ],
)
def test_bad_arguments(log, change, message):
    with pytest.raises(InputError, match=message):
        churn_snapshots(log, **(OPTIONS | change))


def test_active_within_is_not_for_contracts(log):
    with pytest.raises(InputError, match="without a contract"):
        churn_snapshots(log, definition="contractual", roster=subscriptions(), active_within=30, **OPTIONS)


# ---- split_xy -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [lambda p: p, lambda p: p.lazy(), lambda p: p.to_arrow(), lambda p: p.to_pandas()])
def test_split_gives_features_outcomes_and_groups(panel, make):
    X, y, groups = split_xy(make(panel))
    names = X.column_names if hasattr(X, "column_names") else list(X.columns)
    assert names == panel.columns[2:-1]
    assert y.dtype == np.int64
    assert y.tolist() == panel["churned"].cast(pl.Int64).to_list()
    assert groups.tolist() == panel["customer_id"].to_list()


def test_scikit_learn_takes_the_features_as_they_are(panel):
    for frame in (panel, panel.to_pandas()):
        X, y, _ = split_xy(frame)
        model = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, y)
        assert model.n_features_in_ == X.shape[1]


def test_split_leaves_out_what_labels_wrote_beside_the_outcome():
    frame = pd.DataFrame(
        {
            "who": ["a", "b"],
            "window_end": pd.to_datetime(["2026-01-01"] * 2),
            "active": True,
            "label_basis": "silence",
            "x": [1.0, 2.0],
            "left": [0, 1],
        }
    )
    X, y, groups = split_xy(frame, customer_id="who", outcome="left")
    assert list(X) == ["x"]
    assert (y.tolist(), groups.tolist()) == ([0, 1], ["a", "b"])


@pytest.mark.parametrize(
    ("panel", "message"),
    [
        ({"customer_id": ["a"], "x": [1]}, "lacks"),
        ({"customer_id": ["a"], "churned": [True]}, "no features"),
        ({"customer_id": ["a"], "x": [1], "churned": ["yes"]}, "true or false"),
        ({"customer_id": ["a"], "x": [1], "churned": [0.5]}, "true or false"),
        ({"customer_id": [], "x": [], "churned": []}, "empty"),
    ],
)
def test_split_refuses(panel, message):
    with pytest.raises(InputError, match=message):
        split_xy(pd.DataFrame(panel))
