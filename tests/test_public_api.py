"""Each public name is documented, typed and shown by an example that runs; the face and its stub say the same."""

import ast
import doctest
import inspect
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from types import ModuleType

import pytest

import customer_value as cv
from customer_value import errors

ROOT = Path(__file__).parents[1]
FACE = {name: getattr(cv, name, None) for name in cv.__all__}  # a name that fails to load has a test of its own
ROOMS = {name: value for name, value in FACE.items() if isinstance(value, ModuleType)}
# A room's name that is a file is a namespace, such as cv.segments.tiers: public by the same rules.
NAMESPACES = {
    f"{room}.{name}": value
    for room, module in ROOMS.items()
    for name in module.__all__
    if isinstance(value := getattr(module, name, None), ModuleType)
}
# A second frame is a frame, and models are what is compared: they may follow the frame without their name.
SECOND = {
    cv.alive_history: ["purchase_model"],
    cv.calibration_by_frequency: ["holdout"],
    cv.clv.compare_models: ["models"],
    cv.clv.backtest: ["models"],
    cv.drift_report: ["after"],
    cv.segment_migration: ["after"],
    cv.segments.match_clusters: ["after"],
    cv.churn.evaluate_churn: ["panel"],
    cv.churn.kaplan_meier: ["event"],
    # Scores of scikit-learn take outcomes and predictions.
    cv.churn.empc_fraction: ["y_score"],
    cv.churn.empc_score: ["y_score"],
    cv.churn.gini_score: ["y_score"],
    cv.churn.mpc_fraction: ["y_score"],
    cv.churn.mpc_score: ["y_score"],
    cv.churn.score_interval: ["y_score"],
    cv.churn.top_decile_lift: ["y_score"],
}


def is_error(value):
    return inspect.isclass(value) and issubclass(value, (Exception, Warning))


def public():
    """Every public function and class once, under the first name that a user meets it by."""
    found = {f"cv.{name}": value for name, value in FACE.items()}
    for room, module in (ROOMS | NAMESPACES).items():
        found |= {f"cv.{room}.{name}": getattr(module, name) for name in module.__all__}
    seen = set()
    for name, value in found.items():
        is_code = inspect.isfunction(value) or inspect.isclass(
            value
        )  # rule sets and other data are shown by their class
        if is_code and not is_error(value) and id(value) not in seen:
            seen.add(id(value))
            yield pytest.param(value, id=name)


def methods():
    for parameter in PUBLIC:
        value = parameter.values[0]
        if inspect.isclass(value):
            for name in dir(value):
                member = inspect.getattr_static(value, name)
                function = getattr(member, "__func__", getattr(member, "fget", member))
                ours = (getattr(function, "__module__", None) or "").startswith("customer_value")
                if not name.startswith("_") and inspect.isfunction(function) and ours:
                    yield pytest.param(function, id=f"{parameter.id}.{name}")


PUBLIC = list(public())
FUNCTIONS = [parameter for parameter in PUBLIC if inspect.isfunction(parameter.values[0])]
METHODS = list(methods())


# ---- the face ---------------------------------------------------------------------------------------------------


def stub():
    return ast.parse((ROOT / "src/customer_value/__init__.pyi").read_text(encoding="utf-8"))


def test_the_stub_lists_exactly_the_face():
    imported = {
        alias.asname: (node.module, alias.name)
        for node in stub().body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    declared = {node.target.id for node in stub().body if isinstance(node, ast.AnnAssign)}
    assert sorted({*imported, *declared} - {"__all__"}) == cv.__all__
    for name, (home, original) in imported.items():
        assert name == original
        assert getattr(cv, name) is getattr(sys.modules[home], name)


@pytest.mark.parametrize("name", FACE)
def test_every_name_of_the_face_loads(name):
    assert getattr(cv, name) is FACE[name] is not None


def test_completion_sees_the_face():
    assert dir(cv) == cv.__all__ == sorted(set(cv.__all__))


def test_every_error_is_at_the_face():
    assert set(errors.__all__) <= set(cv.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="score_clvv"):
        cv.score_clvv  # noqa: B018  reading the attribute is the test


@pytest.mark.parametrize("room", ROOMS | NAMESPACES)
def test_a_room_has_all_that_it_names(room):
    module = (ROOMS | NAMESPACES)[room]
    assert module.__doc__
    assert module.__all__ == sorted(set(module.__all__), key=module.__all__.index)
    missing = [name for name in module.__all__ if not hasattr(module, name)]
    assert not missing


def test_functions_of_the_face_are_in_their_rooms():
    for name, value in FACE.items():
        room = getattr(value, "__module__", "").split(".")[1:2]
        if inspect.isfunction(value) and room and room[0] in ROOMS:
            assert getattr(ROOMS[room[0]], name) is value, f"{name} is not in {room[0]}.__all__"
            assert name in ROOMS[room[0]].__all__


# ---- documentation ----------------------------------------------------------------------------------------------


def sections(value):
    """The numpydoc sections of a docstring: title -> text."""
    parts = re.split(r"^(\w[\w ]*)\n-{3,}\n", inspect.cleandoc(value.__doc__ or ""), flags=re.MULTILINE)
    return dict(zip(["", *parts[1::2]], [parts[0], *parts[2::2]], strict=True))


def documented_parameters(value):
    """Names in the Parameters section, sorted; `a, b : type` documents two."""
    lines = [line for line in sections(value).get("Parameters", "").splitlines() if line and not line[0].isspace()]
    return sorted(name.strip() for line in lines for name in line.split(" : ")[0].split(","))


def parameters(value):
    function = value.__init__ if inspect.isclass(value) else value
    if function is object.__init__:
        return []
    marks = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    return sorted(
        marks.get(parameter.kind, "") + name
        for name, parameter in inspect.signature(function).parameters.items()
        if name not in {"self", "cls"}
    )


@pytest.mark.parametrize("value", PUBLIC)
def test_documented(value):
    told = sections(value)
    summary = told[""].strip().splitlines()[0]
    assert summary.endswith((".", "?", ":")), summary
    if "Attributes" not in told:  # a result that users only read lists what it holds instead
        assert documented_parameters(value) == parameters(value)
    if inspect.isfunction(value) and inspect.signature(value).return_annotation not in {"None", None}:
        assert "Returns" in told
    unknown = set(told) - {
        "", "Parameters", "Attributes", "Returns", "Yields", "Raises", "Warns", "See Also", "Notes", "References",
        "Examples",
    }  # fmt: skip
    assert not unknown, f"{unknown} are no numpydoc sections"


@pytest.mark.parametrize("value", METHODS)
def test_methods_are_documented(value):
    told = sections(value)
    assert told[""].strip()
    if "Parameters" in told:
        assert documented_parameters(value) == parameters(value)


@pytest.mark.parametrize("value", PUBLIC)
def test_shown_by_an_example_that_runs(value):
    examples = doctest.DocTestParser().get_examples(sections(value).get("Examples", ""))
    assert any(not example.options.get(doctest.SKIP) for example in examples)
    # pytest runs what the finder finds in the module that the name is defined in.
    module = sys.modules[value.__module__]
    found = {test.name: test for test in doctest.DocTestFinder(recurse=True).find(module)}
    assert found[f"{module.__name__}.{value.__qualname__}"].examples


# ---- signatures -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", FUNCTIONS + METHODS)
def test_fully_annotated(value):
    signature = inspect.signature(value)
    bare = [
        name
        for name, parameter in signature.parameters.items()
        if name not in {"self", "cls"} and parameter.annotation is inspect.Parameter.empty
    ]
    assert not bare
    assert signature.return_annotation is not inspect.Signature.empty


@pytest.mark.parametrize("value", FUNCTIONS)
def test_frame_first_and_everything_else_by_keyword(value):
    kinds = inspect.Parameter
    free = {kinds.KEYWORD_ONLY, kinds.VAR_KEYWORD}
    by_position = [name for name, p in inspect.signature(value).parameters.items() if p.kind not in free]
    assert by_position[1:] == SECOND.get(value, [])


# ---- types ------------------------------------------------------------------------------------------------------

TYPED = """
    from typing import assert_type
    import pandas as pd
    import polars as pl
    import customer_value as cv

    model = cv.clv.ParetoNBD()
    assert_type(model.fit(pd.DataFrame()), cv.clv.ParetoNBD)


    def of_pandas(frame: pd.DataFrame) -> None:
        valued = cv.score_clv(frame, purchase_model=model, spend_model="spend", horizon="12 months", margin=0.3)
        assert_type(valued, pd.DataFrame)
        assert_type(cv.score_rfm(frame), pd.DataFrame)
        assert_type(cv.assign_segments(frame), pd.DataFrame)
        assert_type(cv.summarize_customers(frame, observation_end="2026-10-31"), pd.DataFrame)
        assert_type(cv.describe_columns(frame), pd.DataFrame)


    def of_polars(frame: pl.DataFrame, lazy: pl.LazyFrame) -> None:
        valued = cv.score_clv(frame, purchase_model=model, spend_model="spend", horizon="12 months", margin=0.3)
        assert_type(valued, pl.DataFrame)
        assert_type(cv.score_rfm(frame), pl.DataFrame)
        assert_type(cv.assign_segments(frame), pl.DataFrame)
        assert_type(cv.summarize_customers(frame, observation_end="2026-10-31"), pl.DataFrame)
        assert_type(cv.summarize_customers(lazy, observation_end="2026-10-31"), pl.LazyFrame)
        assert_type(cv.score_rfm(lazy), pl.LazyFrame)


    def refused(frame: pl.DataFrame) -> None:
        cv.score_rfm("no frame")  # E: type-var
        cv.score_clv(frame, purchase_model=model, spend_model="spend", horizon="1 year")  # E: call-arg
        cv.summarize_customers(frame, observation_end="2026-10-31", time_unit="fortnight")  # E: arg-type
        cv.score_clvv(frame)  # E: attr-defined
"""


def test_the_type_that_goes_in_comes_out(tmp_path):
    script = tmp_path / "typed.py"
    script.write_text(textwrap.dedent(TYPED), encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--hide-error-context"]
    run = subprocess.run(
        [
            *command,
            "--config-file",
            str(ROOT / "pyproject.toml"),
            "--cache-dir",
            str(ROOT / ".mypy_cache"),
            str(script),
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    found = set(re.findall(r"^typed\.py:(\d+): error: .*\[([\w-]+)\]$", run.stdout, flags=re.MULTILINE))
    expected = {
        (str(number), code)
        for number, line in enumerate(script.read_text(encoding="utf-8").splitlines(), start=1)
        for code in re.findall(r"# E: ([\w-]+)", line)
    }
    assert found == expected, run.stdout + run.stderr
