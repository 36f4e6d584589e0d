import sys

import pytest

from customer_value._optional import import_optional, package_folder
from customer_value.errors import CustomerValueError, MissingDependencyError


def test_installed_modules_come_back():
    assert import_optional("json", what="test", install="json") is sys.modules["json"]
    assert (package_folder("numpy", what="test", install="numpy") / "__init__.py").exists()


@pytest.mark.parametrize("find", [import_optional, package_folder])
def test_the_error_names_the_subject_and_the_install(find):
    with pytest.raises(
        MissingDependencyError, match=r"^plots needs .*'no_such_package'.*: pip install nothing$"
    ) as caught:
        find("no_such_package", what="plots", install="nothing")
    assert isinstance(caught.value, ImportError)
    assert isinstance(caught.value, CustomerValueError)
    assert caught.value.name == "no_such_package"


def test_an_error_inside_an_installed_package_is_not_hidden(tmp_path, monkeypatch):
    (tmp_path / "half_there.py").write_text("import no_such_package")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="no_such_package") as caught:
        import_optional("half_there", what="plots", install="half-there")
    assert not isinstance(caught.value, MissingDependencyError)


def test_a_module_without_a_folder_is_no_package(tmp_path, monkeypatch):
    (tmp_path / "one_file.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingDependencyError, match="pip install one-file"):
        package_folder("one_file", what="test", install="one-file")
