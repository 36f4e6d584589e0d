"""Which cluster each customer is in, how far from its centre, and by how much it is not another one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

import numpy as np

from customer_value._frames import Column, EagerFrame, FrameT, categorical, texts, to_eager, whole_numbers, with_arrays
from customer_value._validation import require_choice, require_columns, require_some, text_value, truth_value
from customer_value.errors import InputError
from customer_value.segments._centres import squared_distances
from customer_value.segments._cluster_reasons import reason_texts
from customer_value.segments.kmeans import KMeansSegmenter

Floats = np.ndarray[Any, np.dtype[np.float64]]
Labels = np.ndarray[Any, np.dtype[np.int64]]


def assign_clusters(
    frame: FrameT,
    *,
    model: KMeansSegmenter,
    name: str = "cluster",
    distance: bool = True,
    labels: Literal["number", "en", "zh"] | Mapping[int, str] = "number",
) -> FrameT:
    """Add each customer's cluster, how far he is from its centre, and why he is in it. Collects once.

    Parameters
    ----------
    frame
        One row per customer with the columns that the model was fitted on; customers may be new.
    model
        A fitted `KMeansSegmenter`.
    name
        Name of the label column, and beginning of the others.
    distance
        Whether to add the distance and the margin.
    labels
        ``"number"`` (default): 1 is the best cluster; ``"en"`` or ``"zh"``: the cluster's name, such as "recent,
        frequent, big spenders"; a mapping from numbers to texts of your own (a number that is not in it gets its
        English name).

    Returns
    -------
    frame
        The same rows in the same order with

        - `cluster`: the number (a whole number), or an ordered label, the best cluster first; null for noise, which
          some clusterers know;
        - `cluster_distance`: to the centre of the own cluster, in prepared space (standard deviations, with the
          default scale);
        - `cluster_margin`: how much farther the nearest other centre is, as a share of the larger of the two
          distances: 0 on the border, 1 on the own centre, null if there is one cluster. Below 0 another centre is
          nearer, which k-means does not know and other clusterers do;
        - `cluster_reason`: the cluster's name, and the features (two at most) that keep him out of the next cluster.

        Columns of these names that are there already are replaced.

    Raises
    ------
    InputError
        If the model is not a fitted `KMeansSegmenter` with names of columns; if columns are missing, null, infinite or
        of another kind than in the fit; if the frame is empty; if labels are unknown or coincide.

    Notes
    -----
    The margin is the simplified silhouette of a customer (Hruschka, de Castro & Campello 2004, *ICDM*): (b - a) /
    max(a, b) with a and b the distances to the own and the nearest other centre instead of mean distances to all
    members, so new customers have one too.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> customers = pd.DataFrame({
    ...     "customer_id": [1, 2, 3, 4, 5, 6],
    ...     "time_since_last": [2, 3, 5, 40, 44, 51],
    ...     "total_value": [640.0, 900.0, 580.0, 20.0, 35.0, 18.0],
    ... })
    >>> model = cv.segments.KMeansSegmenter(2).fit(customers[["time_since_last", "total_value"]])
    >>> new = pd.DataFrame({"customer_id": [7, 8], "time_since_last": [4, 30], "total_value": [700.0, 90.0]})
    >>> cv.assign_clusters(new, model=model).round(2)[["customer_id", "cluster", "cluster_distance", "cluster_margin"]]
       customer_id  cluster  cluster_distance  cluster_margin
    0            7        1              0.15            0.94
    1            8        2              0.84            0.59
    >>> cv.assign_clusters(new, model=model, labels="en")["cluster"].tolist()
    ['recent, big spenders', 'long silent, small spenders']
    """
    text_value(name, "name")
    truth_value(distance, "distance")
    _require_model(model)
    opened, back = to_eager(frame, "frame", "assign_clusters")
    shown, language = _labels_of(model, labels)
    numbers, prepared = _located(opened, model)
    own, other, beside = _distances(prepared, model.centres_, numbers)
    inside = numbers >= 0
    columns: dict[str, Column] = {name: _label_column(numbers, shown, opened)}
    if distance:
        columns[f"{name}_distance"] = np.where(inside, own, np.nan)
        columns[f"{name}_margin"] = np.where(inside, _margin(own, other), np.nan)
    codes, reasons = reason_texts(
        numbers,
        beside,
        prepared,
        model.centres_,
        owners=model._preparation.owners,
        features=[str(feature) for feature in model.feature_names_in_],
        names=model.cluster_names(language),
        language=language,
    )
    columns[f"{name}_reason"] = texts(codes, reasons, opened)
    return cast(FrameT, back(with_arrays(opened, columns)))


def assigned_numbers(frame: Any, *, model: KMeansSegmenter) -> Labels:
    """Return the position of each customer's cluster, -1 for noise."""
    _require_model(model)
    return _located(to_eager(frame, "frame", "match_clusters")[0], model)[0]


def _located(frame: EagerFrame, model: KMeansSegmenter) -> tuple[Labels, Floats]:
    features = [str(feature) for feature in model.feature_names_in_]
    require_columns(frame, features, what="frame", maker="These are the columns that the model was fitted on")
    require_some(len(frame), "frame")
    return model._locate(frame.select(features).to_native())


def _require_model(model: object) -> None:
    if not isinstance(model, KMeansSegmenter) or not hasattr(model, "centres_"):
        raise InputError(f"model must be a fitted KMeansSegmenter: KMeansSegmenter().fit(customers); got {model!r}.")
    if not hasattr(model, "feature_names_in_"):
        raise InputError("the model was fitted on an array without names: fit it on a frame with named columns.")


def _labels_of(model: KMeansSegmenter, labels: Any) -> tuple[list[str] | None, Literal["en", "zh"]]:
    """Return the texts to show, None for numbers, and the language of reasons."""
    if not isinstance(labels, Mapping):
        require_choice("labels", labels, ("number", "en", "zh"))
        language: Literal["en", "zh"] = "zh" if labels == "zh" else "en"
        return (None if labels == "number" else model.cluster_names(language)), language
    numbers = range(1, model.n_clusters_ + 1)
    unknown = [number for number in labels if number not in numbers]
    if unknown:
        raise InputError(f"labels has {unknown}, which are no clusters: they are numbered 1 to {model.n_clusters_}.")
    names = model.cluster_names("en")
    shown = [text_value(labels.get(i, names[i - 1]), f"the label of cluster {i}") for i in numbers]
    if len(set(shown)) < len(shown):
        raise InputError(f"labels must differ from one another; got {shown}.")
    return shown, "en"


def _label_column(numbers: Labels, shown: list[str] | None, like: EagerFrame) -> Column:
    return whole_numbers(numbers + 1, numbers < 0, like) if shown is None else categorical(numbers, shown, like)


def _margin(own: Floats, other: Floats) -> Floats:
    """Simplified silhouette: null without another centre, 0 where both distances are."""
    if np.isinf(other).any():
        return np.full(own.size, np.nan)
    largest = np.maximum(own, other)
    margin: Floats = np.divide(other - own, largest, out=np.zeros_like(own), where=largest > 0)
    return margin


def _distances(prepared: Floats, centres: Floats, numbers: Labels) -> tuple[Floats, Floats, Labels]:
    """Distance to the own centre and to the nearest other one (infinite without one), and which that is."""
    squares = squared_distances(prepared, centres)
    everyone = np.arange(len(numbers))
    own = np.sqrt(squares[everyone, numbers])
    squares[everyone, numbers] = np.inf
    beside = squares.argmin(axis=1).astype(np.int64)
    return own, np.sqrt(squares[everyone, beside]), beside
