"""k-means from several starts, whose result depends neither on the number of threads nor on their timing."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from threadpoolctl import ThreadpoolController

Floats = np.ndarray[Any, np.dtype[np.float64]]

_WORTH_THREADS = 20_000  # rows below which a start takes less than a thread costs
_MOST_SEED = 2**31 - 1


@dataclass(frozen=True)
class Centres:
    """The best of the starts."""

    matrix: Floats
    n_iter: int


def kmeans(
    prepared: Floats, weights: Floats, *, n_clusters: int, n_init: int, minibatch: bool, random_state: Any
) -> Centres:
    """Run k-means (or its mini-batch form) from `n_init` starts and keep the centres of least inertia.

    Sums over threads depend on who comes first, so each start keeps to one thread, and the starts run side by side.
    """
    prepared = np.ascontiguousarray(prepared)
    seeds = check_random_state(random_state).randint(_MOST_SEED, size=1 if minibatch else n_init).tolist()

    def start(seed: int) -> Any:
        with _controller().limit(limits=1, user_api="openmp"):
            if minibatch:
                return MiniBatchKMeans(n_clusters, n_init=n_init, random_state=seed).fit(prepared, None, weights)
            return KMeans(n_clusters, n_init=1, random_state=seed).fit(prepared, None, weights)

    # Fewer clusters than asked for are told of by the caller, with what to do.
    with _controller().limit(limits=1, user_api="blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        if len(prepared) < _WORTH_THREADS or len(seeds) == 1:
            runs = [start(seed) for seed in seeds]
        else:
            with ThreadPoolExecutor(_threads()) as threads:
                runs = list(threads.map(start, seeds))
    best = min(runs, key=lambda run: run.inertia_)
    return Centres(np.asarray(best.cluster_centers_, dtype=np.float64), int(best.n_iter_))


@cache
def _controller() -> ThreadpoolController:
    """Look once for the libraries with threads of their own: scikit-learn has loaded them all by now."""
    return ThreadpoolController()


def _threads() -> int:
    """As many as scikit-learn would take, which OMP_NUM_THREADS and threadpoolctl limit."""
    return max((each["num_threads"] for each in _controller().info() if each["user_api"] == "openmp"), default=1)
