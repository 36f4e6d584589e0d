"""What a segmenter may be asked for, and what customers it needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from sklearn.utils import check_random_state

from customer_value._validation import name_list, number, optional_text, require_choice, whole_number
from customer_value.errors import InputError
from customer_value.segments._features import Feature
from customer_value.segments._prepare import Scale, Unskew
from customer_value.segments._values import LARGEST

LOWER_IS_BETTER = ("time_since_last", "days_since_last")
_MOST_STARTS = 100_000


def check_arguments(model: Any) -> None:
    """Refuse arguments that are none of their values."""
    whole_number(model.n_clusters, "n_clusters", low=1)
    whole_number(model.n_init, "n_init", low=1, high=_MOST_STARTS)
    if model.minibatch_above is not None:
        whole_number(model.minibatch_above, "minibatch_above")
    if model.unskew is not None:
        require_choice("unskew", model.unskew, get_args(Unskew))
    if model.scale is not None:
        require_choice("scale", model.scale, get_args(Scale))
    if model.winsorize is not None:
        number(model.winsorize, "winsorize", low=0, high=0.5, open_ends=True)
    number(model.category_weight, "category_weight", low=0, high=LARGEST, open_ends=True)
    optional_text(model.value, "value")
    name_list(model.lower_is_better, "lower_is_better")
    try:
        check_random_state(model.random_state)
    except ValueError:
        raise InputError(
            f"random_state must be a whole number from 0 to below 2**32, or a RandomState; got {model.random_state!r}."
        ) from None


def check_names(features: Sequence[Feature], value: Any, lower_is_better: Sequence[str]) -> None:
    """Refuse columns that are named for the order of clusters and are not there, or are no numbers."""
    names = [feature.name for feature in features]
    if value is not None and value not in names:
        raise InputError(f"value must name a column of X; got {value!r}, and X has {names}.")
    if value is not None and features[names.index(value)].levels is not None:
        raise InputError(f"value must name a column of numbers to order clusters by; {value} holds categories.")
    unknown = [name for name in lower_is_better if name not in names and name not in LOWER_IS_BETTER]
    if unknown:
        raise InputError(f"lower_is_better names {unknown}, which X does not have; it has {names}.")


def require_enough(different: int, n_clusters: int, n: int) -> None:
    """Refuse fewer different customers than clusters, and customers who do not differ at all."""
    if different < max(n_clusters, 2):
        raise InputError(
            f"n_clusters={n_clusters} needs at least as many different customers, and two at the least; X has "
            f"{different} (n_samples={n}). Ask for fewer clusters, or give features in which customers differ: a "
            "constant column tells nobody apart."
        )
