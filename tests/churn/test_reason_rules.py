"""The table of rules is complete, and a rule that cannot work is refused when it is made."""

import re

import pytest

from customer_value.churn.reason_rules import LANGUAGES, REASON_RULES, ReasonRule
from customer_value.errors import InputError


def test_every_rule_reads_in_every_language():
    for rule in REASON_RULES:
        for language in LANGUAGES:
            assert rule.reads(language) == rule.text[language]
        assert re.compile(rule.feature)


def test_a_text_without_a_language_is_english_everywhere():
    assert ReasonRule("a", "b", "c", at_least=1).reads("zh") == "c"
    assert ReasonRule("a", "b", {"en": "c"}, at_least=1).reads("zh") == "c"
    assert ReasonRule("a", "b", {"zh": "c"}, at_least=1).reads("en") == "c"


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"name": ""}, "name of a rule"),
        ({"feature": "("}, "regular expression"),
        ({"feature": 3}, "feature of the rule"),
        ({"at_most": 1}, "one of them"),
        ({"at_least": None}, "one of them"),
        ({"at_least": "2"}, "bound of the rule"),
        ({"at_least": -1}, "bound of the rule"),
        ({"typical": ""}, "typical"),
        ({"unit": "weeks"}, "unit of the rule"),
        ({"direction": "up"}, "direction of the rule"),
        ({"weight": 0}, "weight of the rule"),
        ({"any_log": 1}, "any_log"),
        ({"text": "{silence}"}, "in braces"),
        ({"text": "{"}, "in braces"),
        ({"text": {"de": "still"}}, "a language"),
    ],
)
def test_rules_that_cannot_work_are_refused(wrong, match):
    with pytest.raises(InputError, match=match):
        ReasonRule(**{"name": "silent", "feature": "days", "text": "silent {value}", "at_least": 2.0, **wrong})
