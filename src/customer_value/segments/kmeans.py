"""Clusters of customers who are alike: k-means on prepared features, numbered best first, the same whoever runs it."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from customer_value._validation import name_list, number, require_choice, whole_number
from customer_value.errors import InputError
from customer_value.segments._centres import best_first, member_means, nearest_centre, squared_distances
from customer_value.segments._clusterers import fit_clusterer
from customer_value.segments._distinct import distinct_rows, weighted_deviation, weighted_mean
from customer_value.segments._features import learn_features, read_columns, read_matrix, read_weights
from customer_value.segments._prepare import Scale, Unskew, learn_preparation
from customer_value.segments._starts import kmeans

Floats = np.ndarray[Any, np.dtype[np.float64]]
Labels = np.ndarray[Any, np.dtype[np.int64]]

LESS_IS_BETTER = ("time_since_last", "days_since_last")


class KMeansSegmenter(
    ClassNamePrefixFeaturesOutMixin,  # type: ignore[misc]  # scikit-learn has no types
    TransformerMixin,  # type: ignore[misc]
    ClusterMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
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
    less_is_better
        Numbers of which less is better, here and in the names of clusters.
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
        less_is_better: tuple[str, ...] = LESS_IS_BETTER,
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
        self.less_is_better = less_is_better
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
        self._check_arguments()
        columns = read_columns(self, X, reset=True)
        weights = read_weights(sample_weight, len(next(iter(columns.values()))))
        self._features = learn_features(columns, weights > 0)
        self._check_names([feature.name for feature in self._features])
        rows = distinct_rows(read_matrix(self._features, columns), weights)
        counted = rows.weights > 0
        matrix, counts = rows.matrix[counted], rows.weights[counted]
        self._require_enough(matrix, rows.place.size)

        self._preparation = learn_preparation(
            self._features,
            matrix,
            counts,
            unskew=self.unskew,
            scale=self.scale,
            winsorize=self.winsorize,
            category_weight=self.category_weight,
        )
        prepared = self._preparation.forward(matrix)
        labels = self._fit_clusters(matrix, prepared, counts)
        self.n_clusters_ = len(self.centres_)
        self.encoded_names_ = self._preparation.names
        self.cluster_centers_ = self._preparation.backward(self.centres_)
        self.cluster_sizes_ = np.bincount(labels[labels >= 0], weights=counts[labels >= 0], minlength=self.n_clusters_)
        self._middle = np.array([weighted_mean(column, counts) for column in prepared.T])
        self._spread = np.array([weighted_deviation(column, counts) for column in prepared.T])
        inside = labels >= 0
        apart = squared_distances(prepared[inside], self.centres_)[np.arange(inside.sum()), labels[inside]]
        self.inertia_ = float((apart * counts[inside]).sum())
        every = labels if counted.all() else self._label(rows.matrix, self._preparation.forward(rows.matrix))
        self.labels_ = every[rows.place]
        return self

    def predict(self, X: Any) -> Labels:
        """Return the cluster of each row, 0 the best one; -1 for noise of a clusterer that knows it."""
        return self._label(*self._prepare(X))

    def transform(self, X: Any) -> Floats:
        """Return the distance of each row to each centre, in prepared space (with scales, in standard deviations)."""
        distances: Floats = np.sqrt(squared_distances(self._prepare(X)[1], self.centres_))
        return distances

    @property
    def _n_features_out(self) -> int:
        return self.n_clusters_

    def _prepare(self, X: Any) -> tuple[Floats, Floats]:
        check_is_fitted(self)
        matrix = read_matrix(self._features, read_columns(self, X, reset=False))
        return matrix, self._preparation.forward(matrix)

    def _label(self, matrix: Floats, prepared: Floats) -> Labels:
        found = nearest_centre(prepared, self.centres_)
        if self.clusterer is None:
            return found
        # A label that no customer of the fit had (an empty component of a mixture) has no number: the nearest instead.
        own = self._predictor(matrix, prepared)
        for label, number_here in self._numbers.items():
            found[own == label] = number_here
        found[own < 0] = -1
        return found

    def _fit_clusters(self, matrix: Floats, prepared: Floats, weights: Floats) -> Labels:
        """Set the centres in their order, and return the label of each row."""
        find = self._find_by_kmeans if self.clusterer is None else self._find_by_clusterer
        centres, labels, own_labels = find(matrix, prepared, weights)
        inside = labels >= 0
        order = best_first(self._scores(matrix[inside], weights[inside], labels[inside], centres), centres)
        self.centres_ = centres[order]
        self._numbers = {int(own_labels[old]): new for new, old in enumerate(order)}
        number_of = np.append(np.argsort(order), -1)
        numbered: Labels = number_of[labels].astype(np.int64)
        return numbered

    def _find_by_kmeans(self, matrix: Floats, prepared: Floats, weights: Floats) -> tuple[Floats, Labels, Labels]:
        found = kmeans(
            prepared,
            weights,
            n_clusters=self.n_clusters,
            n_init=self.n_init,
            minibatch=self.minibatch_above is not None and len(prepared) > self.minibatch_above,
            random_state=self.random_state,
        )
        self.n_iter_ = found.n_iter
        labels = nearest_centre(prepared, found.matrix)
        used = np.unique(labels)
        if used.size < self.n_clusters:
            raise InputError(
                f"k-means finds {used.size} clusters where n_clusters={self.n_clusters} were asked for: too few "
                "customers differ. Ask for fewer clusters, or give more features."
            )
        return found.matrix, labels, used

    def _find_by_clusterer(self, matrix: Floats, prepared: Floats, weights: Floats) -> tuple[Floats, Labels, Labels]:
        self.clusterer_, self._predictor = fit_clusterer(
            self.clusterer,
            matrix,
            prepared,
            weights,
            preparation=self._preparation,
            n_clusters=self.n_clusters,
            random_state=self.random_state,
        )
        own, labels = np.unique(self._predictor(matrix, prepared), return_inverse=True)
        labels = np.where(own[labels] < 0, -1, labels - int((own < 0).sum()))
        own = own[own >= 0]
        if not own.size:
            raise InputError(f"{type(self.clusterer).__name__} found no cluster: it calls every customer noise.")
        inside = labels >= 0
        return member_means(prepared[inside], weights[inside], labels[inside], own.size), labels, own

    def _scores(self, matrix: Floats, weights: Floats, labels: Labels, centres: Floats) -> Floats:
        """How good each cluster is: by the mean of the value column, or of all numbers as prepared."""
        names = [feature.name for feature in self._features]
        signs = np.array([-1.0 if name in self.less_is_better else 1.0 for name in names])
        if self.value is not None:
            at = names.index(self.value)
            means: Floats = signs[at] * member_means(matrix[:, [at]], weights, labels, len(centres))[:, 0]
            return means
        owners = self._preparation.owners
        numeric = [i for i, owner in enumerate(owners) if self._features[owner].levels is None]
        if numeric:
            scores: Floats = (centres[:, numeric] * signs[owners[numeric]]).mean(axis=1)
            return scores
        sizes: Floats = np.bincount(labels, weights=weights, minlength=len(centres)).astype(np.float64)
        return sizes

    def _check_arguments(self) -> None:
        whole_number(self.n_clusters, "n_clusters", low=1)
        whole_number(self.n_init, "n_init", low=1)
        if self.minibatch_above is not None:
            whole_number(self.minibatch_above, "minibatch_above")
        if self.unskew is not None:
            require_choice("unskew", self.unskew, ("log1p", "yeo-johnson"))
        if self.scale is not None:
            require_choice("scale", self.scale, ("standard", "robust"))
        if self.winsorize is not None:
            number(self.winsorize, "winsorize", low=0, high=0.5, open_ends=True)
        number(self.category_weight, "category_weight", low=0, open_ends=True)

    def _check_names(self, names: list[str]) -> None:
        """Refuse columns that are named for the order and are not there, or not numbers."""
        if self.value is not None:
            if self.value not in names:
                raise InputError(f"value must name a column of X; got {self.value!r}, and X has {names}.")
            if self._features[names.index(self.value)].levels is not None:
                raise InputError(f"value must name a column of numbers to order clusters by; {self.value} holds text.")
        given = name_list(self.less_is_better, "less_is_better")
        unknown = [name for name in given if name not in names and name not in LESS_IS_BETTER]
        if unknown:
            raise InputError(f"less_is_better names {unknown}, which X does not have; it has {names}.")

    def _require_enough(self, matrix: Floats, n: int) -> None:
        """Refuse fewer different customers than clusters, and customers who do not differ at all."""
        if len(matrix) < max(self.n_clusters, 2):
            raise InputError(
                f"n_clusters={self.n_clusters} needs at least as many different customers, and two at the least; "
                f"X has {len(matrix)} (n_samples={n}). Ask for fewer clusters, or give features in which customers "
                "differ: a constant column tells nobody apart."
            )
