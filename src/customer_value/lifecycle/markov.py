"""What a customer is worth in each state, if moves go on as a transition matrix says: values, paths, the long run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from customer_value._frames import Column, EagerFrame, FrameT, categorical, make_frame, to_eager
from customer_value._units import discount_per_unit, in_units
from customer_value._validation import (
    interval_level,
    number,
    numeric_column,
    require_choice,
    require_columns,
    require_rows,
    require_some,
    whole_number,
)
from customer_value.errors import InputError
from customer_value.lifecycle._chain import (
    closed_classes,
    long_run_counts,
    long_run_shares,
    paths,
    state_values,
)
from customer_value.lifecycle._states import Floats, require_no_nulls
from customer_value.lifecycle.transitions import CALLED_LIKE_COLUMNS

_MAKER = "transition_matrix(segment_migration(history, label=...)) makes it"
_PERIODS = ("day", "week", "month", "quarter", "year")
_DRAWS = 1_000
_MOST_PERIODS = 10_000
_UNSEEN = "Nobody was seen in such a state: leave it out, or say what is so."
_SUM = 1e-9  # by which a row of chances may miss 1


def markov_value(
    matrix: FrameT,
    *,
    rewards: Mapping[str, float],
    horizon: int | float | str = "forever",
    discount_rate: float | None = None,
    annual_discount_rate: float | None = None,
    period: str = "month",
    interval: float | None = None,
    random_state: int = 0,
) -> FrameT:
    """Value a customer by the state he is in: what he brings now and in all states still to come. Collects once.

    Parameters
    ----------
    matrix
        What `transition_matrix` gives; or chances of your own: `from_state` and a column for each state, rows adding
        up to 1.
    rewards
        What a customer in a state brings in one period (margin less cost of serving, in currency; it may be negative),
        by the state's name, as a mapping or a pandas Series. A state that nobody leaves may be left out, and brings 0.
    horizon
        Number of periods ahead, or "forever". Period 0, the one that a customer is in now, always counts, and does not
        count as a period ahead.
    discount_rate, annual_discount_rate
        Rate per period, or per year; not both. Default: no discount.
    period
        Length of a period, the step of the matrix: "day", "week", "month", "quarter" or "year".
    interval
        Coverage of an interval from 1,000 draws of the moves behind the matrix (parametric bootstrap); needs
        `customers` in the matrix, and a discount or an end. It takes the rewards as known.
    random_state
        Seed of the draws.

    Returns
    -------
    FrameT
        One row per state: `state`; `reward`; `state_value`, the reward of now and the discounted rewards expected of
        the periods ahead; with `interval`, `state_value_lower` and `state_value_upper`; `future_value`, the value
        without the reward of now.

    Raises
    ------
    InputError
        If the matrix is none; if a state has no reward, or none of that name exists; if the value is infinite: no
        discount, and customers who stay for ever where something is earned.

    Notes
    -----
    P. E. Pfeifer and R. L. Carraway (2000), "Modeling Customer Relationships as Markov Chains", *Journal of
    Interactive Marketing* 14: ``V_T = sum over t = 0..T of [P / (1 + d)]^t R`` and, without an end,
    ``V = (I - P / (1 + d))^-1 R``. The state is all that counts: how long a customer has been in it must not matter.

    Examples
    --------
    The paper's catalogue: states are periods since the last purchase, which brings 40; a mailing costs 4.

    >>> import pandas as pd
    >>> import customer_value as cv
    >>> matrix = pd.DataFrame({
    ...     "from_state": ["1", "2", "3", "4", "gone"],
    ...     "1": [0.3, 0.2, 0.15, 0.05, 0],
    ...     "2": [0.7, 0, 0, 0, 0], "3": [0, 0.8, 0, 0, 0], "4": [0, 0, 0.85, 0, 0], "gone": [0, 0, 0, 0.95, 1],
    ... })
    >>> rewards = {"1": 36, "2": -4, "3": -4, "4": -4}
    >>> valued = cv.markov_value(matrix, rewards=rewards, discount_rate=0.2, period="year")
    >>> valued.round(2)
      state  reward  state_value  future_value
    0     1    36.0        52.32         16.32
    1     2    -4.0         5.55          9.55
    2     3    -4.0         1.25          5.25
    3     4    -4.0        -1.82          2.18
    4  gone     0.0         0.00          0.00
    """
    interval = interval_level(interval)
    whole_number(random_state, "random_state")
    require_choice("period", period, _PERIODS)
    ahead = _periods_ahead(horizon, period)
    rate = math.expm1(discount_per_unit(annual_discount_rate, discount_rate, period))
    opened, back = to_eager(matrix, "matrix", "markov_value")
    names, chances, moves = _read_matrix(opened)
    # By their names, so that another order of the rows changes no draw and no bit.
    by_name = np.argsort(names)
    as_given = np.argsort(by_name)
    chances, moves = chances[np.ix_(by_name, by_name)], None if moves is None else moves[by_name]
    earned = _read_rewards(rewards, [names[i] for i in by_name], chances)
    _require_finite([names[i] for i in by_name], chances, earned, rate, ahead)
    value = state_values(chances, earned, rate, ahead)
    columns: dict[str, Column] = {
        "state": categorical(np.arange(len(names)), names, opened),
        "reward": earned[as_given],
        "state_value": value[as_given],
    }
    if interval is not None:
        require_columns(opened, ["customers"], what="matrix", maker="An interval needs the moves behind each row")
        if rate == 0 and math.isinf(ahead):
            raise InputError("an interval needs a discount rate or a horizon: moves drawn again may never end.")
        drawn = _drawn_values(chances, cast(Floats, moves), earned, rate, ahead, random_state)
        ends = np.quantile(drawn, [(1 - interval) / 2, (1 + interval) / 2], axis=0)[:, as_given]
        columns |= {"state_value_lower": ends[0], "state_value_upper": ends[1]}
    columns["future_value"] = (value - earned)[as_given]
    return cast(FrameT, back(make_frame(columns, opened)))


def expected_path(
    matrix: FrameT,
    *,
    start: Mapping[str, float],
    periods: int,
    inflow: Mapping[str, float] | None = None,
    rewards: Mapping[str, float] | None = None,
) -> FrameT:
    """Follow customers through the states: how many are expected in each, period by period. Collects once.

    Parameters
    ----------
    matrix
        As in `markov_value`.
    start
        Customers in each state now, by the state's name, as a mapping or a pandas Series (``value_counts`` of the last
        cutoff's labels); states that are not named have none.
    periods
        Number of periods ahead, at least 1.
    inflow
        New customers that join a state in each period, by its name. Default: none.
    rewards
        As in `markov_value`; adds what they bring.

    Returns
    -------
    FrameT
        One row per period, from 0 on, and state: `period`, `state`, `expected_customers`, and with rewards
        `expected_reward`, not discounted.

    Raises
    ------
    InputError
        If the matrix is none, a state is unknown or a number of customers negative.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> matrix = pd.DataFrame({"from_state": ["active", "gone"], "active": [0.8, 0.0], "gone": [0.2, 1.0]})
    >>> cv.expected_path(matrix, start={"active": 100}, periods=2)
       period   state  expected_customers
    0       0  active               100.0
    1       0    gone                 0.0
    2       1  active                80.0
    3       1    gone                20.0
    4       2  active                64.0
    5       2    gone                36.0
    """
    whole_number(periods, "periods", low=1, high=_MOST_PERIODS)
    opened, back = to_eager(matrix, "matrix", "expected_path")
    names, chances, _ = _read_matrix(opened)
    joining = np.zeros(len(names)) if inflow is None else _by_state(inflow, names, "inflow")
    found = paths(chances, _by_state(start, names, "start"), joining, periods)
    columns: dict[str, Column] = {
        "period": np.repeat(np.arange(periods + 1), len(names)),
        "state": categorical(np.tile(np.arange(len(names)), periods + 1), names, opened),
        "expected_customers": found.ravel(),
    }
    if rewards is not None:
        columns["expected_reward"] = (found * _read_rewards(rewards, names, chances)).ravel()
    return cast(FrameT, back(make_frame(columns, opened)))


def steady_state(matrix: FrameT, *, inflow: Mapping[str, float] | None = None) -> FrameT:
    """Tell where customers end up if moves go on like this for ever. Collects once.

    Parameters
    ----------
    matrix
        As in `markov_value`.
    inflow
        New customers that join a state in each period, by its name. Without it the customers stay the same, and where
        somebody leaves in every period all of them are gone in the end.

    Returns
    -------
    FrameT
        One row per state: `state` and `steady_share`, the share of time spent there in the long run; with `inflow`,
        `steady_customers` instead, the number that inflow and outflow settle at, null where it grows without end (a
        state that nobody leaves).

    Raises
    ------
    InputError
        If the matrix is none, a state of the inflow is unknown, or the long run depends on the start.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> matrix = pd.DataFrame({"from_state": ["active", "dormant"], "active": [0.9, 0.3], "dormant": [0.1, 0.7]})
    >>> cv.steady_state(matrix).round(6)
         state  steady_share
    0   active          0.75
    1  dormant          0.25
    """
    opened, back = to_eager(matrix, "matrix", "steady_state")
    names, chances, _ = _read_matrix(opened)
    columns: dict[str, Column] = {"state": categorical(np.arange(len(names)), names, opened)}
    if inflow is None:
        columns["steady_share"] = long_run_shares(chances)
    else:
        counts = long_run_counts(chances, _by_state(inflow, names, "inflow"))
        columns["steady_customers"] = np.where(np.isinf(counts), np.nan, counts)
    return cast(FrameT, back(make_frame(columns, opened)))


def _periods_ahead(horizon: Any, period: str) -> float:
    ahead = in_units(horizon, period, forever=True)
    if not math.isinf(ahead) and (ahead != round(ahead) or ahead > _MOST_PERIODS):
        raise InputError(
            f"horizon must be a whole number of periods of a {period}, up to {_MOST_PERIODS}, or 'forever'; "
            f"got {horizon!r}."
        )
    return ahead


def _read_matrix(frame: EagerFrame) -> tuple[list[str], Floats, Floats | None]:
    """Return the states, the chances, and the moves behind each row where they are told."""
    require_columns(frame, ["from_state"], what="matrix", maker=_MAKER)
    require_some(len(frame), "matrix")
    require_no_nulls(frame, "from_state")
    names = [str(name) for name in frame.get_column("from_state").to_list()]
    if len(set(names)) < len(names):
        raise InputError(f"from_state must name each state once; got {names}.")
    if not {"from_state", "customers"}.isdisjoint(names):
        raise InputError(CALLED_LIKE_COLUMNS)
    require_columns(frame, names, what="matrix", maker=f"It needs a column for every state of from_state: {_MAKER}")
    chances = np.column_stack([numeric_column(frame, name, what="matrix", nulls=True) for name in names])
    for name, column in zip(names, chances.T, strict=True):
        require_rows(~np.isnan(column), f"{name} must not be null or NaN", _UNSEEN)
    require_rows(
        np.array([(row >= 0).all() and abs(row.sum() - 1) <= _SUM for row in chances]),
        "chances must be 0 or above and add up to 1 in each row",
    )
    if "customers" not in frame.columns:
        return names, chances, None
    moves = numeric_column(frame, "customers", what="matrix")
    require_rows((moves >= 0) & (moves == np.rint(moves)), "customers must be whole numbers, 0 or above")
    return names, chances, moves


def _read_rewards(rewards: Any, names: list[str], chances: Floats) -> Floats:
    earned = _by_state(rewards, names, "rewards", low=-math.inf)
    lacking = [name for i, name in enumerate(names) if name not in rewards and chances[i, i] < 1]
    if lacking:
        raise InputError(f"rewards must say what each state brings; {lacking} are not in it. Give 0 for nothing.")
    return earned


def _by_state(given: Any, names: list[str], what: str, low: float = 0.0) -> Floats:
    # A pandas Series is no Mapping, but has its states as keys.
    if not hasattr(given, "keys"):
        raise InputError(f"{what} must map states to numbers, such as {{{names[0]!r}: 100}}; got {given!r}.")
    told = {name: number(amount, f"{what}[{name!r}]", low=low) for name, amount in dict(given).items()}
    # Counts of a label list the states that nobody is in, too.
    unknown = [name for name, amount in told.items() if name not in names and amount != 0]
    if unknown:
        raise InputError(f"{what} has {unknown}, which are no states of the matrix: {names}.")
    return np.array([told.get(name, 0.0) for name in names])


def _require_finite(names: list[str], chances: Floats, earned: Floats, rate: float, ahead: float) -> None:
    if rate > 0 or not math.isinf(ahead):
        return
    earning = [names[i] for own in closed_classes(chances) for i in np.flatnonzero(own & (earned != 0))]
    if earning:
        raise InputError(
            f"the value is infinite: without a discount, customers who come to {earning} never leave and go on "
            "earning or costing. Give a discount rate, or a horizon."
        )


def _drawn_values(
    chances: Floats, moves: Floats, earned: Floats, rate: float, ahead: float, random_state: int
) -> Floats:
    """Values of matrices drawn as if as many moves were seen again; rows that rest on no move stay as they are."""
    rng = np.random.default_rng(random_state)
    drawn = np.repeat(chances[None], _DRAWS, axis=0)
    for i, seen in enumerate(moves):
        if seen > 0:
            drawn[:, i] = rng.multinomial(int(seen), chances[i] / chances[i].sum(), size=_DRAWS) / seen
    return state_values(drawn, earned, rate, ahead)
