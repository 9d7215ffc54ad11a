"""The messages that were put aside."""

import time

from raincheck.index.bad_messages import BadMessage
from raincheck.index.run_scripts import Delivery
from tests.support.builders import nonce, pipeline, step
from tests.support.driver import Driver


def test_what_was_put_aside_can_be_read(driver: Driver) -> None:
    """The newest first, with when, where and why; all are counted."""
    bad = driver.index.bad_messages
    for reason in ("no JSON", "too large"):
        bad.put(nonce(), reason, queue="gpu", excerpt="{")
    newest, oldest = bad.newest(10)
    assert newest == BadMessage(newest.at, "too large", "gpu", "{")
    assert oldest.reason == "no JSON"
    assert abs(newest.at / 1000 - time.time()) < 60
    assert bad.newest(1) == [newest]
    assert bad.kept() == driver.index.records.figures().bad == 2


def test_a_delivery_is_put_aside_once(driver: Driver) -> None:
    """Its repeat comes when the first reply was lost; others may have come between."""
    bad, again = driver.index.bad_messages, nonce()
    bad.put(again, "no JSON", queue="gpu", excerpt="")
    for _ in range(20):
        bad.put(nonce(), "no JSON", queue="gpu", excerpt="")
    bad.put(again, "no JSON", queue="gpu", excerpt="")
    assert bad.kept() == driver.index.records.figures().bad == 21


def test_a_forged_body_is_among_them(driver: Driver) -> None:
    """With its run and step, in place of queue and excerpt."""
    run = driver.submit(pipeline(step("a")))
    delivery = Delivery(nonce=nonce(), node="n1", pid=11, task="t")
    digest = "b3:" + "0" * 64
    driver.index.runs.claim(run, "a", digest=digest, delivery=delivery, references="")
    (found,) = driver.index.bad_messages.newest(10)
    reason = "the body is not the one that was submitted"
    assert found == BadMessage(found.at, reason, run=run, step="a")
    assert driver.index.records.figures().bad == 1
