"""The map of stages: the built-in one in two languages, and the user's own."""

import duckdb
import pandas as pd
import pytest

import customer_value as cv
from customer_value.lifecycle.scheme_presets import PRESETS
from customer_value.lifecycle.stage_map import MEANINGS

OWN = {"Gold": {"behaviour": "buys", "role": "friend", "action": "thank"}}


def test_every_stage_of_every_preset_has_a_meaning():
    assert set(MEANINGS) == {stage for scheme in PRESETS.values() for stage in scheme.stages}
    for scheme in PRESETS:
        for language in ("en", "zh"):
            table = cv.lifecycle_map(scheme=scheme, labels=language)
            assert table["stage"].tolist() == [PRESETS[scheme].labels[language][s] for s in PRESETS[scheme].stages]
            assert (table != "").all(axis=None)


def test_joins_by_labels_of_either_language(make_frame, read):
    data = make_frame({"customer_id": [3, 1, 2, 4], "lifecycle_stage": ["Lost", "稳定期", None, "Prospect"]})
    found = read(cv.lifecycle_map(data, labels="zh"))
    assert found["customer_id"] == [3, 1, 2, 4]
    actions = found["lifecycle_stage_action"]
    assert [actions[0], actions[1], actions[3]] == ["赢回", "保持", "获取"]
    assert pd.isna(actions[2])
    assert found["lifecycle_stage_role"][0] == "前客户"
    assert found["lifecycle_stage_behaviour"][3] == "感兴趣"


def test_of_what_assign_lifecycle_gives(cdnow_summary):
    for frame in (
        cdnow_summary,
        duckdb.from_df(cdnow_summary[["customer_id", "purchases", "time_since_last", "time_unit"]]),
    ):
        scheme = cv.lifecycle.LifecycleScheme(
            "two",
            {"lost": "long_overdue", "stability": "otherwise"},
            labels={"en": {"lost": "Lost", "stability": "Stability"}},
            fixed_days=(30, 90),
        )
        made = cv.lifecycle_map(cv.assign_lifecycle(frame, scheme=scheme))
        made = made if isinstance(made, pd.DataFrame) else made.df()
        assert set(made["lifecycle_stage_action"]) == {"retain", "win back"}


@pytest.mark.parametrize("as_frame", [False, True])
def test_own_mapping(as_frame):
    own = pd.DataFrame([{"stage": label, **texts} for label, texts in OWN.items()]) if as_frame else OWN
    found = cv.lifecycle_map(pd.DataFrame({"tier": ["Gold"]}), mapping=own, label="tier")
    assert found.iloc[0].tolist() == ["Gold", "buys", "friend", "thank"]
    assert cv.lifecycle_map(mapping=own)["action"].tolist() == ["thank"]


def test_the_table_comes_in_each_library():
    assert cv.lifecycle_map(backend="polars")["stage"].to_list()[0] == "Prospect"
    assert cv.lifecycle_map(backend="pyarrow").column("role").to_pylist()[-1] == "former"


def test_bad_input():
    frame = pd.DataFrame({"lifecycle_stage": ["Lost", "Asleep"]})
    with pytest.raises(cv.InputError, match=r"1 of 2 rows is not \(rows 1\)"):
        cv.lifecycle_map(frame)
    with pytest.raises(cv.InputError, match="assign_lifecycle"):
        cv.lifecycle_map(frame, label="phase")
    for mapping, told in [
        ({}, "at least one"),
        ({"Lost": {"role": "x"}}, "must hold"),
        ({"Lost": "x"}, "must hold"),
        ({"": OWN["Gold"]}, "a stage of the mapping"),
        ({"Lost": {**OWN["Gold"], "role": 3}}, "role of 'Lost'"),
        (frame, "lacks"),
        (3, "mapping"),
        (pd.DataFrame([{"stage": "a", **OWN["Gold"]}] * 2), "unique"),
    ]:
        with pytest.raises(cv.InputError, match=told):
            cv.lifecycle_map(frame, mapping=mapping)
    for arguments in ({"labels": "fr"}, {"scheme": "six"}, {"backend": "excel"}, {"label": ""}):
        with pytest.raises(cv.InputError):
            cv.lifecycle_map(**arguments)
