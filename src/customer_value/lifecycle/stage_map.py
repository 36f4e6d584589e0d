"""What a stage means for the company: how the customer behaves, what he is to it, and what it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, overload

import numpy as np

from customer_value._frames import (
    BACKENDS,
    AnyFrame,
    Backend,
    FrameT,
    collect,
    empty_frame,
    make_frame,
    nw,
    open_frame,
    schema_of,
)
from customer_value._labels import LANGUAGES
from customer_value._validation import (
    require_backend,
    require_choice,
    require_columns,
    require_lazy,
    require_rows,
    require_some,
    text_value,
)
from customer_value.errors import InputError
from customer_value.lifecycle.scheme_presets import PRESETS

PARTS = ("behaviour", "role", "action")

# Of every preset's stages: behaviour, role, action, in English and in Chinese.
MEANINGS: dict[str, tuple[tuple[str, str, str], tuple[str, str, str]]] = {
    "prospect": (("interested", "prospect", "acquire"), ("感兴趣", "潜在客户", "获取")),
    "exploration": (("first purchase", "responder", "activate"), ("首次购买", "响应者", "激活")),
    "formation": (("repeat purchase", "new", "relate"), ("重复购买", "新客户", "建立关系")),
    "stability": (("repeat purchase", "established", "retain"), ("重复购买", "老客户", "保持")),
    "decline": (("falling", "established", "retain"), ("购买下降", "老客户", "挽留")),
    "lost": (("stopped", "former", "win back"), ("停止购买", "前客户", "赢回")),
    "reactivated": (("returned", "former", "relate"), ("回归", "前客户", "建立关系")),
    "active": (("purchase", "new", "relate"), ("购买", "新客户", "建立关系")),
    "loyal": (("repeat purchase", "established", "retain"), ("重复购买", "老客户", "保持")),
    "churned": (("stopped", "former", "win back"), ("停止购买", "前客户", "赢回")),
    "new": (("first purchase", "new", "activate"), ("首次购买", "新客户", "激活")),
    "retained": (("repeat purchase", "established", "retain"), ("重复购买", "老客户", "保持")),
    "resurrected": (("returned", "former", "relate"), ("回归", "前客户", "建立关系")),
    "dormant": (("stopped", "former", "win back"), ("停止购买", "前客户", "赢回")),
}

StageMap = Mapping[str, Mapping[str, str]]


@overload
def lifecycle_map(
    frame: None = None,
    *,
    mapping: StageMap | Any = None,
    scheme: str = "five_stage",
    labels: str = "en",
    label: str = "lifecycle_stage",
    backend: Backend = "pandas",
) -> Any: ...


@overload
def lifecycle_map(
    frame: FrameT,
    *,
    mapping: StageMap | Any = None,
    scheme: str = "five_stage",
    labels: str = "en",
    label: str = "lifecycle_stage",
    backend: Backend = "pandas",
) -> FrameT: ...


def lifecycle_map(
    frame: Any = None,
    *,
    mapping: StageMap | Any = None,
    scheme: str = "five_stage",
    labels: str = "en",
    label: str = "lifecycle_stage",
    backend: Backend = "pandas",
) -> Any:
    """Say of each stage how the customer behaves, what his role is, and what the company does.

    Relational; with a lazy frame one query checks that every stage is known.

    Parameters
    ----------
    frame
        A frame with `lifecycle_stage`, to which three columns are added; None for the table itself.
    mapping
        Your own instead of the built-in one: label of the stage -> ``{"behaviour": ..., "role": ..., "action": ...}``,
        or a frame with the columns `stage`, `behaviour`, `role` and `action`, such as the table edited.
    scheme
        Preset whose stages the table lists: "five_stage", "four_type" or "new_retained". With a frame the stages of all
        presets are known, by their labels in both languages.
    labels
        Language of the texts, "en" or "zh".
    label
        Name of the frame's label column.
    backend
        Library of the table, where no frame is given: "pandas", "polars" or "pyarrow".

    Returns
    -------
    frame
        The same rows in the same order with `<label>_behaviour`, `<label>_role` and `<label>_action`, null where the
        stage is null; or the table `stage`, `behaviour`, `role`, `action` in the order of the relationship.

    Raises
    ------
    InputError
        For a stage that the mapping lacks, a mapping that is none, a missing column and unknown options.

    Notes
    -----
    Roles are those of Berry & Linoff (2004), *Data Mining Techniques*: prospects, responders, new, established and
    former customers.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> cv.lifecycle_map().head(3)
             stage       behaviour       role    action
    0     Prospect      interested   prospect   acquire
    1  Exploration  first purchase  responder  activate
    2    Formation  repeat purchase        new    relate
    >>> staged = pd.DataFrame({"customer_id": [1, 2], "lifecycle_stage": ["Decline", "流失"]})
    >>> cv.lifecycle_map(staged)["lifecycle_stage_action"].tolist()
    ['retain', 'win back']
    """
    require_choice("labels", labels, LANGUAGES)
    require_choice("scheme", scheme, list(PRESETS))
    text_value(label, "label")
    require_choice("backend", backend, BACKENDS)
    known = _built_in(labels) if mapping is None else _own(mapping)
    if frame is None:
        require_backend(backend)
        listed = _labels_of(scheme, labels) if mapping is None else list(known)
        columns = {"stage": listed, **{part: [known[name][part] for name in listed] for part in PARTS}}
        arrays = {name: np.array(values, dtype=object) for name, values in columns.items()}
        return make_frame(arrays, like=empty_frame(backend)).to_native()
    opened = open_frame(frame)
    require_columns(opened, [label], what="frame", maker="assign_lifecycle(summary) makes it")
    if schema_of(opened)[label].is_nested():
        raise InputError(f"{label} must hold labels; its type is {schema_of(opened)[label]}.")
    shown = nw.col(label).cast(nw.String)
    _require_known(opened, shown, label, known)
    made = {f"{label}_{part}": _look_up(shown, {name: texts[part] for name, texts in known.items()}) for part in PARTS}
    return opened.with_columns(**made).to_native()


def _labels_of(scheme: str, language: str) -> list[str]:
    preset = PRESETS[scheme]
    return [preset.labels[language][name] for name in preset.stages]


def _built_in(language: str) -> dict[str, dict[str, str]]:
    """Meaning by label, whichever language the label is in."""
    texts = {name: dict(zip(PARTS, MEANINGS[name][LANGUAGES.index(language)], strict=True)) for name in MEANINGS}
    return {
        label: texts[name]
        for preset in PRESETS.values()
        for by_stage in preset.labels.values()
        for name, label in by_stage.items()
    }


def _own(mapping: Any) -> dict[str, dict[str, str]]:
    """Read the user's own mapping, from a mapping or a frame."""
    if not isinstance(mapping, Mapping):
        table = collect(open_frame(mapping, "mapping"))
        require_columns(table, ["stage", *PARTS], what="mapping", maker="lifecycle_map() makes such a table")
        require_some(len(table), "mapping")
        for name in ("stage", *PARTS):
            missing = np.asarray(table.get_column(name).is_null().to_numpy(), dtype=bool)
            require_rows(~missing, f"{name} must not be null")
        rows = list(table.select(nw.col("stage", *PARTS).cast(nw.String)).iter_rows())
        mapping = {row[0]: dict(zip(PARTS, row[1:], strict=True)) for row in rows}
        if len(mapping) < len(rows):
            raise InputError("stage of the mapping must be unique; a stage comes more than once.")
    if not mapping:
        raise InputError("the mapping must hold at least one stage; it is empty.")
    made = {}
    for label, texts in mapping.items():
        text_value(label, "a stage of the mapping")
        if not isinstance(texts, Mapping) or set(texts) != set(PARTS):
            raise InputError(f"the mapping of {label!r} must hold {list(PARTS)}; got {texts!r}.")
        made[label] = {part: text_value(texts[part], f"{part} of {label!r}") for part in PARTS}
    return made


def _require_known(frame: AnyFrame, shown: nw.Expr, label: str, known: Mapping[str, Any]) -> None:
    ok = (shown.is_in(list(known)) | shown.is_null()).fill_null(True)
    rule, remedy = f"{label} must be one of {list(known)}", "Give mapping= for stages of your own."
    if isinstance(frame, nw.LazyFrame):
        require_lazy(frame, {rule: (ok, remedy)})
    else:
        require_rows(np.asarray(frame.select(ok.alias("ok")).get_column("ok").to_numpy(), dtype=bool), rule, remedy)


def _look_up(label: nw.Expr, texts: Mapping[str, str]) -> nw.Expr:
    value: nw.Expr = nw.lit(None, dtype=nw.String())
    for text in dict.fromkeys(texts.values()):
        of = [name for name, own in texts.items() if own == text]
        value = nw.when(label.is_in(of)).then(nw.lit(text)).otherwise(value)
    return value
