"""Two namespaces of one server, of which one falls back to the other."""

from raincheck.index import Connection, Index
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.runs import MissingReference
from tests.support.builders import new_version, nonce, pipeline, step
from tests.support.driver import Driver

#: One reference of each kind to the artifact `m`, and to its metadata.
_PLAIN = (
    *("m", "m@1", "m@2", "m@9", "m:production", "m~1", "m~5", "m?min=MSE", "m?max=MSE"),
    *("m?tag=t", "m?where=MSE<3", "m?pipeline=train"),
    *("m?take=2", "m?min=MSE&take=all", "m?tag=t&take=3", "m?where=MSE>0&take=2"),
)
KINDS = (*_PLAIN, *(f"{text}#/MSE" for text in _PLAIN))


def over(fallback: Index, name: str | None = None) -> Driver:
    """Users and workers of a namespace that falls back to another.

    Args:
        fallback: the index of that other namespace.
        name: of the namespace; None is a fresh one.
    """
    return Driver(Index(beside(fallback, name or f"dev-{nonce()}", fallback.namespace)))


def beside(index: Index, name: str, fallback: str | None = None) -> Connection:
    """A connection to another namespace of the same server."""
    shared = index.connection
    return Connection(shared.url, name, client=shared.client, fallback=fallback)


def fill(driver: Driver, *, versions: int = 3, first: int = 1) -> str:
    """Publish versions of `m` with all that a reference may ask for; the run of the last."""
    for number in range(first, first + versions - 1):
        metadata = {"MSE": number}
        new = new_version("m", metadata=metadata, tags=("t",) if number % 2 else ())
        driver.index.versions.publish(nonce(), new)
    run = driver.submit(pipeline(step("s")).model_copy(update={"name": "train"}))
    last = new_version("m", output="m", metadata={"MSE": first + 0.5}, tags=("t",))
    driver.finish(run, "s", last)
    driver.index.versions.set_alias(nonce(), "m", "production", None)
    return run


def answer(index: Index, text: str) -> tuple[str, ...] | MissingReference:
    """The versions that a reference stands for, each after its namespace, or the miss."""
    found = index.versions.resolve([parse_reference(text)]).answers[0]
    if isinstance(found, MissingReference):
        return found
    bound = found if isinstance(found, tuple) else (found,)
    return tuple(
        f"{one.namespace or 'own'}/{one.version}={one.metadata} {one.sequence}" for one in bound
    )


def answers(index: Index, *more: str) -> dict[str, tuple[str, ...] | str]:
    """All kinds of references, each with what it stands for or why there is none."""
    found = {text: answer(index, text) for text in (*KINDS, *more)}
    return {
        text: item.reason if isinstance(item, MissingReference) else item
        for text, item in found.items()
    }
