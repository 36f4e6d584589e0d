"""What a tier scheme is made of: cuts of one number, and criteria that are cut, weighed or given points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any, Literal, Self

import numpy as np

from customer_value._validation import (
    float_array,
    name_list,
    number,
    require_choice,
    require_rows,
    text_value,
    truth_value,
)
from customer_value.errors import InputError
from customer_value.segments._tier_cuts import Floats, said_number, thresholds_by_customers, thresholds_by_share
from customer_value.segments._values import require_below_largest

By = Literal["threshold", "customers", "cumulative_share"]
_BY = ("threshold", "customers", "cumulative_share")
_RESERVED = ("score", "reason", "previous", "proposed", "change", "pending")  # columns that tiers have anyway


@dataclass(frozen=True)
class TierCut:
    """Where one number is cut into bands, best band first.

    Parameters
    ----------
    by
        What `at` is: "threshold" (numbers that a band's customers reach), "customers" (cumulative shares of the
        customers, best first) or "cumulative_share" (cumulative shares of the number's total, best first).
    at
        One cut fewer than there are bands. Thresholds run from the best band's to the worst's; None is a threshold
        that nobody reaches (of an empty share).
    lower_is_better
        Whether less is better, as for the time since the last purchase. A band then takes those at or below its
        threshold.
    above_zero
        Whether shares of customers are shares of those above 0 only; all others are in the last band. Shares of a
        total always are.
    fitted_from
        For thresholds that were found on data: the shares that they stand for.

    Raises
    ------
    InputError
        If cuts are not numbers, do not fall (thresholds) or rise (shares), or shares are not between 0 and 1.

    Examples
    --------
    >>> from customer_value.segments import TierCut
    >>> TierCut("threshold", (900, 200))
    TierCut(by='threshold', at=(900.0, 200.0), lower_is_better=False, above_zero=False, fitted_from=None)
    """

    by: By
    at: tuple[float | None, ...]
    lower_is_better: bool = False
    above_zero: bool = False
    fitted_from: TierCut | None = None

    def __post_init__(self) -> None:
        require_choice("by of a cut", self.by, _BY)
        truth_value(self.lower_is_better, "lower_is_better")
        truth_value(self.above_zero, "above_zero")
        if self.fitted_from is not None and not (isinstance(self.fitted_from, TierCut) and self.by == "threshold"):
            raise InputError(f"fitted_from of thresholds must be the TierCut of shares; got {self.fitted_from!r}.")
        object.__setattr__(self, "at", self._checked_at())
        if self.lower_is_better and (self.above_zero or self.by == "cumulative_share"):
            raise InputError("a total's share, or that of customers above 0, needs a number of which more is better.")

    def _checked_at(self) -> tuple[float | None, ...]:
        at: Any = self.at
        if not isinstance(at, (list, tuple, np.ndarray)) or not len(at):
            raise InputError(f"cuts must be a sequence of numbers, at least one; got {at!r}.")
        if self.by == "threshold":
            return self._checked_thresholds(list(at))
        shares = float_array(at, "cuts")
        most = 1.0 if self.above_zero and self.by == "customers" else np.nextafter(1, 0)
        if not (np.all(shares > 0) and np.all(shares <= most) and np.all(np.diff(shares) > 0)):
            raise InputError(
                f"cuts by {self.by} must rise and lie between 0 and 1, such as (.8, .95); got {list(self.at)}."
            )
        return tuple(shares.tolist())

    def _checked_thresholds(self, at: Sequence[Any]) -> tuple[float | None, ...]:
        numbers = tuple(None if each is None else number(each, "a threshold") for each in at)
        known = np.array([each for each in numbers if each is not None])
        steps = -np.diff(known) if not self.lower_is_better else np.diff(known)
        if self.fitted_from is None:
            if len(known) < len(numbers) or not np.all(steps > 0):
                way = "rise (less is better)" if self.lower_is_better else "fall"
                raise InputError(f"thresholds must {way} from the best tier's to the worst's; got {list(at)}.")
        elif len(self.fitted_from.at) != len(numbers) or not np.all(steps >= 0):
            raise InputError(f"thresholds {list(at)} are none of {self.fitted_from}.")
        return numbers

    @property
    def fitted(self) -> bool:
        """Tell whether the cut is one by thresholds, which needs no other customers to place one."""
        return self.by == "threshold"

    def fit(self, values: Floats) -> TierCut:
        """Return the cut by thresholds that shares amount to on finite numbers; one by thresholds is itself."""
        if self.by == "threshold":
            return self
        values = float_array(values, "values")
        require_rows(np.isfinite(values), "values must be finite")
        if self.by == "cumulative_share":
            at = thresholds_by_share(values, self._shares)
        elif not values.size:
            at = (None,) * len(self.at)
        elif self.lower_is_better:
            found = thresholds_by_customers(-values, self._shares, above_zero=False)
            at = tuple(None if each is None else 0.0 - each for each in found)
        else:
            at = thresholds_by_customers(values, self._shares, above_zero=self.above_zero)
        return replace(self, by="threshold", at=at, fitted_from=self)

    @property
    def _shares(self) -> tuple[float, ...]:
        return tuple(each for each in self.at if each is not None)

    def as_data(self) -> dict[str, Any]:
        """Return the cut as plain data, what is not given left out."""
        data = {"by": self.by, "at": list(self.at)}
        flags = {name: True for name in ("lower_is_better", "above_zero") if getattr(self, name)}
        return data | flags | ({} if self.fitted_from is None else {"fitted_from": self.fitted_from.as_data()})

    @classmethod
    def from_data(cls, data: Any) -> Self:
        """Return the cut that `as_data` described."""
        given = dict(_known_fields(cls, data, "a cut"))
        if given.get("fitted_from") is not None:
            given["fitted_from"] = cls.from_data(given["fitted_from"])
        return cls(**given)

    def __str__(self) -> str:
        if self.by == "threshold":
            sign = "<=" if self.lower_is_better else ">="
            return f"{sign} " + ", ".join("nobody" if each is None else said_number(each) for each in self.at)
        of = {"customers": "customers", "cumulative_share": "the total"}[self.by]
        shares = ", ".join(f"{100 * each:.4g} %" for each in self._shares)
        return f"{shares} of {of}{' above 0' if self.above_zero and self.by == 'customers' else ''}"


@dataclass(frozen=True)
class TierCriterion:
    """One of several criteria of a tier: a column that is cut into levels, with or without points, or weighed.

    Parameters
    ----------
    name
        Name of the criterion; the breakdown of a tier goes into a column of this name behind the tier's.
    column
        Column that it is read from; default its name.
    cut
        Where the column is cut into levels; None for a criterion that is weighed.
    levels
        Names of the levels, best first.
    points
        Points of each level, for points that are added up.
    unknown
        Level of customers whose column is null; None refuses nulls.
    weight
        Weight of the scaled column, for a weighted sum.
    limits
        Values that count as 0 and as 1 when a column is scaled; the second is below the first where less is better.
        None: found on data, the lowest and the highest, or those that `trim` leaves.
    trim
        Share of customers at each end that may lie outside of the limits that are found.
    lower_is_better
        Whether less is better for a weighed column.

    Raises
    ------
    InputError
        If a name is no text or reserved, levels do not fit the cut, or weights and limits are no such numbers.

    Examples
    --------
    >>> from customer_value.segments import TierCriterion, TierCut
    >>> TierCriterion("loyalty", cut=TierCut("threshold", [0.5]), levels=("high", "low")).column
    'loyalty'
    """

    name: str
    column: str = ""
    cut: TierCut | None = None
    levels: tuple[str, ...] = ()
    points: tuple[float, ...] = ()
    unknown: str | None = None
    weight: float | None = None
    limits: tuple[float, float] | None = None
    trim: float = 0.0
    lower_is_better: bool = False

    def __post_init__(self) -> None:
        if text_value(self.name, "the name of a criterion") in _RESERVED:
            raise InputError(f"a criterion may not be named {self.name!r}; {list(_RESERVED)} are columns of any tier.")
        column = text_value(self.column, f"the column of {self.name!r}", empty=True)
        object.__setattr__(self, "column", column or self.name)
        if (self.cut is None) == (self.weight is None):
            raise InputError(f"the criterion {self.name!r} must have either a cut or a weight.")
        if self.cut is None:
            self._check_weight()
        else:
            self._check_levels(self.cut)

    def _check_levels(self, cut: TierCut) -> None:
        if not isinstance(cut, TierCut):
            raise InputError(f"the cut of {self.name!r} must be a TierCut; got {type(cut).__name__}.")
        trim = number(self.trim, "trim")
        if self.limits is not None or trim or self.lower_is_better is not False:
            raise InputError(f"limits, trim and lower_is_better of {self.name!r} are for a weight; a cut has its own.")
        levels = tuple(text_value(level, f"a level of {self.name!r}") for level in name_list(self.levels, "levels"))
        if len(levels) != len(cut.at) + 1 or len(set(levels)) < len(levels):
            raise InputError(
                f"{len(cut.at)} cuts of {self.name!r} make {len(cut.at) + 1} levels, which need as many different "
                f"names; got {list(levels)}."
            )
        object.__setattr__(self, "levels", levels)
        if self.unknown is not None:
            require_choice(f"unknown of {self.name!r}", self.unknown, levels)
        if not isinstance(self.points, (tuple, list, np.ndarray)):
            raise InputError(f"points of {self.name!r} must be a sequence of numbers; got {self.points!r}.")
        if len(self.points):
            points = tuple(number(each, f"points of {self.name!r}") for each in self.points)
            if len(points) != len(levels):
                raise InputError(f"{self.name!r} has {len(levels)} levels and points for {len(points)}.")
            object.__setattr__(self, "points", points)

    def _check_weight(self) -> None:
        object.__setattr__(self, "weight", number(self.weight, f"the weight of {self.name!r}", low=0))
        object.__setattr__(self, "trim", number(self.trim, "trim", low=0, high=0.49))
        truth_value(self.lower_is_better, "lower_is_better")
        if self.levels or self.points or self.unknown is not None:
            raise InputError(f"the criterion {self.name!r} is weighed, so it has no levels, points or unknown level.")
        if self.limits is not None:
            ends = float_array(self.limits, f"limits of {self.name!r}")
            if ends.size != 2 or not np.isfinite(ends).all():
                raise InputError(f"limits of {self.name!r} must be two numbers (of 0, of 1); got {self.limits!r}.")
            object.__setattr__(self, "limits", (float(ends[0]), float(ends[1])))

    @property
    def fitted(self) -> bool:
        """Tell whether the criterion needs no other customers to judge one."""
        return self.limits is not None if self.cut is None else self.cut.fitted

    def fit(self, values: Floats) -> TierCriterion:
        """Return the criterion with thresholds or limits found on the numbers of all customers (NaN is unknown)."""
        if self.fitted:
            return self
        values = float_array(values, "values")
        known = values[~np.isnan(values)]
        require_rows(np.isfinite(known), "values must be finite")
        if self.cut is not None:
            return replace(self, cut=self.cut.fit(known))
        require_below_largest(known, self.column)
        if not known.size:
            raise InputError(f"limits of {self.name!r} need one number at least; every value is null.")
        ends = [float(end) for end in np.quantile(np.sort(known), [self.trim, 1 - self.trim])]
        low, high = reversed(ends) if self.lower_is_better else ends
        return replace(self, limits=(low, high))

    def as_data(self) -> dict[str, Any]:
        """Return the criterion as plain data, what is not given left out."""
        data = {field.name: getattr(self, field.name) for field in fields(self)}
        given = {name: list(v) if isinstance(v, tuple) else v for name, v in data.items() if v != _DEFAULTS.get(name)}
        return given | ({} if self.cut is None else {"cut": self.cut.as_data()})

    @classmethod
    def from_data(cls, data: Any) -> Self:
        """Return the criterion that `as_data` described."""
        given = dict(_known_fields(cls, data, "a criterion"))
        if given.get("cut") is not None:
            given["cut"] = TierCut.from_data(given["cut"])
        tupled: dict[str, Any] = {name: tuple(each) if isinstance(each, list) else each for name, each in given.items()}
        return cls(**tupled)


_DEFAULTS = {field.name: field.default for field in fields(TierCriterion)}


def _known_fields(kind: type[Any], data: Any, what: str) -> Mapping[str, Any]:
    """Return data that hold a class's fields and nothing else, those without a default among them, or raise."""
    needed = [field.name for field in fields(kind) if field.default is MISSING]
    names = [field.name for field in fields(kind)]
    if not isinstance(data, Mapping) or not set(needed) <= set(data) <= set(names):
        raise InputError(f"{what} must be a mapping with {needed} and some of {names}; got {data!r}.")
    return data
