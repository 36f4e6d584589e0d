"""How likely each move is: a matrix from the moves that were seen, and whether it stayed the same over time."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from scipy.special import chdtrc

from customer_value._frames import Column, EagerFrame, FrameT, categorical, make_frame, nw, texts, to_eager
from customer_value._validation import numeric_column, require_columns, require_rows, require_some, text_value
from customer_value.errors import InputError
from customer_value.lifecycle._chain import stationarity
from customer_value.lifecycle._states import Floats, in_order, require_no_nulls

MIGRATION_MAKER = "segment_migration(history, label=...) makes moves"
CALLED_LIKE_COLUMNS = "a state must not be called 'from_state' or 'customers', which are columns of the matrix."
_BY_CHANCE = 0.05
_FEW, _MANY, _NEARLY_NONE = 5.0, 0.2, 1.0  # Cochran (1954): at most a fifth of the cells below 5, and none below 1
_VERDICTS = ("same throughout", "changes", "too few moves")


def transition_matrix(moves: FrameT, *, entered: str = "entered", left: str = "left") -> FrameT:
    """Turn moves into the chance of each: one row per state, one column per state to move to. Collects once.

    Parameters
    ----------
    moves
        What `segment_migration` gives, of one pair of dates or of many, which are added up.
    entered, left
        The names that `segment_migration` was given. `left` becomes a state of its own that nobody leaves; `entered`
        is no state that a customer can be in, and is left out.

    Returns
    -------
    FrameT
        `from_state`, `customers` (moves seen from it, over all dates), and a column for each state: the share of
        those moves that went there. A state that nobody was in or came to is left out; one that somebody came to, but
        nobody was in before the last date, has nulls.

    Raises
    ------
    InputError
        If a column is missing, or `customers` is not a count.

    Notes
    -----
    The maximum likelihood estimate of T. W. Anderson and L. A. Goodman (1957), "Statistical Inference about Markov
    Chains", *Annals of Mathematical Statistics* 28, equation 2.5: all moves from i to j over all moves from i. It takes
    customers as alike but for their state, and the chances as the same throughout, which `check_stationarity` tests.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> may = pd.DataFrame({"customer_id": [1, 2, 3, 4], "tier": ["A", "A", "B", "B"]})
    >>> june = pd.DataFrame({"customer_id": [1, 2, 3, 5], "tier": ["A", "B", "B", "B"]})
    >>> cv.transition_matrix(cv.segment_migration(may, june, label="tier"))
      from_state  customers    A    B  left
    0          A          2  0.5  0.5   0.0
    1          B          2  0.0  0.5   0.5
    2       left          0  0.0  0.0   1.0
    """
    opened, back = to_eager(moves, "moves", "transition_matrix")
    names, counts = read_moves(opened, entered, left)
    pooled = counts.sum(axis=0)
    met = _met(pooled).tolist()
    names, pooled = [name for name, known in zip(names, met, strict=True) if known], pooled[np.ix_(met, met)]
    start = pooled.sum(axis=1)
    chances = np.divide(pooled, start[:, None], out=np.full(pooled.shape, np.nan), where=start[:, None] > 0)
    if left in names:
        chances[names.index(left)] = [name == left for name in names]
    columns: dict[str, Column] = {
        "from_state": categorical(np.arange(len(names)), names, opened),
        "customers": np.rint(start).astype(np.int64),
        **{name: chances[:, i] for i, name in enumerate(names)},
    }
    if len(columns) < len(names) + 2:
        raise InputError(CALLED_LIKE_COLUMNS)
    return cast(FrameT, back(make_frame(columns, opened)))


def check_stationarity(moves: FrameT, *, entered: str = "entered", left: str = "left") -> FrameT:
    """Test whether moves were as likely in every period, which a transition matrix takes for granted. Collects once.

    Parameters
    ----------
    moves
        What `segment_migration` gives of a history of three dates or more.
    entered, left
        The names that `segment_migration` was given.

    Returns
    -------
    FrameT
        One row per state that anybody was in, then "all", the sum over states with enough moves: `from_state`,
        `statistic`, `degrees_of_freedom`, `p_value`, `smallest_expected` (moves expected in the rarest cell), and
        `verdict`: "same throughout", "changes" (p-value below .05), or "too few moves" (fewer than 5 expected in more
        than a fifth of the cells, or fewer than 1 in one: the p-value is a poor guide; or nobody was in the state in
        two periods, and it is null).

    Raises
    ------
    InputError
        If a column is missing, or there are moves between one pair of dates only.

    Notes
    -----
    Anderson and Goodman (1957), section 3.2: the chi-squared statistic of each state, which add up. With many
    customers a change that matters to nobody is found too; look at how much the rates differ.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> history = pd.DataFrame({
    ...     "customer_id": [*range(40)] * 3,
    ...     "cutoff": ["2026-01-01"] * 40 + ["2026-02-01"] * 40 + ["2026-03-01"] * 40,
    ...     "tier": [*("AABB" * 10), *("AABB" * 5), *("ABAB" * 5), *("BBAA" * 10)],
    ... })
    >>> checked = cv.check_stationarity(cv.segment_migration(history, label="tier"))
    >>> checked[["from_state", "statistic", "degrees_of_freedom", "verdict"]].round(2)
      from_state  statistic  degrees_of_freedom  verdict
    0          A       10.0                   1  changes
    1          B       10.0                   1  changes
    2        all       20.0                   2  changes
    """
    opened, back = to_eager(moves, "moves", "check_stationarity")
    names, counts = read_moves(opened, entered, left)
    if counts.shape[0] < 2:
        raise InputError(
            "check_stationarity compares periods, and the moves are of one only: give segment_migration a history of "
            "three dates or more."
        )
    kept = [i for i, met in enumerate(_met(counts.sum(axis=0))) if met and names[i] != left]
    tests = [stationarity(counts[:, i]) for i in kept]
    # Independent chi-squared statistics add up, and so do their degrees of freedom.
    enough = [test for test in tests if _enough(test[3])]
    statistic, freedom = sum(test[0] for test in enough), sum(test[1] for test in enough)
    p_value = float(chdtrc(freedom, statistic)) if enough else np.nan
    tests.append((statistic, freedom, p_value, np.concatenate([np.zeros(0), *(test[3] for test in enough)])))
    shown = [names[i] for i in kept] + ["all"]
    columns: dict[str, Column] = {
        "from_state": texts(np.arange(len(shown)), shown, opened),
        "statistic": np.array([test[0] for test in tests]),
        "degrees_of_freedom": np.array([test[1] for test in tests]),
        "p_value": np.array([test[2] for test in tests]),
        "smallest_expected": np.array([test[3].min(initial=np.inf) if test[1] else np.nan for test in tests]),
        "verdict": texts(np.array([_verdict(test[2], test[3]) for test in tests]), _VERDICTS, opened),
    }
    return cast(FrameT, back(make_frame(columns, opened)))


def _met(pooled: Floats) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Tell which states anybody was in or came to."""
    return np.asarray(pooled.sum(axis=0) + pooled.sum(axis=1) > 0)


def _enough(expected: Floats) -> bool:
    """Tell whether the chi-squared distribution is a fair guide to these cells."""
    return expected.size > 0 and bool((expected < _FEW).mean() <= _MANY and expected.min() >= _NEARLY_NONE)


def _verdict(p_value: float, expected: Floats) -> int:
    """Position among the verdicts."""
    return int(p_value < _BY_CHANCE) if _enough(expected) else 2


def read_moves(frame: EagerFrame, entered: str, left: str) -> tuple[list[str], Floats]:
    """Return the states, `left` last, and the moves between them: periods x from x to."""
    for name, given in (("entered", entered), ("left", left)):
        text_value(given, name)
    require_columns(frame, ["from_state", "to_state", "customers"], what="moves", maker=MIGRATION_MAKER)
    require_some(len(frame), "moves")
    moved = numeric_column(frame, "customers", what="moves")
    require_rows((moved >= 0) & (moved == np.rint(moved)), "customers must be whole numbers, 0 or above")
    for name in ("from_state", "to_state"):
        require_no_nulls(frame, name)
    states = [frame.get_column(name) for name in ("from_state", "to_state")]
    listed = [_listed(series) for series in states]
    names = [name for name in dict.fromkeys([*listed[0], *listed[1]]) if name not in (entered, left)]
    if left in (*listed[0], *listed[1]):
        names.append(left)
    position = {name: i for i, name in enumerate(names)} | {entered: -1}
    from_, to = (np.array([position[str(name)] for name in series.to_list()]) for series in states)
    require_rows(to >= 0, f"to_state must not be {entered!r}", "Nobody can move there: entered= names who was new.")
    time = np.zeros(len(frame), dtype=np.int64)
    if "cutoff" in frame.columns:
        require_no_nulls(frame, "cutoff")
        dates = frame.get_column("cutoff")
        order = {date: i for i, date in enumerate(in_order(dates).to_list())}
        time = np.array([order[date] for date in dates.to_list()])
    inside = from_ >= 0
    counts = np.zeros((time.max() + 1, len(names), len(names)))
    np.add.at(counts, (time[inside], from_[inside], to[inside]), moved[inside])
    return names, counts


def _listed(series: Any) -> list[str]:
    if isinstance(series.dtype, nw.Enum):
        return list(series.dtype.categories)
    return list(dict.fromkeys(map(str, series.to_list())))
