import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from customer_value.datasets import load_cdnow
from customer_value.errors import InputError, MissingDependencyError

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "datasets.json").read_text())


@pytest.mark.parametrize(("sample", "name"), [(False, "cdnow"), (True, "cdnow_sample")])
def test_rows_customers_and_sums(sample, name):
    golden = GOLDEN[name]
    log = load_cdnow(sample=sample)
    assert len(log) == golden["rows"]
    assert sorted(log["customer_id"].unique()) == list(range(1, golden["customers"] + 1))
    assert log["amount"].sum() == pytest.approx(golden["amount"], abs=0.005)  # sums of cents, half a cent
    assert log["quantity"].sum() == golden["quantity"]
    free = log[log["amount"] == 0]
    assert len(free) == free["customer_id"].nunique() == golden["free_transactions"]
    assert log.sort_values(["customer_id", "date"], kind="stable").index.equals(log.index)


def test_days_of_the_full_log():
    golden = GOLDEN["cdnow"]
    log = load_cdnow()
    assert log["date"].min() == pd.Timestamp(golden["first_day"])
    assert log["date"].max() == pd.Timestamp(golden["last_day"])
    assert log.groupby("customer_id")["date"].min().max() == pd.Timestamp(golden["last_first_purchase"])


def test_sample_gives_the_papers_summary():
    golden = GOLDEN["cdnow_sample"]
    log = load_cdnow(sample=True)
    days = log.groupby(["customer_id", "date"], as_index=False)["amount"].sum()
    end = pd.Timestamp("1997-09-30")
    calibration, holdout = days[days["date"] <= end], days[days["date"] > end]
    by_customer = calibration.groupby("customer_id")["date"]
    x = by_customer.size() - 1
    assert (x.sum(), (x > 0).sum()) == (golden["sum_x"], golden["repeat_buyers"])
    # printed to six digits
    assert (by_customer.max() - by_customer.min()).dt.days.sum() / 7 == pytest.approx(golden["sum_t_x"], abs=1e-6)
    assert (end - by_customer.min()).dt.days.sum() / 7 == pytest.approx(golden["sum_T"], abs=1e-6)
    assert len(holdout) == golden["holdout_39w_x"]
    repeats = calibration[calibration["date"] > by_customer.transform("min")]
    assert repeats.groupby("customer_id")["amount"].mean().mean() == pytest.approx(
        golden["mean_repeat_amount"], abs=1e-6
    )


def test_sample_is_part_of_the_full_log():
    sample = load_cdnow(sample=True)
    parts = sample.drop(columns="customer_id").rename(columns={"master_id": "customer_id"})
    full = load_cdnow()
    full = full[full["customer_id"].isin(parts["customer_id"])]
    keys = ["customer_id", "date", "amount", "quantity"]
    pd.testing.assert_frame_equal(
        parts[keys].sort_values(keys).reset_index(drop=True), full[keys].sort_values(keys).reset_index(drop=True)
    )


def test_same_rows_in_every_library():
    expected = load_cdnow(sample=True)
    polars, arrow = load_cdnow(sample=True, backend="polars"), load_cdnow(sample=True, backend="pyarrow")
    assert list(expected.columns) == polars.columns == arrow.column_names
    assert expected["date"].dtype.kind == "M"
    for name in expected.columns:
        values = [d.date() for d in expected[name]] if name == "date" else expected[name].tolist()
        assert polars[name].to_list() == arrow[name].to_pylist() == values
    assert isinstance(polars["date"][0], dt.date)
    assert str(arrow.schema.field("date").type) == "date32[day]"


def test_dates_are_read_as_written():
    log = load_cdnow(sample=True)
    first = log.iloc[0]  # "00004 0001 19970101  2   29.33"
    assert first.tolist() == [1, pd.Timestamp("1997-01-01"), 29.33, 2, 4]
    assert np.issubdtype(log["customer_id"].dtype, np.integer)


def test_lifetimes_is_not_imported():
    code = (
        "import sys; from customer_value import datasets; "
        "datasets.load_cdnow(); datasets.load_cdnow(sample=True); datasets.load_donations(); "
        "sys.exit('lifetimes' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_missing_lifetimes_names_the_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "lifetimes", None)
    with pytest.raises(MissingDependencyError, match=r"load_cdnow needs .*pip install lifetimes"):
        load_cdnow()


def test_missing_library_names_the_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(ImportError, match="pip install polars"):
        load_cdnow(backend="polars")


def test_unknown_library():
    with pytest.raises(InputError, match="Did you mean 'pandas'"):
        load_cdnow(backend="panda")
