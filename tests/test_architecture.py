"""The floors hold: imports only point down, each outside library has its door, and importing does nothing else."""

import ast
import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

PACKAGE = "customer_value"
SOURCE = Path(__file__).parents[1] / "src" / PACKAGE

# Top to bottom. Modules on one floor stand side by side and never import each other.
FLOORS = (
    ("__init__",),
    ("saving", "reporting"),
    ("clv", "churn", "segments", "lifecycle", "feedback", "plots"),
    ("transactions",),
    ("datasets",),
    ("_stats", "columns", "_labels", "_estimator_inputs"),
    ("_validation",),
    ("_units", "_sections"),
    ("_frames", "_optional", "_churn_meanings", "_segment_meanings", "_lifecycle_meanings"),
    ("_meanings",),
    ("errors", "_lazy"),
)
FLOOR_OF = {module: floor for floor, modules in enumerate(FLOORS) for module in modules}

# Outside library -> the files that may import it. A name with a slash at its end is a whole room.
FRAMES = {"_frames.py"}
DOORS = {
    "narwhals": FRAMES,
    "polars": FRAMES,
    "pyarrow": {*FRAMES, "datasets/complete_journey.py"},  # reads the parquet files of a package
    # These make frames from no frame: a model's table of estimates, simulated purchases, draws of parameters.
    "pandas": {*FRAMES, "clv/_parameters.py", "clv/_base.py", "clv/_draws.py"},
    # Likelihoods; the power of Yeo and Johnson; which old cluster is which new one.
    "scipy.optimize": {"clv/_mle.py", "segments/_prepare.py", "segments/cluster_matching.py"},
    "matplotlib": {"plots/"},
    # Its tags, when scikit-learn asks for them; its estimators, and how they read what they are given.
    "sklearn": {"clv/_parameters.py", "churn/", "segments/", "_estimator_inputs.py"},
    # A part of scikit-learn: one thread, so that results do not depend on their number.
    "threadpoolctl": {"churn/", "segments/"},
    "statsmodels": {"churn/cox.py"},
    "shap": {"churn/reasons.py"},
    "lifetimes": set(),  # importing it changes warnings filters; only its data files are read
}
THIRD_PARTY = {"numpy", "scipy", *(name for name in DOORS if "." not in name)}
BY_NAME = {"import_optional", "import_module"}  # calls that import what their first argument names
LONGEST = 400

ROOMS = sorted(path.parent.name for path in SOURCE.glob("*/__init__.py") if not path.parent.name.startswith("_"))
FILES = sorted(SOURCE.rglob("*.py"))
NAMES = [file.relative_to(SOURCE).as_posix() for file in FILES]


@cache
def tree(file):
    return ast.parse(file.read_text(encoding="utf-8"))


@cache
def imports(file):
    """Every module that a file imports, wherever in the file, as dotted absolute names."""
    return imports_of(tree(file), [PACKAGE, *file.relative_to(SOURCE).parent.parts])


@cache
def imports_at_run_time(file):
    """The same without what only type checkers see: naming a library's type loads nothing."""
    body = [node for node in tree(file).body if not (isinstance(node, ast.If) and is_type_checking(node.test))]
    return imports_of(ast.Module(body, type_ignores=[]), [PACKAGE, *file.relative_to(SOURCE).parent.parts])


def is_type_checking(test):
    return isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"


def imports_of(module, package):
    found = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            home = ".".join([*above, *([node.module] if node.module else [])])
            # `from package import name` may import a module `name`; resolve it where there is such a file.
            found |= {f"{home}.{alias.name}" if is_module(f"{home}.{alias.name}") else home for alias in node.names}
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BY_NAME and node.args:
            found |= {node.args[0].value} if isinstance(node.args[0], ast.Constant) else set()
    return found


def is_module(dotted):
    top, *rest = dotted.split(".")
    if top != PACKAGE:
        return dotted == "scipy.optimize"
    path = SOURCE.joinpath(*rest)
    return path.is_dir() or path.with_suffix(".py").is_file()


def floor_of(dotted):
    """Name of the room or file at the package's top level that a module belongs to."""
    _, *rest = dotted.split(".")
    return rest[0] if rest else "__init__"


def own_floor(file):
    return file.relative_to(SOURCE).parts[0].removesuffix(".py")


def test_every_module_has_its_floor():
    rooms = {own_floor(file) for file in FILES}
    assert rooms <= set(FLOOR_OF), f"say in FLOORS where {sorted(rooms - set(FLOOR_OF))} stand"


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_imports_point_down(file):
    own = own_floor(file)
    for dotted in imports(file):
        if dotted.split(".")[0] == PACKAGE and (other := floor_of(dotted)) != own:
            assert FLOOR_OF[other] > FLOOR_OF[own], f"{own} imports {dotted}, which does not stand below it"


@pytest.mark.parametrize("library", DOORS)
def test_outside_libraries_come_in_by_their_doors(library):
    users = {
        name
        for file, name in zip(FILES, NAMES, strict=True)
        if any(dotted == library or dotted.startswith(f"{library}.") for dotted in imports_at_run_time(file))
    }
    doors = DOORS[library]
    strangers = {name for name in users if not any(name == d or (d[-1] == "/" and name.startswith(d)) for d in doors)}
    assert not strangers, f"{sorted(strangers)} import {library}; its doors are {sorted(doors) or 'none'}"


def test_every_exception_is_needed():
    for library, doors in DOORS.items():
        for door in doors - FRAMES:
            files = [f for f, name in zip(FILES, NAMES, strict=True) if name == door or name.startswith(door)]
            used = any(d == library or d.startswith(f"{library}.") for f in files for d in imports_at_run_time(f))
            assert used, f"{door} no longer imports {library}: take the exception out"


def test_no_other_outside_library_is_imported():
    outside = {dotted.split(".")[0] for file in FILES for dotted in imports(file)} - sys.stdlib_module_names - {PACKAGE}
    assert outside <= THIRD_PARTY, f"say in DOORS who may import {sorted(outside - THIRD_PARTY)}"


def homes(room):
    """File of each name of a room that loads its names on first use."""
    for node in tree(SOURCE / room / "__init__.py").body:
        if isinstance(node, ast.Assign) and [target.id for target in node.targets] == ["_HOMES"]:
            return ast.literal_eval(node.value)
    return {}


def test_a_name_that_is_its_files_own_is_a_namespace():
    # A file hides what it holds under its own name as soon as it is imported: such a name would be now the one, now
    # the other.
    found = [(room, name) for room in ROOMS for name, home in homes(room).items() if name == home]
    assert found
    for room, name in found:
        defined = {
            getattr(node, "name", None) or getattr(target, "id", None)
            for node in tree(SOURCE / room / f"{name}.py").body
            for target in getattr(node, "targets", [None])
        }
        assert "__all__" in defined, f"{room}/{name}.py is no namespace: name the file otherwise than what it holds"
        assert name not in defined


def model_files():
    """Files that define a purchase, spend or contract model, wherever they are."""
    bases = {"PurchaseModel", "SpendModel", "ContractModel"}
    for file, name in zip(FILES, NAMES, strict=True):
        classes = [node for node in ast.walk(tree(file)) if isinstance(node, ast.ClassDef)]
        if any(isinstance(base, ast.Name) and base.id in bases for c in classes for base in c.bases):
            yield pytest.param(file, id=name)


@pytest.mark.parametrize("file", list(model_files()))
def test_models_see_arrays_only(file):
    names = {node.id for node in ast.walk(tree(file)) if isinstance(node, ast.Name)}
    assert f"{PACKAGE}._frames" not in imports(file)
    assert "nw" not in names


def test_statistics_see_arrays_only():
    for file in (SOURCE / "_stats").glob("*.py"):
        assert f"{PACKAGE}._frames" not in imports(file), file.name


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_files_are_short(file):
    assert len(file.read_text(encoding="utf-8").splitlines()) <= LONGEST


# ---- importing, watched from outside: a fresh interpreter reports what it did -----------------------------------

WATCH = """
import json, sys, warnings
{first}
before, filters, opened = set(sys.modules), list(warnings.filters), []
watching = True
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if watching and event == "open" else None)
{statements}
watching = False
print(json.dumps({{
    "modules": sorted(set(sys.modules) - before),
    "filters_changed": warnings.filters != filters,
    "opened": [path for path in opened if not path.endswith((".py", ".pyc"))],
}}))
"""


def watch(statements, first=""):
    script = WATCH.format(statements=statements, first=first)
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stderr == ""
    return json.loads(run.stdout)


def outside(modules):
    return {name.split(".")[0] for name in modules} - sys.stdlib_module_names - {PACKAGE}


def test_importing_the_package_does_nothing_else():
    seen = watch("import customer_value; dir(customer_value)")
    assert outside(seen["modules"]) == set()
    assert not seen["filters_changed"]
    assert seen["opened"] == []


def test_importing_the_package_loads_no_room():
    seen = watch("import customer_value")
    assert [name for name in seen["modules"] if name.startswith(f"{PACKAGE}.")] == []


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_leaves_heavy_libraries_alone(room):
    # numpy and scipy, which every room needs, bring filters of their own; they are none of ours.
    seen = watch(f"import customer_value; customer_value.{room}", first="import numpy, scipy.optimize, scipy.special")
    assert {"sklearn", "lifetimes", "matplotlib", "polars"} & outside(seen["modules"]) == set()
    assert not seen["filters_changed"]
