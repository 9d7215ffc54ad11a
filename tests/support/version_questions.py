"""All that a history of versions can be asked, and whether the index answers alike."""

import operator
import time
from datetime import UTC, datetime, timedelta
from functools import partial

from raincheck.index import Index
from raincheck.index.replies import BoundVersion
from raincheck_contracts._base import JsonValue, canonical_json
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.references import Reference
from raincheck_contracts.runs import MissingReason, MissingReference
from raincheck_contracts.selectors import AliasSelector, VersionSelector
from tests.support.version_history import Past, Then

Meant = list[tuple[str, JsonValue]] | None

_ONE = ("m@1", "m@2", "m@v1", "m:production", "m:staging", "m~1", "m~3")
_MANY = ("m", "m?min=a", "m?max=a", "m?tag=t", "m?where=a<2", "m?where=a,b=2", "m?pipeline=train")


def questions(past: Past) -> list[Reference]:
    """Every selector, one and many, with and without metadata."""
    many = [*_MANY, *(f"m?run={run}" for run in past.runs[:3])]
    lists = [f"{text}{'&' if '?' in text else '?'}take={n}" for text in many for n in (1, 3, "all")]
    plain = [*_ONE, *many, *lists]
    return [parse_reference(text) for text in (*plain, *(f"{text}#/a" for text in plain))]


def as_of(reference: Reference, moment: int | datetime) -> Reference | None:
    """The same question about a moment; None for one that has no moments."""
    if reference.selector.by == "version":
        return None
    return Reference.model_validate({**dict(reference), "as_of": moment})


def _answer(answer: BoundVersion | tuple[BoundVersion, ...] | MissingReference) -> Meant:
    if isinstance(answer, MissingReference):
        never = {
            *(MissingReason.TOO_SELECTIVE, MissingReason.MOMENT_AHEAD),
            *(MissingReason.VERSION_PASSED, MissingReason.BINDING_GONE),
        }
        assert answer.reason not in never, str(answer)
        return None
    found = answer if isinstance(answer, tuple) else (answer,)
    return [(bound.version, bound.metadata) for bound in found]


def compare(index: Index, past: Past, references: list[Reference], then: Then) -> list[str | None]:
    """Compare an index's answers with what a history says.

    Args:
        index: that is asked.
        past: that it should answer from.
        references: what it is asked.
        then: of the moment that is asked about.

    Returns:
        The namespace of each version that was answered, None for the index's own.

    Raises:
        AssertionError: names the reference whose answer is another.
    """
    answers = index.versions.resolve(references).answers
    for reference, answer in zip(references, answers, strict=True):
        meant = past.meant(reference, then)
        assert _answer(answer) == (meant and list(map(_raw, meant))), str(reference)
        told = isinstance(answer, MissingReference) and answer.deleted
        assert (told.version if told else None) == _deleted(past, reference, then), str(reference)
    found = [answer for answer in answers if not isinstance(answer, MissingReference)]
    lists = [answer if isinstance(answer, tuple) else (answer,) for answer in found]
    return [bound.namespace for bounds in lists for bound in bounds]


def _deleted(past: Past, reference: Reference, then: Then) -> str | None:
    """The deleted version that a reference names by its name, or by an alias of then."""
    match reference.selector:
        case VersionSelector(version=version):
            name: str | None = version
        case AliasSelector(alias=alias):
            name = past.named_by(alias, then)
        case _:
            name = None
    return name if name in past.deleted else None


def _raw(meant: tuple[str, JsonValue]) -> tuple[str, JsonValue]:
    name, value = meant
    return name, None if value is None else canonical_json(value)


def ask_everything(past: Past) -> None:
    """Compare all answers: of now, of each revision, and of the latest times.

    Raises:
        AssertionError: names the reference whose answer is another.
    """
    asked_of = questions(past)
    compare(past.index, past, asked_of, lambda _revision: True)
    time.sleep(0.002)  # the last millisecond is over, so that it can be asked about
    times = past.times()
    for revision in [0, *times]:
        asked = [item for one in asked_of if (item := as_of(one, revision))]
        compare(past.index, past, asked, partial(operator.ge, revision))
    early = datetime(2020, 1, 1, tzinfo=UTC)
    for moment in [early, *sorted(set(times.values()))[-5:]]:
        asked = [item for one in asked_of if (item := as_of(one, moment))]
        compare(
            past.index,
            past,
            asked,
            {came for came, at in times.items() if at <= moment}.__contains__,
        )
    ahead = [max(times, default=0) + 1_000, datetime.now(UTC) + timedelta(hours=1)]
    wanted = [parse_reference("m").model_copy(update={"as_of": moment}) for moment in ahead]
    answers = past.index.versions.resolve(wanted).missing
    assert [answer.reason for answer in answers] == [MissingReason.MOMENT_AHEAD] * 2
