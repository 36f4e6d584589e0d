"""Donations: yearly giving to a nonprofit, counted by pattern, as the BG/BB model needs it."""

from __future__ import annotations

from typing import Any

import numpy as np

from customer_value._frames import Backend, empty_frame, make_frame
from customer_value._optional import package_folder
from customer_value._validation import require_backend

_COLUMNS = ("frequency", "recency", "opportunities", "customers")


def load_donations(*, backend: Backend = "pandas") -> Any:
    """Load the 1995 cohort of donors: gifts in the six years that followed, one row per pattern.

    Parameters
    ----------
    backend : {"pandas", "polars", "pyarrow"}
        The library of the frame.

    Returns
    -------
    DataFrame
        22 rows, all integers:

        - `frequency`: number of years with a gift, out of the six from 1996 to 2001;
        - `recency`: the number of the last year with a gift, 1 to 6, and 0 without one;
        - `opportunities`: years in which a gift could be made, 6 in every row;
        - `customers`: donors with this pattern, 11,104 in all. It is the weight of the row.

    Raises
    ------
    InputError
        `backend` is not one of the three.
    MissingDependencyError
        lifetimes, whose file this is, or the library of `backend` is not installed.

    Notes
    -----
    Source: P. S. Fader, B. G. S. Hardie and J. Shang (2010), "Customer-base analysis in a discrete-time
    noncontractual setting", *Marketing Science* 29(6), 1086-1108. The donors gave to a nonprofit organisation
    in the American Midwest for the first time in 1995. Read from the file of the installed lifetimes package,
    which is not imported.

    Licence: published by the authors for research and teaching, without a stated licence; the package that
    carries the file, lifetimes, is under the MIT licence.

    Examples
    --------
    >>> from customer_value.datasets import load_donations
    >>> donors = load_donations()
    >>> int(donors["customers"].sum())
    11104
    >>> donors.head(2)
       frequency  recency  opportunities  customers
    0          0        0              6       3464
    1          1        1              6       1091
    """
    require_backend(backend)
    path = package_folder("lifetimes", what="load_donations", install="lifetimes") / "datasets" / "donations.csv"
    table = np.loadtxt(path, delimiter=",", skiprows=1, dtype=np.int64)
    return make_frame(dict(zip(_COLUMNS, table.T, strict=True)), like=empty_frame(backend)).to_native()
