"""The page about the index's keys says what the Lua files say, and what tests let stay for ever."""

import re

import pytest

from tests.support.documentation import ROOT
from tests.support.key_leaks import PERMANENT, PERMANENT_KINDS

LUA = sorted((ROOT / "producers/raincheck/index/lua").glob("*.lua"))
_ROW = re.compile(r"^\| `([^`]+)` \| (\w+) \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)
_OF_HEAD = re.compile(r"^--   ([a-z]+(?::\S+)?)\s+(hash|list|zset|set|stream|string)\b")


def _page() -> dict[str, tuple[str, str]]:
    text = (ROOT / "docs/reference/keys.md").read_text()
    return {_kind(name): (kind, lifetime) for name, kind, lifetime in _ROW.findall(text)}


def _kind(name: str) -> str:
    """`step:<run>/<step>` and `wait:v:<artifact>` by what they begin with."""
    return name if name in PERMANENT else re.split(r"(?<=:)", name)[0]


def _heads() -> dict[str, str]:
    found: dict[str, str] = {}
    for path in LUA:
        for line in path.read_text().splitlines():
            if match := _OF_HEAD.match(line):
                found[_kind(match[1])] = match[2]
    return found


def test_every_key_of_the_library_is_on_the_page() -> None:
    """With its type, and no key that nobody writes."""
    assert {name: kind for name, (kind, _) in _page().items()} == _heads()


@pytest.mark.parametrize("name", sorted(_page()))
def test_what_is_kept_for_ever_is_said_to_be(name: str) -> None:
    """The list of the leak test is the page's: nothing else may stay without an end."""
    _, lifetime = _page()[name]
    permanent = name in (*PERMANENT, *PERMANENT_KINDS)
    assert (lifetime == "for ever") is permanent
