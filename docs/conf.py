"""The documentation site: pages in MyST whose code runs when the site is built, and a reference made from the code."""

import inspect
from pathlib import Path
from types import ModuleType

import customer_value as cv

HERE = Path(__file__).parent

project = "customer_value"
author = "The customer_value developers"
version = release = cv.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_nb",
]
exclude_patterns = ["_build", "conf.py", "notebooks/*.ipynb", "notebooks/output"]
templates_path = ["_templates"]
default_role = "py:obj"

# Pages: code runs at every build. An error in it is a warning here, and `make docs` takes warnings as errors.
myst_enable_extensions = ["dollarmath", "amsmath", "deflist"]
myst_heading_anchors = 3
nb_custom_formats = {".py": ["jupytext.reads", {"fmt": "py:percent"}]}
nb_execution_mode = "force"
nb_execution_show_tb = True
nb_execution_timeout = 600
nb_merge_streams = True
nb_render_markdown_format = "myst"  # tables in Markdown that a cell gives

# Reference: one page per public name, written from its docstring.
autosummary_generate = True
autodoc_typehints = "none"  # docstrings and signatures say it already
autodoc_member_order = "bysource"
numpydoc_show_class_members = False

html_theme = "pydata_sphinx_theme"
html_title = "customer_value"
html_show_sourcelink = False
html_theme_options = {"show_prev_next": True, "navigation_with_keys": False, "secondary_sidebar_items": ["page-toc"]}
html_sidebars = {"index": []}
html_static_path = ["_static"]
html_css_files = ["site.css"]


def write_reference(*_):
    """Write the reference's tables from the names that the face and its rooms list."""
    folder = HERE / "reference" / "generated"
    folder.mkdir(parents=True, exist_ok=True)
    face = {name: getattr(cv, name) for name in cv.__all__ if not name.startswith("__")}
    rooms = {name: value for name, value in face.items() if isinstance(value, ModuleType)}
    intros = {name: (inspect.getdoc(module) or "").split("\n\n")[0] for name, module in rooms.items()}
    inner = {f"{room}.{name}": getattr(rooms[room], name) for room in rooms for name in rooms[room].__all__}
    namespaces = {name: value for name, value in inner.items() if isinstance(value, ModuleType)}
    intros |= {name: inspect.getdoc(module) or "" for name, module in namespaces.items()}
    functions = {}  # by the room that they live in
    for name, value in face.items():
        if inspect.isfunction(value):
            functions.setdefault(value.__module__.split(".")[1], []).append(name)
    errors = [name for name, value in face.items() if inspect.isclass(value)]
    order = ["transactions", "clv", "churn", "segments", "lifecycle"]
    others = sorted(name for home, names in functions.items() if home not in order for name in names)
    groups = [(intros[room].split(":")[0], functions[room]) for room in order] + [("All rooms", others)]
    pages = {
        "functions": ("Functions over frames", "customer_value", "Called as ``cv.name(frame, ...)``.", groups),
        "errors": (
            "Errors and warnings",
            "customer_value",
            "What can go wrong, as types to tell apart.",
            [("", errors)],
        ),
    }
    for name, module in (rooms | namespaces).items():
        entries = {entry: getattr(module, entry) for entry in module.__all__}
        own = [
            entry
            for entry, value in entries.items()
            if value is not face.get(entry) and not isinstance(value, ModuleType)
        ]
        if own:
            pages[name] = (f"cv.{name}", f"customer_value.{name}", intros[name], [("", own)])
    for name, (title, home, intro, groups) in pages.items():
        lines = [title, "=" * len(title), "", intro, "", f".. currentmodule:: {home}", ""]
        for heading, entries in groups:
            lines += [heading, "-" * len(heading), ""] if heading else []
            lines += [".. autosummary::", "   :toctree: api", "", *(f"   {entry}" for entry in entries), ""]
        write_if_changed(folder / f"{name}.rst", "\n".join(lines))


def write_if_changed(path, text):
    """Leave a file alone that says the same already: a rebuild then reads only what changed."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def tell_constants(app, what, name, obj, options, lines):
    """Say of a constant what it holds and where it is from; its class has a page of its own."""
    if what != "data":
        return
    kind = f"tuple of {type(obj[0]).__name__}" if isinstance(obj, tuple) else type(obj).__name__
    parts = [part.name for part in obj] if isinstance(obj, tuple) else getattr(obj, "stages", getattr(obj, "names", ()))
    held = f": {', '.join(dict.fromkeys(parts))}" if parts else ""
    lines[:] = [f"{kind}, ready to use{held}.", "", getattr(obj, "source", ""), ""]


def leave_out_inherited(app, what, name, obj, skip, options):
    """Leave out what a class has from scikit-learn alone: it is told there, with links that lead nowhere from here."""
    return True if (getattr(obj, "__module__", None) or "").startswith("sklearn.") else None


def setup(app):
    """Write the reference before Sphinx looks for pages."""
    app.connect("config-inited", write_reference)
    app.connect("autodoc-skip-member", leave_out_inherited)
    app.connect("autodoc-process-docstring", tell_constants)
