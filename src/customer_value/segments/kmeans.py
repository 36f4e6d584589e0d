"""Clusters of customers who are alike: k-means on prepared features, numbered best first, the same whoever runs it."""

from __future__ import annotations

from copy import copy
from typing import Any, Literal, cast

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from customer_value._estimator_inputs import read_columns
from customer_value._frames import FrameT, make_frame, to_eager
from customer_value._labels import LANGUAGES
from customer_value._validation import require_choice, require_columns
from customer_value.segments._centres import nearest_centre, squared_distances
from customer_value.segments._cluster_fit import (
    Clusters,
    Order,
    Rows,
    find_by_clusterer,
    find_by_kmeans,
    sizes_and_inertia,
)
from customer_value.segments._cluster_json import read_into, written
from customer_value.segments._cluster_profile import profile_columns
from customer_value.segments._cluster_rules import LOWER_IS_BETTER, check_arguments, check_names, require_enough
from customer_value.segments._cluster_words import cluster_names
from customer_value.segments._clusterers import Labeller
from customer_value.segments._distinct import distinct_rows, weighted_deviation, weighted_mean
from customer_value.segments._features import learn_features, read_matrix, read_weights
from customer_value.segments._prepare import Scale, Unskew, learn_preparation

Floats = np.ndarray[Any, np.dtype[np.float64]]
Labels = np.ndarray[Any, np.dtype[np.int64]]


class KMeansSegmenter(
    ClassNamePrefixFeaturesOutMixin,  # type: ignore[misc]  # scikit-learn has no types
    TransformerMixin,  # type: ignore[misc]  # scikit-learn has no types
    ClusterMixin,  # type: ignore[misc]  # scikit-learn has no types
    BaseEstimator,  # type: ignore[misc]  # scikit-learn has no types
):
    """Clusters of customers by k-means on prepared features, numbered best first; a scikit-learn clusterer.

    Parameters
    ----------
    n_clusters
        Number of clusters; `choose_n_clusters` compares several.
    unskew
        How skewness is taken out of numbers: ``"log1p"`` (default), the logarithm of 1 + x, odd around 0 so that totals
        below 0 after refunds keep their order: ``sign(x) log(1 + |x|)``; ``"yeo-johnson"``, for each column the power
        that makes it most like a normal distribution; None.
    scale
        ``"standard"`` (default): mean 0, standard deviation 1; ``"robust"``: median 0, distance of the quartiles as
        that of a standard normal distribution (the standard deviation where the quartiles are equal); None.
    winsorize
        Share of customers in each tail, such as 0.01, whose values are drawn in to the quantile there, before
        everything else; None (default) leaves them.
    category_weight
        How much two customers of different levels of a category differ: as two that are this many scaled units
        (standard deviations) apart in a number.
    n_init
        Number of starts, of which the one with the least inertia counts. One start often ends in a worse answer.
    minibatch_above
        Number of different customers above which `MiniBatchKMeans` takes over; None never.
    value
        Column whose mean orders the clusters, the best first. By default they are ordered by the mean of the scaled
        numbers (without a number, by size).
    lower_is_better
        Numbers of which less is better, for the order of the clusters.
    clusterer
        Any other clusterer that scikit-learn can clone, such as ``GaussianMixture()`` or ``HDBSCAN()``, in place of
        k-means. Its `n_clusters` or `n_components` is set to `n_clusters`, its `random_state`, where it is None, to
        this one's.
    random_state
        Seed of the starts.

    Attributes
    ----------
    labels_ : ndarray
        The cluster of each row of the fit, 0 the best one; -1 is noise, which k-means does not know.
    cluster_centers_ : ndarray
        The centres in the features' own units, levels of a category as shares; columns are `encoded_names_`.
    centres_ : ndarray
        The centres in prepared space, where distances are measured.
    cluster_sizes_ : ndarray
        Customers (sum of weights) of each cluster.
    inertia_ : float
        Sum of squared distances to the own centre in prepared space.
    n_clusters_, n_iter_, encoded_names_
        Number of clusters found, iterations of the best start, names of the prepared columns.
    clusterer_ : estimator
        The fitted clusterer, where one was given.
    n_features_in_, feature_names_in_
        As scikit-learn has them.

    Raises
    ------
    InputError
        If a value is null, NaN or infinite, if a column holds neither numbers nor categories, if there are fewer
        different customers than clusters, if columns differ from those of the fit, or an argument is not one of its
        values.

    See Also
    --------
    assign_clusters : adds cluster, distance, margin and reason to a frame of customers.
    match_clusters : keeps the numbers of clusters when a model is fitted again.
    choose_n_clusters : compares numbers of clusters by several criteria.

    Notes
    -----
    **The same answer for everybody.** Rows are sorted by their values and equal ones taken together before the fit, and
    each start of k-means runs on one thread, so neither the order of the rows, nor the library, nor the number of
    threads changes a label. A weight of 2 is the same as the row twice, to the last bit.

    **Preparation.** Raw sums of money make clusters of one giant and two outliers, hence logarithm and scale by
    default. A constant column adds nothing.

    **Categories** become one column per level, of height ``category_weight / sqrt(2)``, so that a mismatch adds
    ``category_weight ** 2`` to a squared distance, as in k-prototypes (Huang 1998, *Data Mining and Knowledge
    Discovery* 2, whose gamma this is) and in the spirit of Gower (1971, *Biometrics* 27), who lets each attribute
    count alike. A level that the fit did not see is put where the average customer is.

    **Other clusterers** see the prepared rows, with `sample_weight` if their `fit` takes it (else rows are repeated).
    One whose `fit` takes `categorical`, as k-prototypes do, gets numbers scaled and categories as codes. Where there is
    no `predict`, a new customer gets the label of the nearest customer of the fit. Centres are then the members'
    means, and the nearest centre need not be the own one.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> customers = pd.DataFrame({
    ...     "time_since_last": [2, 3, 5, 40, 44, 51],
    ...     "purchases": [12, 15, 11, 1, 2, 1],
    ...     "total_value": [640.0, 900.0, 580.0, 20.0, 35.0, 18.0],
    ... })
    >>> model = cv.segments.KMeansSegmenter(2).fit(customers)
    >>> model.labels_
    array([0, 0, 0, 1, 1, 1])
    >>> model.cluster_centers_.round(1)
    array([[  3.2,  12.6, 693.9],
           [ 44.8,   1.3,  23.3]])
    """

    _labeller: Labeller | None = None  # of a clusterer that was given

    def __init__(
        self,
        n_clusters: int = 4,
        *,
        unskew: Unskew | None = "log1p",
        scale: Scale | None = "standard",
        winsorize: float | None = None,
        category_weight: float = 1.0,
        n_init: int = 10,
        minibatch_above: int | None = 2_000_000,
        value: str | None = None,
        lower_is_better: tuple[str, ...] = LOWER_IS_BETTER,
        clusterer: Any = None,
        random_state: Any = 0,
    ) -> None:
        self.n_clusters = n_clusters
        self.unskew = unskew
        self.scale = scale
        self.winsorize = winsorize
        self.category_weight = category_weight
        self.n_init = n_init
        self.minibatch_above = minibatch_above
        self.value = value
        self.lower_is_better = lower_is_better
        self.clusterer = clusterer
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> KMeansSegmenter:
        """Find the clusters.

        Parameters
        ----------
        X
            The features, one row per customer: a DataFrame of pandas, polars or pyarrow, or an array. Columns of text,
            categories and truth values are categories.
        y
            Not used.
        sample_weight
            How often each row counts, 0 or above.

        Returns
        -------
        KMeansSegmenter
        """
        check_arguments(self)
        columns = read_columns(self, X, reset=True)
        weights = read_weights(sample_weight, len(next(iter(columns.values()))))
        self._features = learn_features(columns, weights > 0)
        check_names(self._features, self.value, self.lower_is_better)
        distinct = distinct_rows(read_matrix(self._features, columns), weights)
        counted = distinct.weights > 0
        matrix, counts = distinct.matrix[counted], distinct.weights[counted]
        require_enough(len(matrix), self.n_clusters, distinct.place.size)

        self._preparation = learn_preparation(
            self._features,
            matrix,
            counts,
            unskew=self.unskew,
            scale=self.scale,
            winsorize=self.winsorize,
            category_weight=self.category_weight,
        )
        rows = Rows(self._preparation, matrix, self._preparation.forward(matrix), counts)
        found = self._find_clusters(rows)
        self._labeller, self._numbers = found.labeller, found.numbers
        if found.labeller is not None:
            self.clusterer_ = found.labeller.model
        self.centres_ = found.centres
        self.n_clusters_ = len(found.centres)
        self.cluster_sizes_, self.inertia_ = sizes_and_inertia(found, rows)
        if found.n_iter is not None:
            self.n_iter_ = found.n_iter
        self.encoded_names_ = self._preparation.names
        self.cluster_centers_ = self._preparation.backward(found.centres)
        self._middle = np.array([weighted_mean(column, counts) for column in rows.prepared.T])
        self._spread = np.array([weighted_deviation(column, counts) for column in rows.prepared.T])
        every = distinct.matrix
        labels = found.labels if counted.all() else self._label(every, self._preparation.forward(every))
        self.labels_ = labels[distinct.place]
        return self

    def predict(self, X: Any) -> Labels:
        """Return the cluster of each row, 0 the best one; -1 for noise of a clusterer that knows it."""
        return self._locate(X)[0]

    def transform(self, X: Any) -> Floats:
        """Return the distance of each row to each centre, in prepared space (with scales, in standard deviations)."""
        distances: Floats = np.sqrt(squared_distances(self.prepare(X), self.centres_))
        return distances

    def prepare(self, X: Any) -> Floats:
        """Return the rows as k-means sees them: without skewness, on one scale, categories as columns."""
        return self._read(X)[1]

    def cluster_names(self, labels: Literal["en", "zh"] = "en") -> list[str]:
        """Name the clusters in plain language, the best first.

        Parameters
        ----------
        labels
            The language, "en" or "zh".

        Returns
        -------
        list of str
            Words for the features in which the centre lies half a standard deviation or more (over all customers, in
            prepared space) from the average customer; the three largest differences at most. Where clusters would have
            the same name, a word is "very" from one and a half standard deviations on, and if that is not enough, they
            get their rank by the feature in which they differ most, the highest first.
        """
        check_is_fitted(self)
        require_choice("labels", labels, LANGUAGES)
        return cluster_names(self._preparation, self.centres_, self._apart(), labels)

    def profile(self, frame: FrameT, *, labels: Literal["en", "zh"] = "en") -> FrameT:
        """Tell what the clusters are like, by the customers of a frame. Collects once.

        Parameters
        ----------
        frame
            Customers with the columns of the fit, those of the fit or new ones.
        labels
            The language of the names, "en" or "zh".

        Returns
        -------
        frame
            One row per cluster and feature, in order (a category has one row per level, ``plan=basic``, whose mean is
            the share of customers who have it): `cluster` (1 is the best), `cluster_name`, `customers`,
            `share_of_customers`, `feature`, `mean` and `median` in the feature's own unit, `relative_to_all` (the mean
            over the mean of all customers of the frame; null where that is not above 0) and `apart` (how far the
            cluster's mean lies from that of all, both prepared, in standard deviations of the fit).
        """
        check_is_fitted(self)
        opened, back = to_eager(frame, "frame", "profile")
        named = hasattr(self, "feature_names_in_")
        if named:
            require_columns(opened, list(self.feature_names_in_), what="frame")
            opened = opened.select(list(self.feature_names_in_))
        matrix, prepared = self._read(opened.to_native() if named else opened.to_numpy())
        found = self._label(matrix, prepared)
        names = self.cluster_names(labels)
        table = profile_columns(found, names, self._preparation, matrix, prepared, self._spread, opened)
        return cast(FrameT, back(make_frame(table, opened)))

    def to_json(self) -> str:
        """Return the fitted model as JSON text with a schema version; `from_json` reads it back.

        Raises
        ------
        InputError
            The model has a clusterer of its own, which JSON cannot hold.
        """
        check_is_fitted(self)
        return written(self)

    @classmethod
    def from_json(cls, text: str) -> KMeansSegmenter:
        """Make a model from the text that `to_json` gave; values are checked and no code runs.

        It labels customers as before; `labels_` of the rows of the fit are not kept.

        Raises
        ------
        InputError
            The text is not JSON, or is not of this class and schema.
        """
        model: KMeansSegmenter = read_into(cls, text)
        return model

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "centres_")

    @property
    def _n_features_out(self) -> int:
        return self.n_clusters_

    def _apart(self) -> Floats:
        """Differences of the centres from the average customer, in standard deviations."""
        away: Floats = self.centres_ - self._middle
        scaled: Floats = np.divide(away, self._spread, out=np.zeros_like(away), where=self._spread > 0)
        return scaled

    def _renumbered(self, order: Labels) -> KMeansSegmenter:
        """Return a copy whose cluster i is this one's cluster ``order[i]``."""
        renewed = copy(self)
        for name in ("centres_", "cluster_centers_", "cluster_sizes_"):
            setattr(renewed, name, getattr(self, name)[order])
        number_of = np.append(np.argsort(order), -1)
        if hasattr(self, "labels_"):
            renewed.labels_ = number_of[self.labels_].astype(np.int64)
        if self._labeller is not None:
            renewed._numbers = {own: int(number_of[number_here]) for own, number_here in self._numbers.items()}
        return renewed

    def _read(self, X: Any) -> tuple[Floats, Floats]:
        check_is_fitted(self)
        matrix = read_matrix(self._features, read_columns(self, X, reset=False))
        return matrix, self._preparation.forward(matrix)

    def _locate(self, X: Any) -> tuple[Labels, Floats]:
        """Labels, and the rows in prepared space."""
        matrix, prepared = self._read(X)
        return self._label(matrix, prepared), prepared

    def _label(self, matrix: Floats, prepared: Floats) -> Labels:
        found = nearest_centre(prepared, self.centres_)
        if self._labeller is None:
            return found
        # A label that no customer of the fit had (an empty component of a mixture) has no number: the nearest instead.
        own = self._labeller(self._preparation, matrix, prepared)
        for label, number_here in self._numbers.items():
            found[own == label] = number_here
        found[own < 0] = -1
        return found

    def _find_clusters(self, rows: Rows) -> Clusters:
        order = Order(self.value, tuple(self.lower_is_better))
        if self.clusterer is not None:
            return find_by_clusterer(self.clusterer, rows, order, self.n_clusters, self.random_state)
        minibatch = self.minibatch_above is not None and len(rows.prepared) > self.minibatch_above
        return find_by_kmeans(rows, order, self.n_clusters, self.n_init, minibatch, self.random_state)
