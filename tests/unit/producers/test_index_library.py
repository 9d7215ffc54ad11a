import re
from importlib.resources import files

import pytest

from raincheck.index.library import PREFIX, PROTOCOL, library_source
from tests.support.lua_globals import lua_globals

#: What a function of the library may use: the sandbox of Redis and Valkey offers more, but not
#: all of it exists in fakeredis, or is the same on every server.
ALLOWED = {
    "ipairs",
    "math",
    "next",
    "pairs",
    "redis",
    "setmetatable",
    "string",
    "table",
    "tonumber",
    "unpack",
}


def _lua_files() -> dict[str, str]:
    folder = files("raincheck.index") / "lua"
    return {
        item.name: item.read_text(encoding="utf-8")
        for item in folder.iterdir()
        if item.name.endswith(".lua")
    }


def _chunk() -> str:
    shebang, _, chunk = library_source().partition("\n")
    assert shebang == f"#!lua name=raincheck_{PROTOCOL}"
    return chunk


def _head(source: str) -> str:
    lines = source.splitlines()[1:] if source.startswith("#!") else source.splitlines()
    comment = re.match(r"(?:--.*\n)+", "\n".join(lines) + "\n")
    assert comment is not None
    return comment[0]


def test_a_global_assignment_would_be_found() -> None:
    """The search itself: one within a function within a function, beside a local and a field."""
    source = "local a = 1; local t = {}; function t.f() return function() leak = a; t.b = g end end"
    assert lua_globals(source) == ({"g"}, {"leak"})


def test_the_library_sets_no_global() -> None:
    """One global poisons a server for every later script."""
    assert lua_globals(_chunk())[1] == set()


def test_the_library_reads_no_global_but_the_few_it_needs() -> None:
    """A misspelled local would be one; neither `cjson` nor `bit` nor `os` is used."""
    assert lua_globals(_chunk())[0] == ALLOWED


@pytest.mark.parametrize("call", ["math.random", "cjson."])
def test_what_differs_between_servers_is_not_called(call: str) -> None:
    """Random numbers repeat after a restart; cjson loses digits and empty lists."""
    code = [line.partition("--")[0] for line in library_source().splitlines()]
    assert [line for line in code if call in line] == []


def _documented_keys() -> set[str]:
    """First words of the keys in the tables at the heads of the files."""
    heads = "".join(_head(source) for source in _lua_files().values())
    rows = r"^--   ([a-z]+)\S*  +(?:hash|list|set|stream|string|zset) "
    return set(re.findall(rows, heads, re.MULTILINE))


def _built_keys() -> set[str]:
    """First words of the keys that the functions build."""
    return set(re.findall(r':key\("([a-z]+)', library_source()))


def test_every_key_is_documented_where_it_is_owned() -> None:
    """Each key that Lua builds stands in the table at the head of some file, and no other."""
    assert {"art", "events", "node", "timers", "wait"} < _built_keys()
    assert _built_keys() == _documented_keys()


def test_each_function_is_registered_once_and_called() -> None:
    """Python calls every function of the library, and no other."""
    registered = re.findall(rf'"{PREFIX}(\w+)"', library_source())
    assert len(registered) == len(set(registered))
    folder = files("raincheck.index")
    python = "".join(
        item.read_text(encoding="utf-8") for item in folder.iterdir() if item.name.endswith(".py")
    )
    called = set(re.findall(r'\.(?:call|read|_write)\(\s*"(\w+)"', python))
    called |= set(re.findall(r'_fcall\(client, "(\w+)"', python))
    assert called == set(registered)


@pytest.mark.parametrize("name", sorted(_lua_files()))
def test_each_file_tells_what_it_is_about(name: str) -> None:
    """And stays short enough to be read."""
    source = _lua_files()[name]
    assert _head(source)
    assert len(source.splitlines()) <= 300
