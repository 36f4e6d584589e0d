"""Labels in two languages: which texts to show for the names that a scheme knows, in one place for every room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from customer_value._validation import require_choice, text_value
from customer_value.errors import InputError

Labels = Literal["en", "zh"] | Mapping[str, str]

LANGUAGES = ("en", "zh")


def require_label_table(by_language: Any, names: Sequence[str], whose: str) -> None:
    """Refuse anything but texts by language and name, ``{"en": {name: text}}``, every name among them."""
    if not (isinstance(by_language, Mapping) and all(isinstance(texts, Mapping) for texts in by_language.values())):
        raise InputError(f"labels must map languages to texts by name, {{'en': {{name: text}}}}; got {by_language!r}.")
    for language, texts in by_language.items():
        lacking = [name for name in names if name not in texts]
        if lacking:
            raise InputError(f"labels[{language!r}] of the {whose} lack {lacking}.")


def label_texts(
    names: Sequence[str], by_language: Mapping[str, Mapping[str, str]], labels: Labels, whose: str
) -> list[str]:
    """Texts to show for names, in their order; a name without an English text is shown as it is.

    Parameters
    ----------
    names
        The names that may be given, in order.
    by_language
        Texts by language and name, as the scheme or the rules hold them.
    labels
        A language, or a mapping from names to texts (a name that is not in it keeps its English text).
    whose
        What the names belong to, in the plural, for messages: "rules", "tiers".
    """
    english = by_language.get("en", {name: name for name in names})
    if isinstance(labels, Mapping):
        unknown = [name for name in labels if name not in names]
        if unknown:
            raise InputError(f"labels has {unknown}, which are no names of the {whose}: {list(names)}.")
        chosen: Mapping[str, str] = {**english, **labels}
    else:
        require_choice("labels", labels, LANGUAGES)
        if labels != "en" and labels not in by_language:
            raise InputError(f"these {whose} have no labels={labels!r}; give a mapping from {list(names)} to texts.")
        chosen = by_language.get(labels, english)
    shown = [text_value(chosen[name], f"the label of {name!r}") for name in names]
    if len(set(shown)) < len(shown):
        raise InputError(f"labels must differ from one another; got {shown}.")
    return shown
