"""Reviews with a buffer and confirmations: by hand, against the definition, and over simulated years."""

from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer_value.errors import DataWarning, InputError
from customer_value.segments import TierCriterion, TierCut, TierScheme, assign_tiers, review_tiers, tiers

ABC = ["A", "B", "C"]


def ordered(labels, order=ABC):
    return pd.Series(labels, dtype=pd.CategoricalDtype(order, ordered=True))


def proposed(scores, cuts=(1000.0, 100.0), ids=None):
    """Tiers A, B and C by fixed cuts, with two customers far from any who fix the boundaries of the proposals."""
    scores = np.asarray(scores, dtype=float)
    codes = (scores < cuts[0]).astype(int) + (scores < cuts[1])
    ids = np.arange(len(scores)) if ids is None else ids
    return pd.DataFrame({"customer_id": ids, "clv": scores, "tier": ordered([ABC[c] for c in codes])})


def anchors(cut, width):
    """Scores on both sides of a cut, which is then midway between them."""
    return [cut + width, cut - width]


NOW = [2000.0, 1060, 1040, 960, 940, 500, 20, *anchors(1000, 1), *anchors(100, 1)]
N = len(NOW)


def last(tiers, **columns):
    return pd.DataFrame({"customer_id": np.arange(len(tiers)), "tier": ordered(list(tiers)), **columns})


def test_a_move_counts_only_beyond_the_boundary_by_the_buffer():
    got = review_tiers(proposed(NOW), previous=last("CBBAAAAABBC"))
    #         2000  1060 1040 960  940  500  20
    assert got["tier_proposed"].tolist()[:7] == ["A", "A", "A", "B", "B", "B", "C"]
    assert got["tier_previous"].tolist()[:7] == ["C", "B", "B", "A", "A", "A", "A"]
    assert got["tier"].tolist() == ["A", "A", "B", "A", "B", "B", "C", "A", "B", "B", "C"]
    assert got["tier_change"].tolist()[:7] == [
        *("upgrade", "upgrade", "unchanged", "unchanged", "downgrade", "downgrade", "downgrade")
    ]
    assert got["tier_reason"].tolist()[:3] == [
        "from C to A, beyond the boundary by 5 %",
        "from B to A, beyond the boundary by 5 %",
        "A proposed, B kept: the score is within 5 % of the boundary",
    ]
    assert (got["tier_pending"] == 0).all()
    assert got["tier"].cat.ordered


def test_a_move_over_two_tiers_goes_as_far_as_it_survives_the_buffer():
    got = review_tiers(proposed(NOW), previous=last("CCCCCCCABBC"))
    assert got["tier"].tolist()[:3] == ["A", "A", "B"]
    assert got["tier_reason"][2] == "from C to B, not A: within 5 % of its boundary"
    down = review_tiers(proposed([*NOW[:6], 98.0, *NOW[7:]]), previous=last("AAAAAAAABBC"))
    assert down["tier"][6] == "B"  # 98 is below 100, but not by five per cent


def test_below_zero_the_buffer_is_a_share_of_the_boundary_s_size():
    scores = [-90.0, -96, -104, -110, *anchors(-100, 1)]
    now = pd.DataFrame(
        {
            "customer_id": range(6),
            "clv": scores,
            "tier": ordered(["A" if s > -100 else "B" for s in scores], ["A", "B"]),
        }
    )
    before = pd.DataFrame({"customer_id": range(6), "tier": ordered(["B", "B", "A", "A", "A", "B"], ["A", "B"])})
    assert review_tiers(now, previous=before)["tier"].tolist() == ["A", "B", "A", "B", "A", "B"]


@settings(max_examples=10)
@given(st.data())
def test_without_buffer_and_confirmations_the_final_tier_is_the_proposed_one(data):
    n = data.draw(st.integers(1, 12))
    tiers = st.lists(st.sampled_from(ABC), min_size=n, max_size=n)
    now = last(data.draw(tiers)).assign(clv=data.draw(st.lists(st.integers(-5, 5), min_size=n, max_size=n)))
    got = review_tiers(now, previous=last(data.draw(tiers)), buffer=0)
    assert got["tier"].tolist() == got["tier_proposed"].tolist() == now["tier"].tolist()


@settings(max_examples=10)
@given(st.data())
def test_no_customer_moves_against_the_proposal_or_past_it(data):
    scores = data.draw(st.lists(st.floats(-2000, 2000), min_size=4, max_size=25))
    before = last(data.draw(st.lists(st.sampled_from(ABC), min_size=len(scores), max_size=len(scores))))
    got = review_tiers(proposed(scores), previous=before, buffer=data.draw(st.sampled_from([0.01, 0.2, 0.9])))
    held, asked, final = (got[name].cat.codes.to_numpy() for name in ("tier_previous", "tier_proposed", "tier"))
    assert ((np.minimum(held, asked) <= final) & (final <= np.maximum(held, asked))).all()
    # Whoever stays where he was would have stayed with any wider buffer.
    wider = review_tiers(proposed(scores), previous=before, buffer=0.95)["tier"].cat.codes.to_numpy()
    assert (np.abs(wider - held) <= np.abs(final - held)).all()


def test_confirmations_count_reviews_in_a_row_in_one_direction():
    low, high = 50.0, 500.0
    review, seen = last("CCABBC"), []
    for first in (high, high, low, high, high, high):  # the other customer asks once and gives up
        scores = [first, high if first == low else low, *anchors(1000, 1), *anchors(100, 1)]
        review = review_tiers(proposed(scores), previous=review, confirmations=3)
        seen.append((review["tier"][0], review["tier_pending"][0], review["tier_pending"][1]))
    assert seen == [("C", 1, 0), ("C", 2, 0), ("C", 0, 1), ("C", 1, 0), ("C", 2, 0), ("B", 0, 0)]
    assert review["tier_reason"][0] == "from C to B, beyond the boundary by 5 %, asked for in 3 reviews in a row"


def test_a_change_of_direction_starts_the_count_again():
    scores = [50.0, *anchors(1000, 1), *anchors(100, 1)]
    asked_up = last("BABBC", tier_proposed=ordered(list("AABBC")), tier_pending=[1, 0, 0, 0, 0])
    got = review_tiers(proposed(scores), previous=asked_up, confirmations=2)
    assert (got["tier"][0], got["tier_pending"][0]) == ("B", 1)
    assert got["tier_reason"][0] == "C asked for in 1 of 2 reviews in a row, B kept"


def test_new_customers_hold_their_proposal_and_those_gone_take_no_part():
    got = review_tiers(proposed(NOW[:3] + NOW[7:]), previous=last("CB").assign(customer_id=[0, 99]))
    assert len(got) == 7
    assert got["tier_change"].tolist() == ["upgrade", *["new"] * 6]
    assert got["tier_previous"].isna().tolist() == [False, *[True] * 6]
    assert got["tier"].tolist()[1:] == got["tier_proposed"].tolist()[1:]


def test_without_a_proposal_or_a_score_the_tier_is_kept():
    now = proposed(NOW)
    now.loc[0, "tier"] = None
    now.loc[1, "clv"] = None
    got = review_tiers(now, previous=last("BBBABBCABBC"))
    assert got["tier"].tolist()[:2] == ["B", "B"]
    assert got["tier_reason"][0] == "no tier proposed, B kept"
    nobody = review_tiers(now.assign(customer_id=range(100, 100 + N)), previous=last("AB"))
    assert nobody["tier"].isna().tolist() == nobody["tier_change"].isna().tolist() == [True, *[False] * (N - 1)]
    assert nobody["tier_reason"][0] == "no tier, now or before"


def test_missing_labels_and_scores_are_read_alike_in_every_library(make_frame, read):
    now = {"customer_id": ["a", "b", "c", "d"], "clv": [9.0, None, 7.0, 1.0], "tier": ["A", "A", None, "B"]}
    before = {"customer_id": ["d", "c", "b"], "tier": ["A", "B", "B"], "tier_pending": [None, 0, 0]}
    before["tier_proposed"] = before["tier"]
    given = make_frame(now)
    got = review_tiers(given, previous=make_frame(before), order=["A", "B"])
    assert type(got) is type(given)
    columns = {name: [None if pd.isna(v) else str(v) for v in values] for name, values in read(got).items()}
    assert columns["tier"] == ["A", "B", "B", "B"]
    assert columns["tier_previous"] == [None, "B", "B", "A"]
    assert columns["tier_change"] == ["new", "unchanged", "unchanged", "downgrade"]
    assert columns["tier_reason"][2] == "no tier proposed, B kept"


def test_the_buffer_of_noisy_scores_saves_most_moves_and_loses_no_real_one():
    rng = np.random.default_rng(0)
    true = np.exp(rng.normal(5, 1.5, 800))
    true[:20] = 5.0
    reviews = {0.0: None, 0.1: None}
    moves = dict.fromkeys(reviews, 0)
    for month in range(10):
        true[:20] *= 1.8  # twenty customers who really rise, from C to A
        scores = true * np.exp(rng.normal(0, 0.05, true.size))
        for buffer, review in reviews.items():
            now = proposed(scores)
            if month == 0:
                reviews[buffer] = now
                continue
            reviews[buffer] = review_tiers(now, previous=review, buffer=buffer)
            moves[buffer] += reviews[buffer]["tier_change"].isin(["upgrade", "downgrade"])[20:].sum()
    assert moves[0.1] < moves[0.0] / 3  # two independent errors of 5 % rarely span twice 10 %
    assert (reviews[0.1]["tier"][:20] == "A").all()


def test_the_reason_of_the_proposal_is_kept_beside_that_of_the_review():
    now = proposed(NOW).assign(tier_reason="clv >= 1000")
    got = review_tiers(now, previous=last("AAAAAAAABBC"))
    assert (got["tier_proposed_reason"] == "clv >= 1000").all()
    assert got["tier_reason"][0] == "A again"


def test_labels_in_chinese_and_of_ones_own():
    got = review_tiers(proposed(NOW), previous=last("CBBAAAAABBC"), labels="zh")
    assert got["tier_change"].tolist()[:4] == ["升级", "升级", "不变", "不变"]
    assert got["tier_reason"][0] == "由 C 调整为 A，超出界限 5 %"
    own = review_tiers(proposed(NOW), previous=last("CBBAAAAABBC"), labels={"upgrade": "up"})
    assert own["tier_change"].tolist()[:3] == ["up", "up", "unchanged"]


def test_every_library_any_order_and_any_chunks_give_the_same_review():
    rng = np.random.default_rng(1)
    now = proposed(np.round(np.exp(rng.normal(5, 1.5, 60)), 2)).assign(customer_id=[f"c{i}" for i in range(60)])
    before = last(rng.choice(ABC, 60)).assign(customer_id=now["customer_id"])
    expected = review_tiers(now, previous=before)
    columns = ["customer_id", "tier", "tier_previous", "tier_proposed", "tier_change", "tier_reason", "tier_pending"]
    wanted = expected[columns].astype(str).to_dict("list")

    order = rng.permutation(60)
    shuffled = review_tiers(now.iloc[order], previous=before.iloc[rng.permutation(60)])
    assert shuffled.index.tolist() == order.tolist()
    assert shuffled.sort_index()[columns].astype(str).to_dict("list") == wanted

    frames = [pl.from_pandas(frame).with_columns(pl.col("tier").cast(pl.Enum(ABC))) for frame in (now, before)]
    parts = [pl.concat([frame[:7], frame[7:8], frame[8:]], rechunk=False) for frame in frames]
    got = review_tiers(parts[0].lazy(), previous=parts[1].lazy()).collect()
    assert got["tier"].dtype == pl.Enum(ABC)
    assert got.select(pl.col(columns).cast(pl.String)).to_dict(as_series=False) == wanted
    tables = [
        pa.table({c: frame[c].cast(pl.String) if c == "tier" else frame[c] for c in frame.columns}) for frame in frames
    ]
    table = review_tiers(tables[0], previous=tables[1], order=ABC)
    assert {c: [str(v) for v in table[c].to_pylist()] for c in columns} == wanted


def test_the_first_column_is_the_customer_where_there_is_no_customer_id():
    now = proposed(NOW).rename(columns={"customer_id": "parent_account"})
    before = last("CBBAAAAABBC").rename(columns={"customer_id": "parent_account"})
    got = review_tiers(now, previous=before[["tier", "parent_account"]])
    assert got["tier"].tolist()[:3] == ["A", "A", "B"]


def test_any_ordered_label_can_be_reviewed():
    now = proposed(NOW).rename(columns={"tier": "segment"})
    got = review_tiers(now, previous=last("CBBAAAAABBC").rename(columns={"tier": "segment"}), tier="segment")
    assert got["segment_change"].tolist()[:2] == ["upgrade", "upgrade"]


def test_a_score_of_the_tiers_own_goes_before_the_named_one():
    now = proposed(NOW)
    now = now.assign(tier_score=now["clv"], clv=0.0)
    assert review_tiers(now, previous=last("CBBAAAAABBC"))["tier"].tolist()[:3] == ["A", "A", "B"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda now: now.drop(columns="clv"), "has no effect: current has neither tier_score nor clv"),
        (lambda now: now.assign(clv=now["clv"].to_numpy()[::-1]), "has no effect: the proposals do not follow clv"),
    ],
)
def test_a_buffer_without_a_score_to_hold_it_against_is_told(change, message):
    with pytest.warns(DataWarning, match=message):
        got = review_tiers(change(proposed(NOW)), previous=last("CBBAAAAABBC"), confirmations=2)
    assert got["tier"].tolist() == list("CBBAAAAABBC")
    assert got["tier_pending"].tolist() == [1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0]


def two_of_one(frame):
    return frame.assign(customer_id=[0, 0, *range(2, len(frame))])


@pytest.mark.parametrize(
    ("now", "before", "arguments", "message"),
    [
        (two_of_one, None, {}, r"customer_id must be unique in current; 2 of 11 rows are not \(rows 0, 1\)"),
        (None, two_of_one, {}, "customer_id must be unique in previous"),
        (
            None,
            lambda f: f.assign(tier=ordered(["S", *"BBAAAAABBC"], ["S", *ABC])),
            {},
            r"one of \['A', 'B', 'C'\], not \['S'\]",
        ),
        (
            lambda f: f.assign(tier=f["tier"].astype(str)),
            lambda f: f.assign(tier=f["tier"].astype(str)),
            {},
            "no order",
        ),
        (lambda f: f.assign(tier=1), None, {}, "tier must hold labels|carries no order"),
        (None, None, {"order": ["A", "A"]}, "order must hold two or more labels, each once"),
        (None, None, {"buffer": -0.1}, "buffer must be from 0 to 0.99"),
        (None, None, {"confirmations": 0}, "confirmations must be a whole number"),
        (None, None, {"tier": "grade"}, r"current lacks \['grade'\].*assign_tiers"),
        (lambda f: f[:0], None, {}, "the current is empty"),
        (None, lambda f: f.drop(columns="customer_id"), {}, r"previous lacks \['customer_id'\]"),
        (None, lambda f: f.assign(customer_id=f["customer_id"].astype(str)), {}, "must have one type in both"),
        (None, lambda f: f.assign(tier_pending=1), {}, "previous lacks .*tier_proposed.*keep both"),
        (None, lambda f: f.assign(tier_pending=-1, tier_proposed=f["tier"]), {}, "tier_pending must count reviews"),
        (None, pl.from_pandas, {}, "frames of one library; got pandas and polars"),
    ],
)
def test_bad_input_is_refused_in_words(now, before, arguments, message):
    frames = [proposed(NOW), last("CBBAAAAABBC")]
    frames = [frame if change is None else change(frame) for frame, change in zip(frames, (now, before), strict=True)]
    with pytest.raises(InputError, match=message):
        review_tiers(frames[0], previous=frames[1], **arguments)


SAME = {name: name for name in ABC}
MONEY = TierScheme(tuple(ABC), cut=TierCut("threshold", (1000, 100)), score="clv", labels={"en": SAME, "zh": SAME})


def test_with_the_scheme_its_own_thresholds_are_the_boundaries():
    scores = [2000.0, 1060, 1040, 960, 940, 500, 20]  # no customers near the cuts to imply them
    now = assign_tiers(proposed(scores).drop(columns="tier"), scheme=MONEY)
    got = review_tiers(now, previous=last("CBBAAAA"), scheme=MONEY)
    assert got["tier"].tolist() == ["A", "A", "B", "A", "B", "B", "C"]
    assert got["tier_proposed_reason"][0] == "clv 2000 >= 1000"
    losses = TierScheme(("A", "B"), cut=TierCut("threshold", (-100,)), score="clv")
    now = assign_tiers(pd.DataFrame({"customer_id": range(4), "clv": [-94.0, -96, -104, -106]}), scheme=losses)
    before = pd.DataFrame({"customer_id": range(4), "tier": ordered(list("BBAA"), ["A", "B"])})
    assert review_tiers(now, previous=before, scheme=losses)["tier"].tolist() == ["A", "B", "A", "B"]


MATRIX = TierScheme(
    ("vip", "ordinary"),
    criteria=(
        TierCriterion("value", cut=TierCut("threshold", (100,)), levels=("high", "low")),
        TierCriterion("silence", cut=TierCut("threshold", (10,), lower_is_better=True), levels=("short", "long")),
    ),
    cells={
        ("high", "short"): "vip",
        ("high", "long"): "ordinary",
        ("low", "short"): "ordinary",
        ("low", "long"): "ordinary",
    },
    labels={"en": {"vip": "VIP", "ordinary": "Ordinary"}, "zh": {"vip": "VIP客户", "ordinary": "普通客户"}},
)


@pytest.mark.parametrize("labels", ["en", "zh", {"vip": "vip", "ordinary": "ordinary"}])
def test_a_matrix_is_held_by_the_thresholds_of_its_criteria(labels):
    value = [104.0, 106, 106, 106, 96, 94]
    silence = [5.0, 9.6, 9.4, 10.4, 5, 5]
    frame = pd.DataFrame({"customer_id": range(6), "value": value, "silence": silence})
    now = assign_tiers(frame, scheme=MATRIX, labels=labels)
    vip, ordinary = now["tier"].cat.categories
    before = pd.DataFrame({"customer_id": range(6), "tier": [ordinary] * 3 + [vip] * 3})
    got = review_tiers(now, previous=before, scheme=MATRIX)
    assert got["tier_proposed"].tolist() == [vip] * 3 + [ordinary] * 3
    assert got["tier"].tolist() == [ordinary, ordinary, vip, vip, vip, ordinary]
    texts = now.assign(tier=now["tier"].astype(str))
    assert review_tiers(texts, previous=before, scheme=MATRIX)["tier"].tolist() == got["tier"].tolist()


def test_points_are_held_by_the_thresholds_of_their_bands():
    points = TierScheme(
        ("gold", "plain"),
        cut=TierCut("threshold", (3,)),
        criteria=(
            TierCriterion("amount", cut=TierCut("threshold", (100,)), levels=("high", "low"), points=(2, 0)),
            TierCriterion("visits", cut=TierCut("threshold", (10,)), levels=("high", "low"), points=(1, 0)),
        ),
    )
    frame = pd.DataFrame({"customer_id": range(3), "amount": [200.0, 104, 200], "visits": [11.0, 30, 10.2]})
    now = assign_tiers(frame, scheme=points)
    got = review_tiers(now, previous=now.assign(tier="plain"), scheme=points)
    assert got["tier"].tolist() == ["gold", "plain", "plain"]


@pytest.mark.parametrize("labels", ["en", "zh"])
def test_a_tier_set_by_hand_holds_at_once(labels):
    frame = proposed([500.0] * 3).drop(columns="tier")
    now = assign_tiers(frame, scheme=MONEY, overrides={0: "A", 1: "B"}, labels=labels)
    got = review_tiers(now, previous=last("CCC"), scheme=MONEY, confirmations=5, labels=labels)
    assert got["tier"].tolist() == ["A", "B", "C"]
    assert got["tier_pending"].tolist() == [0, 0, 1]
    told = {"en": "set by hand", "zh": "人工设定"}[labels]
    assert got["tier_reason"].tolist()[:2] == [told, told]
    assert got["tier_proposed_reason"][0].startswith(told)


@pytest.mark.parametrize(
    ("scheme", "message"),
    [
        (replace(MONEY, cut=TierCut("threshold", (700, 100))), "must give the tiers that current proposes; 1 of 3"),
        (tiers.abc(), "has no thresholds of its own: freeze it.*fit_tier_scheme"),
        ("abc", "scheme must be a TierScheme"),
        (
            TierScheme(("S", "B"), cut=TierCut("threshold", (1000,))),
            r"tiers of the scheme are \['S', 'B'\], those of current",
        ),
    ],
)
def test_a_scheme_that_did_not_make_the_tiers_is_refused(scheme, message):
    with pytest.raises(InputError, match=message):
        review_tiers(proposed([2000.0, 900, 20]), previous=last("AAA"), scheme=scheme)
