"""Packages that not every user has: import one, or find its files, or say how to install it."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

from customer_value.errors import MissingDependencyError


def import_optional(module: str, *, what: str, install: str) -> Any:
    """Import a module that may be missing.

    Parameters
    ----------
    module : str
        The module, as in an import statement.
    what : str
        What needs it, the subject of the error message.
    install : str
        What to give to `pip install`.

    Returns
    -------
    module

    Raises
    ------
    MissingDependencyError
        The package is not installed. An error inside an installed package is passed on as it is.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != module.partition(".")[0]:
            raise
        raise _missing(module, what, install) from None


def package_folder(package: str, *, what: str, install: str) -> Path:
    """Return the folder of an installed top-level package without importing it; raise as `import_optional` does."""
    try:
        spec = importlib.util.find_spec(package)
    except ValueError:  # something stands in sys.modules in its place
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise _missing(package, what, install)
    return Path(spec.submodule_search_locations[0])


def _missing(module: str, what: str, install: str) -> MissingDependencyError:
    return MissingDependencyError(
        f"{what} needs the package {module.partition('.')[0]!r}, which is not installed: pip install {install}",
        name=module,
    )
