"""The rule of recommendation: what is rejected and why, what wins among the rest, and the words for it."""

import numpy as np
import pytest

from customer_value.segments._choice_rules import Evidence, Limits, faults, reasons, recommend

LIMITS = Limits(min_share=0.02, max_share=0.95, min_jaccard=0.75)


def found(k, sizes=None, silhouette=0.4, jaccard=0.9, **others):
    return Evidence(
        k=k,
        sizes=np.array(sizes or [100] * k),
        silhouette=silhouette,
        **{"davies_bouldin": 1.0, "calinski_harabasz": 10.0, "inertia": 1.0, "gap": 1.0, "jaccard_min": jaccard}
        | others,
    )


def test_a_giant_and_its_outliers_are_told_in_figures():
    giant, small = faults(found(2, [4330, 8], silhouette=0.98), LIMITS)
    assert giant == "one cluster holds 99.8 % of the customers: it sets 8 apart and leaves the others as they were"
    assert small == "the smallest cluster has 8 of 4,338 customers (0.18 %; 2.0 % is asked for)"


def test_the_limits_themselves_pass():
    assert faults(found(2, [95, 5], jaccard=0.75), LIMITS) == []
    assert faults(found(3, [49, 49, 2]), LIMITS) == []
    assert len(faults(found(2, [951, 49]), LIMITS)) == 1
    assert len(faults(found(3, [491, 490, 19]), LIMITS)) == 1
    assert len(faults(found(2, jaccard=0.7499), LIMITS)) == 1


@pytest.mark.parametrize(("jaccard", "words"), [(0.59, "should not be trusted"), (0.6, "doubtful who belongs")])
def test_unstable_clusters_are_told_in_hennigs_words(jaccard, words):
    (fault,) = faults(found(2, jaccard=jaccard), LIMITS)
    assert f"to {jaccard:.2f} only" in fault
    assert words in fault


def test_without_resamples_instability_is_no_reason():
    assert faults(found(2, jaccard=np.nan), LIMITS) == []


def test_fewer_clusters_than_asked_for_are_rejected():
    assert faults(found(4, [50, 50, 50]), LIMITS) == ["the method finds 3 clusters only"]


def test_the_best_of_those_that_pass_wins_and_of_equal_ones_the_smallest():
    evidence = [
        found(2, [999, 1], silhouette=0.98, davies_bouldin=0.1, calinski_harabasz=99.0),
        found(3, silhouette=0.4, davies_bouldin=0.9, calinski_harabasz=10.0),
        found(4, silhouette=0.4, davies_bouldin=0.8, calinski_harabasz=12.0),
        found(5, silhouette=0.3, davies_bouldin=0.8, calinski_harabasz=14.0),
    ]
    assert recommend(evidence, LIMITS, "silhouette", 5) == 3
    assert recommend(evidence, LIMITS, "davies_bouldin", 5) == 4
    assert recommend(evidence, LIMITS, "calinski_harabasz", 5) == 5
    assert recommend(evidence, LIMITS, "gap", 5) == 5
    assert recommend(evidence, LIMITS, "gap", 2) is None
    assert recommend(evidence, LIMITS, "gap", None) is None
    assert recommend(evidence[:1], LIMITS, "silhouette", 5) is None


def test_reasons_say_how_each_compares():
    evidence = [found(2, [999, 1], silhouette=0.98), found(3, silhouette=0.62), found(4, silhouette=0.4)]
    verdicts, said = zip(*reasons(evidence, LIMITS, "silhouette", 4, 3), strict=True)
    assert verdicts == ("rejected", "recommended", "candidate")
    assert "largest silhouette (0.620)" in said[1]
    assert "0.62 is a reasonable structure" in said[1]
    assert "to 0.90 or more (highly stable)" in said[1]
    assert "the gap statistic names k = 4" in said[1]
    assert said[2] == "passes; its silhouette is 0.400, that of k = 3 is 0.620"


@pytest.mark.parametrize(
    ("gap_k", "words"), [(1, "finds no clusters (k = 1)"), (None, "still grows at k = 4"), (3, "names k = 3")]
)
def test_the_gap_has_its_say(gap_k, words):
    evidence = [found(3), found(4, silhouette=0.2)]
    assert words in reasons(evidence, LIMITS, "silhouette", gap_k, 3)[0][1]


def test_by_the_gap_the_rest_are_candidates():
    evidence = [found(2), found(3)]
    assert reasons(evidence, LIMITS, "gap", 3, 3)[1][1].startswith("the gap statistic names it, and it passes")
    assert reasons(evidence, LIMITS, "gap", 3, 3)[0] == ("candidate", "passes; the gap statistic names k = 3")
    assert [verdict for verdict, _ in reasons(evidence, LIMITS, "gap", None, None)] == ["candidate", "candidate"]


def test_what_was_not_asked_for_is_not_told():
    (verdict, said), = reasons([found(2, jaccard=np.nan, gap=np.nan)], LIMITS, "davies_bouldin", None, 2)  # fmt: skip
    assert verdict == "recommended"
    assert "smallest davies bouldin (1.000)" in said
    assert "gap" not in said
    assert "resamples" not in said
