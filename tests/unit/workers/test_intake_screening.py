"""Which messages are ours: a pure function of what the broker delivered."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raincheck_contracts.messages import RUN_TASK_NAME
from raincheck_workers.intake.envelope import Envelope, read_entry
from raincheck_workers.intake.plain_json import MAX_DEPTH
from raincheck_workers.intake.refusal import Refusal, printable
from raincheck_workers.intake.screening import MAX_ENTRY_BYTES, screen
from tests.support.hostile import (
    BODY,
    HEADERS,
    Forged,
    envelope,
    hostile_entries,
    message,
)


def _screened(forged: Forged) -> Refusal | None:
    read = read_entry(forged.entry())
    return read if isinstance(read, Refusal) else screen(read)


def test_there_are_enough_hostile_ones() -> None:
    """Each is told from the others by its name."""
    names = [name for name, _ in hostile_entries()]
    assert len(names) == len(set(names))
    assert len(names) >= 90


@pytest.mark.parametrize(
    "entry", [entry for _, entry in hostile_entries()], ids=[n for n, _ in hostile_entries()]
)
def test_a_hostile_entry_is_refused_in_words(entry: bytes) -> None:
    """The reason is one bounded, printable line."""
    if len(entry) > MAX_ENTRY_BYTES:
        return  # nothing of it is read
    read = read_entry(entry)
    refusal = screen(read) if isinstance(read, Envelope) else read
    assert refusal is not None
    assert refusal.reason.isprintable()
    assert 0 < len(refusal.reason) <= 200


@pytest.mark.parametrize(
    "forged",
    [
        message(),
        message(traceparent="00-1-2-01", baggage="a=b", redelivered=True),
        message(headers={"sentry-trace": "1"}),
        message(timelimit=[None, None], stamps={}, stamped_headers=None, group=None, retries=0),
        message([[], BODY, None], shadow="p.a", argsrepr="a()", root_id="r.a", origin="me@host"),
        message([[], {**BODY, "contract": 2, "news": [1]}, {}]),
        message(
            [[], {"namespace": "n", "pipeline": "pipelines:p", "parameters": {"x": [1]}}, {}],
            task=RUN_TASK_NAME,
            id="0e5a2c9e-0000-4000-8000-000000000000",
        ),
    ],
)
def test_a_message_of_ours_passes(forged: Forged) -> None:
    """Also with what tracers add, and one of another version, which its task gives back."""
    assert _screened(forged) is None


def test_the_deepest_value_of_a_step_passes() -> None:
    """48 levels of lists that hold references are 96 levels of inputs."""
    node: dict[str, Any] = {"kind": "value", "value": 1}
    for _ in range(48):
        node = {"kind": "list", "items": [node]}
    body = {**BODY, "step": {**BODY["step"], "inputs": {"x": node}}}
    assert _screened(message([[], body, {}])) is None
    assert MAX_DEPTH < 200, "pydantic reads no deeper"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
_NAMES = st.sampled_from(
    ["task", "id", "eta", "expires", "timelimit", "retries", "callbacks", "chain", "lang"]
)


@settings(max_examples=2_000, deadline=None)
@given(
    headers=st.dictionaries(_NAMES | st.text(max_size=6), _JSON, max_size=4),
    body=_JSON | st.tuples(st.just([]), st.just(BODY) | _JSON, _JSON),
    properties=st.none()
    | st.dictionaries(st.sampled_from(["delivery_tag", "delivery_info"]), _JSON),
)
def test_forged_envelopes_are_judged_and_never_raise(
    headers: dict[str, Any], body: Any, properties: dict[str, Any] | None
) -> None:
    """Whatever is in it, the answer is a refusal, or Celery finds what it needs in it."""
    whole = envelope(message(body, **headers))
    whole["properties"].update(properties or {})
    read = read_entry(json.dumps(whole).encode())
    if isinstance(read, Refusal):
        return
    refusal = screen(read)
    if refusal is None:
        assert read.headers["task"] in {"raincheck.step", RUN_TASK_NAME}
        assert {**HEADERS, **headers}.get("eta") is None
        assert not any(read.headers.get(name) for name in ("callbacks", "chain", "compression"))
        first, by_name, embedded = json.loads(read.body)
        assert first == []
        assert isinstance(by_name, dict)
        assert not any((embedded or {}).values())


@settings(max_examples=2_000, deadline=None)
@given(st.binary(max_size=200))
def test_bytes_are_judged_and_never_raise(entry: bytes) -> None:
    """No run of bytes is a message of ours by chance."""
    read = read_entry(entry)
    assert isinstance(read, Refusal) or screen(read) is not None


@settings(max_examples=1_000, deadline=None)
@given(st.integers(0, 2_000), st.integers(0, 255))
def test_a_changed_byte_never_raises(place: int, value: int) -> None:
    """A good message with one byte changed is judged, too."""
    entry = bytearray(message().entry())
    entry[place % len(entry)] = value
    read = read_entry(bytes(entry))
    if isinstance(read, Envelope):
        screen(read)


def test_an_excerpt_is_printable_and_bounded() -> None:
    """No terminal obeys it, and what was cut off is said."""
    assert (
        printable(b"\x1b[2Jhello\n", 20)
        == "\N{REPLACEMENT CHARACTER}[2Jhello\N{REPLACEMENT CHARACTER}"
    )
    assert printable("x" * 500, 10) == "xxxxxxx..."
    assert printable(b"\xff", 4) == "\N{REPLACEMENT CHARACTER}"
