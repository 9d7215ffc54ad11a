import pytest

from raincheck.index import replies
from raincheck.index.refused_writes import refused_write
from raincheck.index.replies import (
    BoundVersion,
    Claimed,
    Completed,
    Message,
    Parked,
    Published,
    Refused,
    Unresolvable,
)
from raincheck_contracts.errors import (
    InvalidWriteError,
    MetadataConflictError,
    RaincheckError,
    ReferenceNotFoundError,
    VersionExistsError,
    VersionNameError,
)
from raincheck_contracts.runs import MissingReason, MissingReference
from tests.support.builders import record

RECORD = record().canonical_json().encode()
BODY = b'{"name":"a"}'


def test_a_claim_is_read_with_all_its_values() -> None:
    """Six values a reference; bytes or metadata, not both."""
    reply = [
        *(b"BOUND", b"2:0123456789abcdef", b"2", b"17", b"2"),
        *(b"model", b"beta", b"3", RECORD, b"1.5", None),
        *(b"model", b"beta", b"3", RECORD, None, b"[]"),
        *(b"", b"1,1"),
    ]
    assert replies.claim(reply) == Claimed(
        "2:0123456789abcdef",
        2,
        17,
        (
            BoundVersion("model", "beta", 3, record(), b"1.5", None),
            BoundVersion("model", "beta", 3, record(), None, "[]"),
        ),
        (1, 1),
    )


def test_a_claim_without_references_is_read() -> None:
    """No values follow the head."""
    reply = [b"BOUND", b"1:ff", b"1", b"0", b"0", b"", b""]
    assert replies.claim(reply) == Claimed("1:ff", 1, 0, (), ())


def test_a_claim_that_gave_nothing_is_read() -> None:
    """Parked and failed name what is missing; every other code is a refusal."""
    missing = (MissingReference(reference="a", reason=MissingReason.NO_CANDIDATE, deadline=5),)
    packed = b"a\x1fno-candidate\x1f5"
    assert replies.claim([b"PARKED", packed]) == Parked(missing)
    assert replies.claim([b"FAILED", packed]) == Unresolvable(missing)
    for code in ("REFUSED", "FORGED", "NODE_UNKNOWN", "EARLY"):
        assert replies.claim([code.encode(), b"why"]) == Refused(code, "why")


def test_a_message_may_have_no_priority() -> None:
    """Zero is one."""
    assert replies.message([b"r", b"p", b"q", b"", BODY, b"2", b"00-a"]) == Message(
        "r", "p", "q", None, BODY.decode(), 2, "00-a"
    )
    assert replies.message([b"r", b"p", b"q", b"0", BODY, b"0", b""]).priority == 0


def test_a_completion_is_read() -> None:
    """Outputs by name, flags, freed steps."""
    outputs = [[b"x", b"model", b"beta"]]
    freed = [[b"r", b"p", b"q", b"", BODY, b"0", b""]]
    assert replies.completed([b"DONE", b"7", b"1", b"0", outputs, freed]) == Completed(
        7,
        dirty=True,
        drain=False,
        outputs={"x": "model@beta"},
        messages=(Message("r", "p", "q", None, BODY.decode()),),
    )


def test_a_publication_is_read() -> None:
    """Version, revision, and whether someone is to be woken."""
    assert replies.published([b"DONE", b"beta", b"7", b"1"]) == Published("beta", 7, dirty=True)


@pytest.mark.parametrize(
    ("reply", "error", "text"),
    [
        ([b"EXISTS", b"model", b"beta"], VersionExistsError, "model@beta exists already"),
        ([b"NUMBER", b"model", b"7", b"3"], VersionNameError, "next is 3"),
        ([b"CONFLICT", b"m@1", b"MSE", b"1", b"2"], MetadataConflictError, "m@1 has MSE=1"),
        ([b"UNKNOWN", b"model", b"7"], ReferenceNotFoundError, "no version model@7"),
        ([b"UNKNOWN", b"model", b""], ReferenceNotFoundError, "no version model$"),
        ([b"MOVED", b"3"], InvalidWriteError, "the alias names 3 now"),
        ([b"MOVED", b""], InvalidWriteError, "the alias names nothing now"),
        ([b"INVALID", b"output x twice"], InvalidWriteError, "^output x twice$"),
        ([b"STRANGE"], InvalidWriteError, "^STRANGE$"),
    ],
)
def test_each_refusal_is_an_error_of_its_own(
    reply: list[bytes], error: type[RaincheckError], text: str
) -> None:
    """In words for whoever called."""
    with pytest.raises(error, match=text):
        raise refused_write(reply)
