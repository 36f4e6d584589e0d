"""CDNOW: the purchases of an online music shop's new customers, the field's most used data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from customer_value._frames import Backend, Column, empty_frame, make_frame
from customer_value._optional import package_folder
from customer_value._validation import require_backend, truth_value

_MASTER_COLUMNS = ("customer_id", "date", "quantity", "amount")
_SAMPLE_COLUMNS = ("master_id", *_MASTER_COLUMNS)


def load_cdnow(*, sample: bool = False, backend: Backend = "pandas") -> Any:
    """Load the CDNOW transaction log: new customers of early 1997, followed for one and a half years.

    Parameters
    ----------
    sample : bool
        False gives all 69,659 transactions of 23,570 customers. True gives the 1/10 sample on which the papers
        fit their models: 6,919 transactions of 2,357 customers.
    backend : {"pandas", "polars", "pyarrow"}
        The library of the frame.

    Returns
    -------
    DataFrame
        One row per transaction, in the order of customer and date:

        - `customer_id`: integer, 1 to 23,570; in the sample, the papers' own numbers 1 to 2,357;
        - `date`: the day, 1997-01-01 to 1998-06-30;
        - `amount`: US dollars, 2,500,315.63 in all (244,091.94 in the sample). 80 transactions of as many
          customers cost nothing (8 in the sample); they are purchases all the same;
        - `quantity`: number of CDs;
        - `master_id`: in the sample only, the customer's number in the full log.

    Raises
    ------
    InputError
        `backend` is not one of the three, or `sample` not True or False.
    MissingDependencyError
        lifetimes, whose files these are, or the library of `backend` is not installed.

    Notes
    -----
    All customers bought for the first time between 1997-01-01 and 1997-03-25. A customer may have several
    transactions on one day; the papers merge them.

    Source: P. S. Fader and B. G. S. Hardie (2001), "Forecasting repeat sales at CDNOW: a case study",
    *Interfaces* 31(3), S94-S107; data and notes at brucehardie.com/datasets and brucehardie.com/notes/026.
    Read from the files of the installed lifetimes package, which is not imported.

    Licence: published by the authors for research and teaching, without a stated licence; the package that
    carries the files, lifetimes, is under the MIT licence.

    Examples
    --------
    >>> from customer_value.datasets import load_cdnow
    >>> log = load_cdnow()
    >>> len(log), log["customer_id"].nunique()
    (69659, 23570)
    >>> load_cdnow(sample=True, backend="polars").columns
    ['customer_id', 'date', 'amount', 'quantity', 'master_id']
    """
    require_backend(backend)
    if truth_value(sample, "sample"):
        table = dict(zip(_SAMPLE_COLUMNS, np.loadtxt(_file("CDNOW_sample.txt")).T, strict=True))
    else:
        table = dict(zip(_MASTER_COLUMNS, np.loadtxt(_file("CDNOW_master.txt"), skiprows=1).T, strict=True))
    columns: dict[str, Column] = {
        "customer_id": table["customer_id"].astype(np.int64),
        "date": _dates(table["date"].astype(np.int64)),
        "amount": table["amount"],
        "quantity": table["quantity"].astype(np.int64),
    }
    if sample:
        columns["master_id"] = table["master_id"].astype(np.int64)
    return make_frame(columns, like=empty_frame(backend)).to_native()


def _file(name: str) -> Path:
    return package_folder("lifetimes", what="load_cdnow", install="lifetimes") / "datasets" / name


def _dates(yyyymmdd: np.ndarray[Any, np.dtype[np.int64]]) -> np.ndarray[Any, np.dtype[np.datetime64]]:
    """Turn numbers such as 19970118 into days."""
    year, month, day = yyyymmdd // 10_000, yyyymmdd // 100 % 100, yyyymmdd % 100
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    first: np.ndarray[Any, np.dtype[np.datetime64]] = months.astype("datetime64[D]")
    return first + (day - 1)
