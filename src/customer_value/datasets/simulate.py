"""Transaction logs of any size whose truth is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np

from customer_value._frames import Backend, Column, empty_frame, make_frame
from customer_value._units import DAYS, Day, TimeUnit, as_float, date_of, day_number
from customer_value._validation import number, require_backend, require_choice, truth_value, whole_number
from customer_value.datasets._stories import STORIES, Floats, Story
from customer_value.errors import InputError

Process = Literal["pareto_nbd", "bg_nbd", "mbg_nbd"]

# Customers per stream of random numbers: small enough for the cache, large enough for numpy to be busy.
_BLOCK = 4096
_MOST_ROWS = 1e9
_TIMES = ("alpha", "beta")  # the parameters that are lengths of time


def simulate_transactions(
    n_customers: int = 1000,
    *,
    process: Process = "pareto_nbd",
    start: Day = "2023-01-01",
    end: Day = "2024-12-31",
    acquired: tuple[Day, Day] | None = None,
    time_unit: TimeUnit = "week",
    r: float | None = None,
    alpha: float | None = None,
    s: float | None = None,
    beta: float | None = None,
    a: float | None = None,
    b: float | None = None,
    p: float = 6.25,
    q: float = 3.74,
    v: float = 15.44,
    random_state: int = 0,
    backend: Backend = "pandas",
    return_truth: bool = False,
) -> Any:
    """Simulate a transaction log from the stories that the purchase and spend models tell.

    Parameters
    ----------
    n_customers : int
        Number of customers; each has at least the first purchase.
    process : {"pareto_nbd", "bg_nbd", "mbg_nbd"}
        How customers buy and leave. In all three, purchases come at a rate that is constant over time and varies
        between customers as Gamma(`r`, rate `alpha`). "pareto_nbd": a lifetime that is exponential at a rate from
        Gamma(`s`, rate `beta`). "bg_nbd": after each repeat purchase the customer leaves with a probability from
        Beta(`a`, `b`). "mbg_nbd": after each purchase, the first as well.
    start, end : date
        First and last day of the log, both inclusive.
    acquired : tuple of two dates, optional
        First purchases are uniform from the first of these days to the second, both inclusive. By default the
        first quarter of the time from `start` to `end`.
    time_unit : str
        The ruler of the parameters and of the truth.
    r, alpha, s, beta, a, b : float, optional
        Parameters of the process; by default those of a fit to the CDNOW sample, brought to `time_unit`.
    p, q, v : float
        Gamma-Gamma spend: the customer's rate is Gamma(`q`, rate `v`), an amount is Gamma(`p`, that rate). The
        mean over customers is `p * v / (q - 1)`, so `q` must be above 1.
    random_state : int
        Seed, 0 or above.
    backend : {"pandas", "polars", "pyarrow"}
        The library of the frames.
    return_truth : bool
        Whether to give the truth beside the log.

    Returns
    -------
    log : DataFrame
        `customer_id` (1 to `n_customers`), `date`, `amount` in cents of a currency (never below one cent), one row
        per transaction, sorted by customer and time.
    truth : DataFrame
        Only with `return_truth=True`. One row per customer: `customer_id`; `first_date`; `purchase_rate` per time
        unit; `dropout_rate` (Pareto/NBD) or `dropout_probability` (BG/NBD, MBG/NBD); `dropout_time` from the first
        purchase; `alive`, at the end of the log; `mean_spend`, the mean that the customer's amounts are drawn
        from; and the customer summary in continuous time, before days cut it: `frequency`, `recency`, `T`,
        `monetary_value` (null without a repeat purchase), `time_unit`. A model fitted on these columns sees what
        the story made, and one fitted on `summarize_customers(log)` what a shop's books would show.

    Raises
    ------
    InputError
        An argument is out of its range, a parameter belongs to another process, or the log would be of more than
        a billion rows.
    MissingDependencyError
        The library of `backend` is not installed.

    Notes
    -----
    Purchases happen in continuous time and are written down by day, so that two on one day are two rows. The
    summary of the log therefore counts slightly fewer purchases than `frequency`, and its `T` is half a day
    shorter on average, since the first purchase falls anywhere in its day and `end` is seen whole.

    Customers are drawn in blocks of 4,096, each from a stream of random numbers of its own, keyed by
    `random_state` and the number of the block, and always drawn whole. So a customer's history does not depend on
    how many customers there are: the log of 100 customers is the beginning of the log of a million. It does
    depend on all other arguments, and on numpy's version where that changes its generators.

    The stories: D. C. Schmittlein, D. G. Morrison and R. Colombo (1987), *Management Science* 33(1); P. S. Fader,
    B. G. S. Hardie and K. L. Lee (2005), *Marketing Science* 24(2); E. P. Batislam, M. Denizel and A. Filiztekin
    (2007), *International Journal of Research in Marketing* 24(3); P. S. Fader and B. G. S. Hardie (2013), "The
    gamma-gamma model of monetary value". No code of this library's models takes part.

    Examples
    --------
    >>> from customer_value.datasets import simulate_transactions
    >>> log, truth = simulate_transactions(500, random_state=7, return_truth=True)
    >>> log["customer_id"].nunique(), len(truth)
    (500, 500)
    >>> len(log) == 500 + int(truth["frequency"].sum())
    True
    """
    n_customers = whole_number(n_customers, "n_customers", low=1)
    random_state = whole_number(random_state, "random_state")
    require_choice("process", process, tuple(STORIES))
    require_choice("time_unit", time_unit, tuple(DAYS))
    require_backend(backend)
    with_truth = truth_value(return_truth, "return_truth")
    given = {"r": r, "alpha": alpha, "s": s, "beta": beta, "a": a, "b": b}
    parameters = _parameters(process, {name: value for name, value in given.items() if value is not None}, time_unit)
    spend = (_positive(p, "p"), number(q, "q", low=1, open_ends=True), _positive(v, "v"))
    window = _window(start, end, acquired)
    _check_size(n_customers, parameters["r"] / parameters["alpha"], window, time_unit)

    story = STORIES[process]
    blocks = [
        _block(np.random.default_rng(seed), story, parameters, spend, window, DAYS[time_unit], size)
        for seed, size in _streams(random_state, n_customers)
    ]
    truth = {name: np.concatenate([block[0][name] for block in blocks]) for name in blocks[0][0]}
    customer_id = np.arange(1, n_customers + 1)
    like = empty_frame(backend)
    log: dict[str, Column] = {
        "customer_id": np.repeat(customer_id, truth["frequency"] + 1),
        "date": np.concatenate([block[1] for block in blocks]).astype("datetime64[D]"),
        "amount": np.concatenate([block[2] for block in blocks]),
    }
    if not with_truth:
        return make_frame(log, like=like).to_native()
    known: dict[str, Column] = {"customer_id": customer_id, **truth, "time_unit": np.full(n_customers, time_unit)}
    return make_frame(log, like=like).to_native(), make_frame(known, like=like).to_native()


def _streams(random_state: int, n_customers: int) -> Iterator[tuple[np.random.SeedSequence, int]]:
    """Yield each block's own seed and the number of customers wanted from it."""
    for block, first in enumerate(range(0, n_customers, _BLOCK)):
        yield np.random.SeedSequence(random_state, spawn_key=(block,)), min(_BLOCK, n_customers - first)


def _block(
    rng: np.random.Generator,
    story: Story,
    parameters: Mapping[str, float],
    spend: tuple[float, float, float],
    window: tuple[int, int, int],
    unit: float,
    size: int,
) -> tuple[dict[str, np.ndarray[Any, Any]], np.ndarray[Any, Any], Floats]:
    """Draw a block whole and cut it to size: the truth by customer, then days and amounts by transaction."""
    acquired_from, acquired_to, end = window
    first = acquired_from + rng.random(_BLOCK) * (acquired_to + 1 - acquired_from)  # moment, in days
    length = (end + 1 - first) / unit
    history = story.draw(rng, length, **parameters)
    p, q, v = spend
    spend_rate = rng.gamma(q, 1 / v, _BLOCK)

    rows = history.repeats + 1
    owner = np.repeat(np.arange(_BLOCK), rows)
    starts = np.cumsum(rows) - rows
    is_repeat = np.ones(owner.size, dtype=bool)
    is_repeat[starts] = False
    time = np.zeros(owner.size)
    time[is_repeat] = history.times
    cents = np.rint(100 * rng.gamma(p, 1.0, owner.size) / spend_rate[owner])
    amount = np.maximum(cents, 1.0) / 100
    # A moment just before midnight may round to the day after the last one.
    day = np.minimum(np.floor(first[owner] + time * unit), end).astype(np.int64)

    repeat_value = np.bincount(owner[is_repeat], amount[is_repeat], minlength=_BLOCK)
    has_repeat = history.repeats > 0
    truth: dict[str, np.ndarray[Any, Any]] = {
        "first_date": day[starts].astype("datetime64[D]"),
        "purchase_rate": history.rate,
        story.dropout: history.dropout,
        "dropout_time": history.dropout_time,
        "alive": history.dropout_time > length,
        "mean_spend": p / spend_rate,
        "frequency": history.repeats,
        "recency": np.where(has_repeat, time[starts + history.repeats], 0.0),
        "T": length,
        "monetary_value": np.divide(repeat_value, history.repeats, out=np.full(_BLOCK, np.nan), where=has_repeat),
    }
    wanted = slice(rows[:size].sum())
    return {name: values[:size] for name, values in truth.items()}, day[wanted], amount[wanted]


def _parameters(process: str, given: Mapping[str, float], time_unit: str) -> dict[str, float]:
    """Fill the process' parameters with its defaults, on the ruler asked for; refuse those of another process."""
    per_week = DAYS["week"] / DAYS[time_unit]
    defaults = {
        name: value * per_week if name in _TIMES else value for name, value in STORIES[process].parameters.items()
    }
    foreign = [name for name in given if name not in defaults]
    if foreign:
        raise InputError(f"process={process!r} has the parameters {list(defaults)}; {foreign} are not among them.")
    return {name: _positive(given.get(name, default), name) for name, default in defaults.items()}


def _positive(value: float, name: str) -> float:
    return number(value, name, low=0, open_ends=True)


def _window(start: Day, end: Day, acquired: tuple[Day, Day] | None) -> tuple[int, int, int]:
    """Return first and last day of acquisition and the last day of the log, as day numbers."""
    first, last = day_number(start, "start"), day_number(end, "end")
    if last < first:
        raise InputError(f"end must not lie before start; got {date_of(first)} to {date_of(last)}.")
    if acquired is None:
        return first, first + (last - first) // 4, last
    if not isinstance(acquired, (tuple, list)) or len(acquired) != 2:
        raise InputError(f"acquired must be a pair of dates (from, to); got {acquired!r}.")
    begin, stop = day_number(acquired[0], "acquired"), day_number(acquired[1], "acquired")
    if not first <= begin <= stop <= last:
        raise InputError(
            f"acquired must be two days in order, from start {date_of(first)} to end {date_of(last)}; "
            f"got {date_of(begin)} to {date_of(stop)}."
        )
    return begin, stop, last


def _check_size(n_customers: int, mean_rate: float, window: tuple[int, int, int], time_unit: str) -> None:
    longest = (window[2] + 1 - window[0]) / DAYS[time_unit]
    rows = as_float(n_customers) * (1 + mean_rate * longest)
    if rows > _MOST_ROWS:
        raise InputError(
            f"these arguments may make up to {rows:.3g} rows; at most {_MOST_ROWS:.0e} fit. "
            "Take fewer customers, a shorter time, or a lower r / alpha."
        )
