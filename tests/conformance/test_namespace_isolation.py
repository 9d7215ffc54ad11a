"""A branch leaves no trace in the namespace that it reads."""

import pytest

from raincheck.index import Connection, Index
from raincheck_contracts.errors import IndexAccessError
from tests.support.builders import new_version, nonce, pipeline, step
from tests.support.development import Session
from tests.support.driver import Driver
from tests.support.dumps import ask, dump, key_names
from tests.support.overlaid import answer, beside, fill, over
from tests.support.subscribing import deployable, started, subscribe

#: What the page on namespaces lets a branch's user do.
COMMANDS = (
    *("-@all", "+@read", "+@write", "+@connection", "+@transaction", "+@scripting", "+@pubsub"),
    *("-@dangerous", "+info", "+time", "-function"),
)


def production(driver: Driver) -> None:
    """A namespace in use: versions, a subscription, and runs in every state."""
    fill(driver)
    driver.publish("theirs", late=1)
    subscribe(driver.index)
    driver.publish("model")
    for spec in (pipeline(step("s", "neither")), pipeline(step("s", "ours")), pipeline(step("s"))):
        run = driver.submit(spec)
        driver.claim(run, "s")
    driver.submit(pipeline(step("s", "m")))
    driver.index.runs.cancel(driver.submit(pipeline(step("s"))), "no longer wanted")


def a_session_of_development_changes_nothing(driver: Driver) -> None:
    """Every kind of act, at random; what is read is there, what is written is elsewhere."""
    production(driver)
    dev = over(driver.index)
    before, bound = dump(driver.index), 0
    for seed in range(3):
        session = Session(dev, seed)
        session.play(80)
        bound += session.bound
    assert bound > 10
    assert dump(driver.index) == before


def test_a_session_of_development_changes_nothing(driver: Driver) -> None:
    """The content of all keys of production is what it was."""
    a_session_of_development_changes_nothing(driver)


def test_a_long_session_changes_nothing(valkey_index: Index) -> None:
    """On a real server."""
    driver = Driver(valkey_index)
    production(driver)
    before = dump(valkey_index)
    dev = over(valkey_index)
    session = Session(dev, 7)
    session.play(600)
    assert session.bound > 10
    assert dump(valkey_index) == before
    assert len(key_names(dev.index)) > len(before)


def test_events_of_one_namespace_start_nothing_in_another(driver: Driver) -> None:
    """Subscriptions to the same artifact, of all kinds of conditions, in both."""
    dev = over(driver.index)
    for one in (driver, dev):
        subscribe(one.index)
        assert one.wake() == []
    before = dump(dev.index)
    driver.publish("model", MSE=1)
    driver.index.versions.set_alias(nonce(), "model", "prod", "1")
    assert len(driver.wake()) == 1
    dev.due()
    assert dev.wake() == []
    assert dump(dev.index) == before
    before = dump(driver.index)
    dev.publish("model", MSE=2)
    assert len(dev.wake()) == 1
    driver.due()
    assert driver.wake() == []
    assert dump(driver.index) == before
    assert [len(started(one.index)) for one in (driver, dev)] == [1, 1]


def test_a_backfill_takes_ones_own_versions(driver: Driver) -> None:
    """Those of the fall-back were never events here."""
    dev = over(driver.index)
    driver.publish("model")
    dev.index.subscriptions.define(deployable(), expected=0)
    assert dev.wake() == []
    assert started(dev.index) == []


@pytest.fixture
def reader(valkey_index: Index) -> Index:
    """A namespace whose user may read the fall-back and write nothing there."""
    name, own = f"reader-{nonce()}", valkey_index.connection
    fill(Driver(valkey_index))
    keys = (f"~rc:{{{name}}}:*", f"%R~{own.prefix}*")
    ask(valkey_index, "ACL", "SETUSER", name, "on", ">secret", "resetkeys", *keys, *COMMANDS)
    scheme, _, rest = own.url.partition("://")
    url = f"{scheme}://{name}:secret@{rest.rpartition('@')[2]}"
    return Index(Connection(url, name, fallback=own.namespace))


def test_a_user_that_may_only_read_the_fallback_is_enough(
    valkey_index: Index, reader: Index
) -> None:
    """The server itself keeps a branch from writing there, and all that it needs is reading."""
    dev = Driver(reader)
    before = dump(valkey_index)
    assert answer(reader, "m") == (f"{valkey_index.namespace}/3=None 3",)
    run = dev.submit(pipeline(step("s", "m", "m?min=MSE&take=2#/MSE", outputs=["x"])))
    dev.finish(run, "s", new_version("x", output="x"))
    waits = dev.submit(pipeline(step("s", "later")))
    dev.parked(waits, "s")
    Driver(valkey_index).publish("later")
    dev.due()
    assert dev.wake() == ["s"]
    Session(dev, 3).play(150)
    after = dump(valkey_index)
    assert {
        name: item for name, item in after.items() if name in before and "later" not in name
    } | {name: before[name] for name in ("index", "events", "arts", "forms:users")} == before
    with pytest.raises(IndexAccessError, match="No permissions"):
        Index(beside(reader, valkey_index.namespace)).versions.publish(nonce(), new_version("m"))
    reader.connection.close()
