"""Clusters that keep their numbers: which cluster of a new fit is which of the old one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from customer_value._frames import Column, EagerFrame, categorical, nw, texts, to_eager, whole_numbers, with_arrays
from customer_value._validation import require_columns, require_ids, require_some, text_value
from customer_value.errors import InputError
from customer_value.segments._centres import squared_distances
from customer_value.segments._customers import id_column, require_customers
from customer_value.segments.cluster_assignment import assigned_numbers
from customer_value.segments.kmeans import KMeansSegmenter

Floats = np.ndarray[Any, np.dtype[np.float64]]
Codes = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class ClusterMatch:
    """Which old cluster each new one is, and how much of it is the same.

    Attributes
    ----------
    mapping : Mapping
        New label -> old label; a new cluster that is none of the old ones gets a label that no old one had.
    jaccard : Mapping
        New label -> customers in both the new cluster and its old one, as a share of those in either; 0 for a cluster
        that is new. Empty where models were matched without customers.
    customers : int
        Number of customers that both labellings know.
    kept : float or None
        Share of them who stay in their cluster, once labels are matched; None without customers.
    relabelled : frame or KMeansSegmenter
        What was given as `after`, with the old labels.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> june = pd.DataFrame({"customer_id": [1, 2, 3, 4, 5], "cluster": [1, 1, 2, 2, 3]})
    >>> july = pd.DataFrame({"customer_id": [1, 2, 3, 4, 5], "cluster": [3, 3, 1, 1, 1]})
    >>> print(cv.segments.match_clusters(june, july))
    of 5 customers, 80 % stay in their cluster: 1 is now 2 (Jaccard 0.67), 3 is now 1 (Jaccard 1.00).
    """

    mapping: Mapping[Any, Any]
    jaccard: Mapping[Any, float]
    customers: int
    kept: float | None
    relabelled: Any = field(repr=False)

    def __str__(self) -> str:
        told = ", ".join(
            f"{new} is now {old}" + (f" (Jaccard {self.jaccard[new]:.2f})" if self.jaccard else "")
            for new, old in self.mapping.items()
        )
        if self.kept is None:
            return f"matched by centres: {told}."
        return f"of {self.customers:,} customers, {self.kept:.0%} stay in their cluster: {told}.".replace("%", " %")


def match_clusters(
    before: Any,
    after: Any,
    *,
    customers: Any = None,
    customer_id: str | None = None,
    cluster: str = "cluster",
) -> ClusterMatch:
    """Find for each cluster of a new fit the one of the old fit that it is, so that labels stay as they were.

    Eager; polars' lazy frames are collected.

    Parameters
    ----------
    before, after
        Either two fitted `KMeansSegmenter` with the same columns and number of clusters, or two frames with a customer
        and a label each (of any scheme: clusters, segments, tiers). Frames may hold different customers and be of
        different libraries, labels may be fewer or more than before, and null (noise).
    customers
        With two models: customers by whom to tell how much stays the same. Without them only centres are compared.
    customer_id
        With two frames: the column of customers; default `customer_id`, or the first column of `after` where there is
        none.
    cluster
        With two frames: the column of labels.

    Returns
    -------
    ClusterMatch
        Its `mapping`, `jaccard` and `kept` tell what became of the clusters; `relabelled` is `after` with the old
        labels.

    Raises
    ------
    InputError
        If `before` and `after` are not two models or two frames; if models differ in columns or number of clusters; if
        customers repeat in a frame, or the frames have none in common.

    Notes
    -----
    An assignment problem (Kuhn 1955, the Hungarian method). Frames: the pairs of clusters whose Jaccard coefficients
    add up to the most. Models: the pairs whose squared distances add up to the least, the new centres having been
    put into the old model's prepared space by their values in the features' own units. A pair without a common
    customer is no match.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> rng = np.random.default_rng(0)
    >>> june = pd.DataFrame({"purchases": np.r_[rng.poisson(3, 50), rng.poisson(30, 50)]})
    >>> july = june + rng.poisson(1, (100, 1))
    >>> old, new = (cv.segments.KMeansSegmenter(2).fit(month) for month in (june, july))
    >>> match = cv.segments.match_clusters(old, new, customers=july)
    >>> match.mapping
    {1: 1, 2: 2}
    >>> model = match.relabelled  # for next month: its numbers are those of `old`
    """
    models = [isinstance(given, KMeansSegmenter) for given in (before, after)]
    if all(models):
        return _match_models(before, after, customers)
    if any(models):
        raise InputError("before and after must be two fitted KMeansSegmenter, or two frames with labels.")
    if customers is not None:
        raise InputError("customers goes with two models; two frames have customers of their own.")
    text_value(cluster, "cluster")
    opened, back = to_eager(after, "after", "match_clusters")
    key = id_column(opened, customer_id, "after")
    old = _read_labels(to_eager(before, "before", "match_clusters")[0], "before", key, cluster)
    new = _read_labels(opened, "after", key, cluster)
    match = _match_labels(old, new)
    # Of the old labels' kind and order, with those that are new at the end.
    labels = [*old.labels, *(label for label in match.mapping.values() if label not in old.labels)]
    to_old = np.array([labels.index(match.mapping[label]) for label in new.labels] + [-1])[new.codes]
    column: Column
    if all(isinstance(label, int) for label in labels):
        column = whole_numbers(np.array([*labels, 0])[to_old], to_old < 0, opened)
    else:
        made = categorical if old.ordered else texts
        column = made(to_old, [str(label) for label in labels], opened)
    return replace(match, relabelled=back(with_arrays(opened, {cluster: column})))


@dataclass(frozen=True)
class _Labelled:
    """Customers and their labels: positions among the labels in order, -1 where there is none."""

    ids: list[Any]
    codes: Codes
    labels: list[Any]
    ordered: bool


def _read_labels(frame: EagerFrame, what: str, customer_id: str, cluster: str) -> _Labelled:
    require_columns(frame, [customer_id, cluster], what=what, maker="assign_clusters adds clusters")
    require_some(len(frame), what)
    require_ids(customer_id, {what: frame})
    require_customers(frame, customer_id, what)
    ids, column = frame.get_column(customer_id).to_list(), frame.get_column(cluster)
    values = [None if value is None or value != value else value for value in column.to_list()]  # NaN: null of pandas
    if column.dtype.is_float():  # whole numbers beside a null
        values = [int(value) if value is not None and value.is_integer() else value for value in values]
    if len(kinds := {type(value) for value in values if value is not None}) > 1 or not kinds <= {str, int, bool}:
        raise InputError(f"{cluster} must hold labels, texts or whole numbers; its type is {column.dtype} in {what}.")
    labels, dtype = sorted({value for value in values if value is not None}), column.dtype
    if isinstance(dtype, nw.Enum):
        labels = list(dtype.categories)
    position = {label: code for code, label in enumerate(labels)}
    codes = np.array([-1 if value is None else position[value] for value in values], dtype=np.int64)
    return _Labelled(ids, codes, labels, isinstance(dtype, nw.Enum))


def _match_labels(old: _Labelled, new: _Labelled) -> ClusterMatch:
    place = {customer: at for at, customer in enumerate(old.ids)}
    common = np.array([[place[customer], at] for at, customer in enumerate(new.ids) if customer in place])
    if not len(common):
        raise InputError("before and after have no customer in common. Are their ids of one type?")
    befores, afters = old.codes[common[:, 0]], new.codes[common[:, 1]]
    jaccard = _jaccard(befores, afters, len(old.labels), len(new.labels))
    rows, columns = linear_sum_assignment(-jaccard)
    matched = {int(j): int(i) for i, j in zip(rows, columns, strict=True) if jaccard[i, j] > 0}
    mapping, taken = {}, list(old.labels)
    for j, label in enumerate(new.labels):
        mapping[label] = old.labels[matched[j]] if j in matched else _free(label, taken)
        taken.append(mapping[label])
    shares = {label: float(jaccard[matched[j], j]) if j in matched else 0.0 for j, label in enumerate(new.labels)}
    to_old = np.array([matched.get(j, -2) for j in range(len(new.labels))] + [-1])
    return ClusterMatch(mapping, shares, len(common), float((befores == to_old[afters]).mean()), None)


def _free(label: Any, taken: list[Any]) -> Any:
    """Give a new cluster a label that no old one has: the next number, its own text or one beside it."""
    if isinstance(label, int):
        return 1 + max([0, *(each for each in taken if isinstance(each, int))])
    while label in taken:
        label = f"{label} (new)"
    return label


def _match_models(before: KMeansSegmenter, after: KMeansSegmenter, customers: Any) -> ClusterMatch:
    for what, model in (("before", before), ("after", after)):
        if not hasattr(model, "centres_"):
            raise InputError(f"{what} must be fitted: KMeansSegmenter().fit(customers).")
    if before.encoded_names_ != after.encoded_names_ or before.n_clusters_ != after.n_clusters_:
        raise InputError(
            f"both models must have the same columns and as many clusters; before has {before.encoded_names_} and "
            f"{before.n_clusters_}, after {after.encoded_names_} and {after.n_clusters_}. Columns of labels can be "
            "matched whatever their number: match_clusters(assign_clusters(...), assign_clusters(...))."
        )
    moved = before._preparation.again(after.cluster_centers_)
    _, order = linear_sum_assignment(squared_distances(moved, before.centres_).T)
    relabelled = after._renumbered(order.astype(np.int64))
    mapping = {int(new) + 1: int(old) + 1 for new, old in enumerate(np.argsort(order))}
    if customers is None:
        return ClusterMatch(mapping, {}, 0, None, relabelled)
    befores, afters = (assigned_numbers(customers, model=model) for model in (before, relabelled))
    jaccard = np.diag(_jaccard(befores, afters, before.n_clusters_, before.n_clusters_))
    shares = {new: float(jaccard[old - 1]) for new, old in mapping.items()}
    return ClusterMatch(mapping, shares, len(befores), float((befores == afters).mean()), relabelled)


def _jaccard(befores: Codes, afters: Codes, n_before: int, n_after: int) -> Floats:
    """Customers in both clusters over customers in either, for each old (rows) and new cluster."""
    inside = (befores >= 0) & (afters >= 0)
    both = np.bincount(befores[inside] * n_after + afters[inside], minlength=n_before * n_after)
    both = both.reshape(n_before, n_after)
    old = np.bincount(befores[befores >= 0], minlength=n_before)
    new = np.bincount(afters[afters >= 0], minlength=n_after)
    either = old[:, None] + new - both
    shares: Floats = np.divide(both, either, out=np.zeros(both.shape), where=either > 0)
    return shares
