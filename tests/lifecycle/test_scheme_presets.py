"""The presets are the tables that the sources give, with their Chinese names."""

from customer_value.lifecycle.scheme_presets import PRESETS


def test_names_in_both_languages():
    zh = {name: [scheme.labels["zh"][stage] for stage in scheme.stages] for name, scheme in PRESETS.items()}
    assert zh == {
        "five_stage": ["潜在期", "考察期", "形成期", "稳定期", "退化期", "流失", "重新激活"],
        "four_type": ["潜在客户", "活跃客户", "忠诚客户", "流失客户"],
        "new_retained": ["潜在客户", "新客户", "留存客户", "回流客户", "沉睡客户"],
    }


def test_presets_are_named_as_they_are_asked_for():
    assert [name for name, scheme in PRESETS.items() if scheme.name != name] == []
    assert all(scheme.source for scheme in PRESETS.values())
