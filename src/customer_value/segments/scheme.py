"""An RFM scheme: where each score begins, kept so that next month's customers are scored as this month's were."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Self

import numpy as np

from customer_value._frames import Backend, empty_frame, make_frame
from customer_value._units import TIME_UNITS
from customer_value._validation import number, require_backend, require_choice, saved_values, text_value
from customer_value.errors import InputError
from customer_value.segments._edges import DIMENSIONS, REACHES, SIGNS, TIES, Edges, Floats, Ties, tables

MOST_BINS = 99  # two digits per score
_SCHEMA = 1


@dataclass(frozen=True, repr=False)
class RFMScheme:
    """Where the scores of recency, frequency and monetary value begin; `fit_rfm_scheme` makes one.

    Parameters
    ----------
    edges
        Edges of "r", "f" and "m" in the columns' own units, from score 2 up to the top one: those of "r" fall, the
        others rise. Equal edges are a score that nobody gets, infinite ones scores out of reach. Nested bins have
        edges of "f" for each R score, and of "m" for each F score of each R score.
    columns
        The columns that are scored, by "r", "f" and "m".
    ties
        Which score a value on an edge gets. "mid": the upper one (R: at most the edge; F and M: at least). "edge": the
        bin that ends there, as in `pandas.qcut` (R: at most; F and M: above). "r-rfm": as in R's rfm (R: below; F and
        M: at least).
    weights
        Weights of "r", "f" and "m" in `rfm_weighted`, or None for no such column.
    time_unit
        Ruler of the summary that the edges come from, None where it carried none. A summary on another is refused.

    Raises
    ------
    InputError
        If edges do not run from the lowest score to the best, are not numbers, or differ in number between cells; if
        columns, ties, weights or the time unit are not as described.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> scheme = cv.segments.RFMScheme({"r": (180, 30), "f": (2, 5), "m": (50, 200)})
    >>> scheme
    <RFMScheme: 3 x 3 x 3 scores of time_since_last, purchases, total_value; independent bins, ties='mid'>
    >>> cv.segments.RFMScheme.from_json(scheme.to_json()) == scheme
    True
    >>> customers = pd.DataFrame({"time_since_last": [31, 30], "purchases": [5, 1], "total_value": [49.0, 300.0]})
    >>> cv.score_rfm(customers, scheme=scheme)["rfm_score"].tolist()
    [231, 313]
    """

    edges: Mapping[str, Edges]
    columns: Mapping[str, str] = field(
        default_factory=lambda: {"r": "time_since_last", "f": "purchases", "m": "total_value"}
    )
    ties: Ties = "mid"
    weights: Mapping[str, float] | None = None
    time_unit: str | None = None

    def __post_init__(self) -> None:
        require_choice("ties", self.ties, TIES)
        if self.time_unit is not None:
            require_choice("time_unit", self.time_unit, tuple(TIME_UNITS))
        names = by_dimension(self.columns, "columns")
        kept = {  # copies: a scheme does not change with what it was made from
            "edges": _checked_edges(by_dimension(self.edges, "edges")),
            "columns": {d: text_value(name, f"the column of {d!r}") for d, name in names.items()},
            "weights": checked_weights(self.weights),
        }
        for name, value in kept.items():
            object.__setattr__(self, name, value)

    @property
    def bins(self) -> dict[str, int]:
        """Number of scores of each dimension."""
        return {d: table.shape[1] + 1 for d, table in tables(self.edges).items()}

    @property
    def binning(self) -> str:
        """Tell how bins lie: "nested" (F within R, M within R and F) or "independent" of one another."""
        return "nested" if isinstance(self.edges["f"][0], tuple) else "independent"

    def edge_table(self, backend: Backend = "pandas") -> Any:
        """Return the edges as a frame, one row per score and cell.

        Parameters
        ----------
        backend
            Library of the frame: "pandas", "polars" or "pyarrow".

        Returns
        -------
        frame
            `dimension`, `column`, `within` (the cell of nested bins, such as "R 5, F 2"; else empty), `score`, `rule`
            (which values reach the score, such as ">=") and `edge`, null where the score is out of reach.

        Examples
        --------
        >>> from customer_value.segments import RFMScheme
        >>> RFMScheme({"r": (180, 30), "f": (2,), "m": (50, 200)}).edge_table()[["column", "score", "rule", "edge"]]
                    column  score rule   edge
        0  time_since_last      2   <=  180.0
        1  time_since_last      3   <=   30.0
        2        purchases      2   >=    2.0
        3      total_value      2   >=   50.0
        4      total_value      3   >=  200.0
        """
        require_backend(backend)
        rows = [
            (d, self.columns[d], within, score, SIGNS[REACHES[self.ties][d]], edge if math.isfinite(edge) else math.nan)
            for d, table in tables(self.edges).items()
            for within, edges in zip(self._cells(d), table.tolist(), strict=True)
            for score, edge in enumerate(edges, start=2)
        ]
        names = ("dimension", "column", "within", "score", "rule", "edge")
        columns = {name: np.array(part) for name, part in zip(names, zip(*rows, strict=True), strict=True)}
        return make_frame(columns, empty_frame(backend)).to_native()

    def to_json(self) -> str:
        """Return the scheme as JSON text with a schema version; `from_json` reads it back."""
        saved = {
            "schema": _SCHEMA,
            "model": type(self).__name__,
            "columns": self.columns,
            "edges": {d: _for_json(edges) for d, edges in self.edges.items()},
            "ties": self.ties,
            "weights": self.weights,
            "time_unit": self.time_unit,
        }
        return json.dumps(saved, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Make a scheme from the text that `to_json` gave; values are checked and no code runs.

        Raises
        ------
        InputError
            The text is not JSON, is not of this class and schema, or holds no scheme.
        """
        saved = saved_values(text, cls.__name__, _SCHEMA)
        try:
            edges = {d: _from_json(given, -math.inf if d == "r" else math.inf) for d, given in saved["edges"].items()}
            return cls(edges, saved["columns"], saved["ties"], saved["weights"], saved["time_unit"])
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(f"this text is no {cls.__name__} that to_json wrote: {error!r}.") from None

    def __repr__(self) -> str:
        scores = " x ".join(map(str, self.bins.values()))
        unit = f" ({self.time_unit}s)" if self.time_unit else ""
        first, *others = self.columns.values()
        weights = ", ".join(f"{d} {weight:g}" for d, weight in (self.weights or {}).items())
        return (
            f"<{type(self).__name__}: {scores} scores of {', '.join([first + unit, *others])}; {self.binning} bins, "
            f"ties={self.ties!r}{f', weights {weights}' if weights else ''}>"
        )

    def _cells(self, dimension: str) -> list[str]:
        """Name the cells of nested bins, in the order of their edges."""
        if self.binning == "independent":
            return [""]
        outer = DIMENSIONS[: DIMENSIONS.index(dimension)]
        scores = product(*(range(1, self.bins[d] + 1) for d in outer))
        return [", ".join(f"{d.upper()} {score}" for d, score in zip(outer, cell, strict=True)) for cell in scores]


def by_dimension(given: Any, name: str) -> dict[str, Any]:
    """Return a mapping with exactly the keys "r", "f" and "m", in this order, or raise."""
    if not isinstance(given, Mapping) or set(given) != set(DIMENSIONS):
        told = list(given) if isinstance(given, Mapping) else repr(given)
        raise InputError(f"{name} must be a mapping with the keys {list(DIMENSIONS)}; got {told}.")
    return {d: given[d] for d in DIMENSIONS}


def checked_weights(weights: Any) -> dict[str, float] | None:
    """Return the weights of the three scores, or raise."""
    if weights is None:
        return None
    checked = {d: number(w, f"the weight of {d!r}", low=0) for d, w in by_dimension(weights, "weights").items()}
    if not 0 < sum(checked.values()) < math.inf:
        raise InputError(f"weights must not all be 0, nor add up beyond all bounds; got {checked}.")
    return checked


def _checked_edges(given: Mapping[str, Any]) -> dict[str, Edges]:
    try:
        arrays = {d: np.array(edges, dtype=np.float64) for d, edges in given.items()}
    except (TypeError, ValueError):
        raise InputError("edges must be numbers, equally many in each cell.") from None
    nested = arrays["f"].ndim > 1
    outer: tuple[int, ...] = ()  # numbers of scores that have edges of their own
    for dimension, edges in arrays.items():
        cells = outer if nested else ()
        if edges.shape[:-1] != cells or edges.ndim == 0 or not 1 <= edges.shape[-1] < MOST_BINS:
            wanted = "".join(f"{n} lists of " for n in cells)
            raise InputError(
                f"edges of {dimension!r} must be {wanted or 'a list of '}1 to {MOST_BINS - 1} numbers; got an array of "
                f"the shape {edges.shape}."
            )
        _require_order(dimension, edges)
        outer = (*outer, edges.shape[-1] + 1)
    return {d: _as_tuples(edges.tolist()) for d, edges in arrays.items()}


def _require_order(dimension: str, edges: Floats) -> None:
    better = -edges if dimension == "r" else edges
    if np.isnan(edges).any() or (better == -np.inf).any() or (better[..., 1:] < better[..., :-1]).any():
        way = "fall" if dimension == "r" else "rise"
        raise InputError(
            f"edges of {dimension!r} must {way} from score 2 to the top one, and be numbers; got {edges.tolist()}."
        )


def _as_tuples(values: Any) -> Any:
    return tuple(_as_tuples(value) for value in values) if isinstance(values, list) else values


def _for_json(edges: Any) -> Any:
    """Replace infinite edges, which JSON does not know, by null."""
    if isinstance(edges, tuple):
        return [_for_json(edge) for edge in edges]
    return edges if math.isfinite(edges) else None


def _from_json(edges: Any, unreachable: float) -> Any:
    if isinstance(edges, list):
        return [_from_json(edge, unreachable) for edge in edges]
    return unreachable if edges is None else edges
