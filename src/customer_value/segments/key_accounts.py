"""Key-account screening: any flag is enough, and the flags that fired are the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from customer_value._frames import EagerFrame, FrameT, nw, texts, to_eager, truth_values, with_arrays
from customer_value._labels import LANGUAGES
from customer_value._validation import (
    name_list,
    number,
    numeric_column,
    require_choice,
    require_columns,
    require_some,
    whole_number,
)
from customer_value.errors import InputError

Truths = np.ndarray[Any, np.dtype[np.bool_]]

KINDS = {
    "en": {"economic": "economic", "important": "important", "potential": "potential"},
    "zh": {"economic": "经济大客户", "important": "重要大客户", "potential": "潜在大客户"},
}
_WORDS = {
    "en": {"top": "{column} among the best {limit}", "none": "no flag", "unknown": "no flag; unknown: {columns}"},
    "zh": {"top": "{column} 排名前 {limit}", "none": "无标志", "unknown": "无标志；未知：{columns}"},
}
_JOINT = {"en": "; ", "zh": "；"}


@dataclass(frozen=True, slots=True)
class Flag:
    """One question: of which kind, how it is said, for whom it fired, of whom it is unknown."""

    kind: str
    said: str
    column: str
    fired: Truths
    unknown: Truths


def screen_key_accounts(
    frame: FrameT,
    *,
    top: Mapping[str, int] | None = None,
    at_least: Mapping[str, float] | None = None,
    leader: str | Sequence[str] | None = None,
    growth: Mapping[str, float] | None = None,
    labels: str = "en",
) -> FrameT:
    """Screen for key accounts: economic (rank, volume), important (market leaders), potential (growth). Collects once.

    Any flag is enough. At least one must be asked for.

    Parameters
    ----------
    frame
        One row per account.
    top
        Economic flag: how many accounts are among the best by a column, ``{"total_value": 20}``. Equal values are in
        or out together: who ties with the last one is in.
    at_least
        Economic flag: from how much on, in revenue or volume, ``{"shipments": 500}``.
    leader
        Important flag: a column, or a list of columns, of true or false, such as a market leader, a reference, a
        channel to others.
    growth
        Potential flag: from how much on, ``{"potential": 50_000}``, which `score_potential` adds.
    labels
        Language of the reasons, "en" or "zh".

    Returns
    -------
    FrameT
        The same rows in the same order with `key_account` (true if any flag fired, null if none did and one is
        unknown), `key_account_economic`, `key_account_important` and `key_account_potential` for the kinds that were
        asked for, and `key_account_reason`: the flags that fired. Columns of these names that are there already are
        replaced.

    Raises
    ------
    InputError
        If no flag is asked for; if a column is missing, not numeric or infinite, or holds no truth values; if a
        number is out of range; if the frame is empty.

    Notes
    -----
    True or unknown is true, false or unknown is unknown: a missing figure never makes an account an ordinary one.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> accounts = pd.DataFrame({"account": ["a", "b", "c", "d"], "total_value": [900.0, 500.0, 20.0, 10.0],
    ...                          "market_leader": [False, False, True, False], "potential": [0.0, 700.0, 800.0, 5.0]})
    >>> screened = cv.screen_key_accounts(accounts, top={"total_value": 1}, leader="market_leader",
    ...                                   growth={"potential": 600})
    >>> screened["key_account"].tolist()
    [True, True, True, False]
    >>> screened["key_account_reason"][2]
    'important: market_leader; potential: potential >= 600'
    """
    require_choice("labels", labels, LANGUAGES)
    opened, back = to_eager(frame, "frame", "screen_key_accounts")
    require_some(len(opened), "frame")
    words = _WORDS[labels]
    leaders = [leader] if isinstance(leader, str) else name_list([] if leader is None else leader, "leader")
    flags = [
        *(_top(opened, column, limit, words["top"]) for column, limit in _asked(top, "top")),
        *(_reaches(opened, "economic", column, limit) for column, limit in _asked(at_least, "at_least")),
        *(_leads(opened, column) for column in leaders),
        *(_reaches(opened, "potential", column, limit) for column, limit in _asked(growth, "growth")),
    ]
    if not flags:
        raise InputError(
            "ask for one flag at least: top={'total_value': 20}, at_least={'total_value': 1e6}, "
            "leader='market_leader' or growth={'potential': 5e4}."
        )
    kinds = [kind for kind in KINDS["en"] if any(flag.kind == kind for flag in flags)]
    columns = {
        "key_account": _any_of(flags, opened),
        **{f"key_account_{kind}": _any_of([f for f in flags if f.kind == kind], opened) for kind in kinds},
        "key_account_reason": _reasons(flags, labels, opened),
    }
    return cast(FrameT, back(with_arrays(opened, columns)))


def _asked(given: Any, name: str) -> list[tuple[str, Any]]:
    if given is None:
        return []
    if not isinstance(given, Mapping):
        raise InputError(f"{name} must map columns to numbers, such as {{'total_value': 20}}; got {given!r}.")
    return list(given.items())


def _top(frame: EagerFrame, column: str, limit: Any, said: str) -> Flag:
    most = whole_number(limit, f"top[{column!r}]", low=1)
    values = numeric_column(frame, column, what="frame", nulls=True)
    known = np.sort(values[~np.isnan(values)])
    last = known[max(known.size - most, 0)] if known.size else np.inf
    return Flag("economic", said.format(column=column, limit=most), column, values >= last, np.isnan(values))


def _reaches(frame: EagerFrame, kind: str, column: str, limit: Any) -> Flag:
    least = number(limit, f"the limit of {column!r}")
    values = numeric_column(frame, column, what="frame", nulls=True)
    return Flag(kind, f"{column} >= {least:g}", column, values >= least, np.isnan(values))


def _leads(frame: EagerFrame, column: str) -> Flag:
    require_columns(frame, [column], what="frame")
    series = frame.get_column(column)
    if isinstance(series.dtype, nw.Object):  # pandas' truth values with a missing one among them, after a join
        series = nw.maybe_convert_dtypes(series)
    if series.dtype != nw.Boolean:
        raise InputError(f"{column} must hold true or false; its type is {series.dtype}.")
    unknown = np.asarray(series.is_null().to_numpy(), dtype=np.bool_)
    fired = np.asarray(series.fill_null(False).to_numpy(), dtype=np.bool_)
    return Flag("important", column, column, fired, unknown)


def _any_of(flags: Sequence[Flag], like: EagerFrame) -> nw.Series[Any]:
    fired = np.any([flag.fired for flag in flags], axis=0)
    return truth_values(fired, ~fired & np.any([flag.unknown for flag in flags], axis=0), like)


def _reasons(flags: Sequence[Flag], language: str, like: EagerFrame) -> nw.Series[Any]:
    """Say which flags fired, or that none did and which are unknown; few combinations are distinct."""
    codes, distinct = np.zeros(len(like), dtype=np.int64), np.zeros((1, 0), dtype=np.bool_)
    for answer in [flag.fired for flag in flags] + [flag.unknown for flag in flags]:
        # One flag after the other, numbered anew each time: any number of flags fits, and no row of truths is sorted.
        found, codes = np.unique(2 * codes + answer, return_inverse=True)
        distinct = np.column_stack([distinct[found // 2], found % 2 == 1])
    return texts(codes, [_sentence(flags, row, language) for row in distinct], like)


def _sentence(flags: Sequence[Flag], row: Truths, language: str) -> str:
    fired, unknown = np.split(row, 2)
    if fired.any():
        said = [f"{KINDS[language][f.kind]}: {f.said}" for f, on in zip(flags, fired, strict=True) if on]
        return _JOINT[language].join(said)
    columns = list(dict.fromkeys(f.column for f, off in zip(flags, unknown, strict=True) if off))
    words = _WORDS[language]
    return words["unknown"].format(columns=", ".join(columns)) if columns else words["none"]
