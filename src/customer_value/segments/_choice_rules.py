"""Which numbers of clusters pass, which one is recommended, and why, in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from customer_value.segments._stability import HIGHLY_STABLE, STABLE, TRUSTED

Counts = np.ndarray[Any, np.dtype[np.intp]]

# Kaufman & Rousseeuw (1990), table 4: what a mean silhouette says.
_STRUCTURE = ((0.7, "a strong structure"), (0.5, "a reasonable structure"), (0.25, "a weak structure"))
_NONE = "no substantial structure"


@dataclass(frozen=True)
class Evidence:
    """What was found for one number of clusters; NaN for what was not asked for."""

    k: int
    sizes: Counts
    silhouette: float
    davies_bouldin: float
    calinski_harabasz: float
    inertia: float
    gap: float = np.nan
    gap_error: float = np.nan
    jaccard_min: float = np.nan
    jaccard_mean: float = np.nan
    adjusted_rand: float = np.nan

    @property
    def smallest_share(self) -> float:
        return float(self.sizes.min() / self.sizes.sum())

    @property
    def largest_share(self) -> float:
        return float(self.sizes.max() / self.sizes.sum())


@dataclass(frozen=True)
class Limits:
    """What a number of clusters must keep to."""

    min_share: float
    max_share: float
    min_jaccard: float


# Largest first: what each criterion makes of the evidence.
CRITERIA: dict[str, Callable[[Evidence], float]] = {
    "silhouette": lambda found: found.silhouette,
    "davies_bouldin": lambda found: -found.davies_bouldin,
    "calinski_harabasz": lambda found: found.calinski_harabasz,
}


def faults(found: Evidence, limits: Limits) -> list[str]:
    """Say why a number of clusters is rejected; nothing if it is not."""
    n = int(found.sizes.sum())
    said = []
    if found.sizes.size < found.k:
        said.append(f"the method finds {found.sizes.size} clusters only")
    if found.largest_share > limits.max_share:
        aside = n - int(found.sizes.max())
        said.append(
            f"one cluster holds {_percent(found.largest_share, 1)} of the customers: it sets {aside:,} apart and "
            "leaves the others as they were"
        )
    if found.smallest_share < limits.min_share:
        said.append(
            f"the smallest cluster has {found.sizes.min():,} of {n:,} customers "
            f"({_percent(found.smallest_share, 2)}; {_percent(limits.min_share, 1)} is asked for)"
        )
    if found.jaccard_min < limits.min_jaccard:
        said.append(f"a cluster is found again in resamples to {found.jaccard_min:.2f} only ({_trust(found)})")
    return said


def recommend(evidence: Sequence[Evidence], limits: Limits, criterion: str, gap_k: int | None) -> int | None:
    """Return the k to recommend, None where none passes: the best by the criterion, of equal ones the smallest."""
    passing = [found for found in evidence if not faults(found, limits)]
    if criterion == "gap":
        return gap_k if gap_k in [found.k for found in passing] else None
    return max(passing, key=lambda found: (CRITERIA[criterion](found), -found.k)).k if passing else None


def reasons(
    evidence: Sequence[Evidence], limits: Limits, criterion: str, gap_k: int | None, recommended: int | None
) -> list[tuple[str, str]]:
    """Return the verdict on each number of clusters and the reason for it."""
    said = []
    for found in evidence:
        wrong = faults(found, limits)
        if wrong:
            said.append(("rejected", "; ".join(wrong)))
        elif found.k == recommended:
            said.append(("recommended", f"{_why(found, criterion)}; {_about(found, evidence, gap_k)}"))
        elif criterion == "gap" or recommended is None:
            said.append(("candidate", f"passes; {_gap_says(evidence, gap_k)}"))
        else:
            best = next(each for each in evidence if each.k == recommended)
            own, its = getattr(found, criterion), getattr(best, criterion)
            name = criterion.replace("_", " ")
            said.append(("candidate", f"passes; its {name} is {own:,.3f}, that of k = {best.k} is {its:,.3f}"))
    return said


def _why(found: Evidence, criterion: str) -> str:
    if criterion == "gap":
        return f"the gap statistic names it, and it passes; its silhouette is {found.silhouette:.3f}"
    better = "smallest" if criterion == "davies_bouldin" else "largest"
    value = getattr(found, criterion)
    return f"the {better} {criterion.replace('_', ' ')} ({value:,.3f}) of the numbers of clusters that pass"


def _about(found: Evidence, evidence: Sequence[Evidence], gap_k: int | None) -> str:
    structure = next((words for least, words in _STRUCTURE if found.silhouette > least), _NONE)
    said = [f"a silhouette of {found.silhouette:.2f} is {structure}"]
    if not np.isnan(found.jaccard_min):
        said.append(f"each cluster is found again in resamples to {found.jaccard_min:.2f} or more ({_trust(found)})")
    if not np.isnan(found.gap):
        said.append(_gap_says(evidence, gap_k))
    return "; ".join(said)


def _gap_says(evidence: Sequence[Evidence], gap_k: int | None) -> str:
    if gap_k is None:
        return f"the gap statistic still grows at k = {evidence[-1].k}"
    if gap_k == 1:
        return "the gap statistic finds no clusters (k = 1): take them for a division that is useful, not one found"
    return f"the gap statistic names k = {gap_k}"


def _trust(found: Evidence) -> str:
    """Hennig's reading of the mean Jaccard similarity of the worst cluster."""
    if found.jaccard_min < TRUSTED:
        return f"below {TRUSTED} it should not be trusted"
    if found.jaccard_min < STABLE:
        return f"from {TRUSTED} to {STABLE} it is doubtful who belongs to it"
    return "highly stable" if found.jaccard_min >= HIGHLY_STABLE else "stable"


def _percent(share: float, digits: int) -> str:
    return f"{100 * share:.{digits}f} %"
