"""The page about the model leaves out no function of the index, and names nothing that is not."""

import re
from pathlib import Path

import pytest

from raincheck.index.library import library_source
from tests.protocol.test_protocol import MUTANTS, Mutant
from tests.support.documentation import ROOT

PAGE = (ROOT / "docs" / "explanation" / "protocol-model.md").read_text()
MODEL = "".join(path.read_text() for path in sorted(Path(__file__).parent.glob("*.pml")))
FUNCTIONS = sorted(set(re.findall(r'"rc1_(\w+)"', library_source())))
_ROWS = dict(re.findall(r"^\| `(\w+)` \| .+? \| (.+) \|$", PAGE, re.MULTILINE))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_function_is_modelled_or_has_a_reason(function: str) -> None:
    """A new Lua function needs a row: what of the model stands for it, or why nothing does."""
    place = _ROWS.get(function, "")
    named = re.match(r"`(\w+)`", place)
    if named:
        assert re.search(rf"(inline|proctype) {named[1]}\(", MODEL)
    else:
        assert place.startswith("not modelled, because ")


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_mutant_is_explained(mutant: Mutant) -> None:
    """With the promise that it breaks; and the model knows it."""
    assert re.search(rf"^\| `{mutant.name}` \|.+\| `{mutant.breaks}` \|$", PAGE, re.MULTILINE)
    assert mutant.name in MODEL
