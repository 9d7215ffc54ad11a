"""What users may import is listed, sorted and documented."""

import inspect
import subprocess
import sys

import pytest

import raincheck
import raincheck_workers
from raincheck import testing
from raincheck_contracts import errors


@pytest.mark.parametrize("module", [raincheck, errors, raincheck_workers, testing])
def test_all_is_sorted_and_complete(module: object) -> None:
    """`__all__` is sorted and names each public class and function of the module."""
    names: list[str] = module.__all__  # type: ignore[attr-defined]  # all of them have it
    assert names == sorted(names)
    public = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and (inspect.isclass(value) or inspect.isfunction(value))
    }
    assert public - set(names) == set()


@pytest.mark.parametrize("name", raincheck.__all__)
def test_each_export_has_a_docstring(name: str) -> None:
    """Each exported name says what it is for."""
    assert inspect.getdoc(getattr(raincheck, name))


def test_importing_raincheck_is_light() -> None:
    """Importing Raincheck imports neither pandas nor scikit-learn, and starts nothing."""
    code = "import raincheck, sys; print({'pandas', 'sklearn', 'pyarrow'} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"
