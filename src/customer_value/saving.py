"""Fitted models and schemes to one JSON file and back. Loading reads values only; it runs no code from the file."""

from __future__ import annotations

import json
import os
from importlib import import_module
from pathlib import Path
from typing import Any

from customer_value.errors import InputError

SCHEMA = 1
_ROOMS = ("clv", "lifecycle", "segments")  # rooms whose __all__ may name something that can be saved


def save_models(path: str | os.PathLike[str], **models: Any) -> None:
    """Write fitted models to one JSON file, each under the name of its keyword.

    Parameters
    ----------
    path
        File to write; its folder must exist. An existing file is replaced as a whole or not at all.
    **models
        Fitted models and schemes, such as ``purchases=purchase_model, spend=spend_model``.

    Raises
    ------
    InputError
        No model is given, or one of them cannot be saved.
    NotFittedError
        One of them is not fitted.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import customer_value as cv
    >>> model = cv.clv.BGNBD.from_params(r=0.243, alpha=4.414, a=0.793, b=2.426, time_unit="week")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     cv.save_models(pathlib.Path(folder) / "models.json", purchases=model)
    ...     cv.load_models(pathlib.Path(folder) / "models.json")["purchases"].params_["r"]
    0.243
    """
    if not models:
        raise InputError("save_models needs models by name, such as save_models(path, purchases=model).")
    for name, model in models.items():
        if _class_named(type(model).__name__) is not type(model):
            raise InputError(f"{name} is a {type(model).__name__}, which save_models cannot write.")
    saved = {name: json.loads(model.to_json()) for name, model in models.items()}
    target = _file(path)
    draft = target.with_name(target.name + ".part")
    draft.write_text(json.dumps({"schema": SCHEMA, "models": saved}, indent=1, ensure_ascii=False), encoding="utf-8")
    draft.replace(target)


def load_models(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read the models that `save_models` wrote.

    Parameters
    ----------
    path
        File to read.

    Returns
    -------
    dict of the models by name, each an object of its own class.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    InputError
        The file is not JSON, has another schema, or names a class that this version does not know.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import customer_value as cv
    >>> model = cv.clv.GammaGamma.from_params(p=6.25, q=3.74, v=15.44)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     cv.save_models(pathlib.Path(folder) / "models.json", spend=model)
    ...     cv.load_models(pathlib.Path(folder) / "models.json")["spend"]
    <GammaGamma(first_purchase='exclude'): p=6.25, q=3.74, v=15.44 (given)>
    """
    try:
        saved = json.loads(_file(path).read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{path} is not a file that save_models wrote: {error}.") from None
    if not isinstance(saved, dict) or saved.get("schema") != SCHEMA or not isinstance(saved.get("models"), dict):
        raise InputError(f"{path} is not a file of schema {SCHEMA} that save_models wrote.")
    models = {}
    for name, values in saved["models"].items():
        named = values.get("model") if isinstance(values, dict) else values
        kind = _class_named(str(named))
        if kind is None:
            raise InputError(f"{path} holds {name!r} of class {named!r}, which this version does not know.")
        models[name] = kind.from_json(json.dumps(values))
    return models


def _file(path: object) -> Path:
    if not isinstance(path, (str, os.PathLike)) or not Path(path).name:
        raise InputError(f"path must name a file, such as 'models.json'; got {path!r}.")
    return Path(path)


def _class_named(name: str) -> Any:
    for room in _ROOMS:
        module = import_module(f"customer_value.{room}")
        if name in module.__all__ and hasattr(getattr(module, name), "from_json"):
            return getattr(module, name)
    return None
