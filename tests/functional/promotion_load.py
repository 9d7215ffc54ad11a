"""The processes of `test_promotion_under_load.py`: `python -m ... ROLE URL NAMESPACE [COUNT]`.

The publisher and the promoters go on until they are killed; a binder binds so many steps and
prints what each was given.
"""

import itertools
import json
import sys
import time

from raincheck.index import Connection, Index
from raincheck.index.alias_scripts import Mover
from raincheck.index.replies import BoundVersion
from raincheck_contracts.errors import RaincheckError
from raincheck_contracts.reference_text import parse_reference
from tests.support.builders import nonce, pipeline, step
from tests.support.driver import Driver

REFERENCES = (
    "model:production",
    "model:production#/MSE",
    "model",
    "model#/MSE",
    "model?min=MSE",
    "model?min=MSE#/MSE",
)
#: Steps of one run: submitting costs more than binding.
WIDTH = 20


def error_of(version: int) -> float:
    """The error of a version: its own, falling, but not always."""
    return (1 + version * 7_919 % 101 / 100) / version


def publish(driver: Driver) -> None:
    """A version every few milliseconds; the first is there already."""
    for number in itertools.count(2):
        driver.publish("model", MSE=error_of(number))
        time.sleep(0.002)  # binders shall have their turn


def promote(driver: Driver) -> None:
    """Move the alias to the newest version if that is better, or back."""
    for number in itertools.count(1):
        aliases, by = driver.index.aliases, Mover(by="promoter")
        try:
            if number % 10 == 0:
                aliases.rollback(nonce(), "model", "production", expected=None, mover=by)
            else:
                aliases.promote(
                    nonce(),
                    "model",
                    None,
                    "production",
                    metric="MSE",
                    mode="min",
                    expected=None,
                    mover=by,
                )
        except RaincheckError:
            pass  # nothing to roll back to, or nothing is published yet
        time.sleep(0.002)  # binders shall have their turn


def bind(driver: Driver, count: int) -> None:
    """Bind so many steps; print the revision and the answers of each."""
    spec = pipeline(*(step(f"s{number}", *REFERENCES) for number in range(WIDTH)))
    for _ in range(count // WIDTH):
        run = driver.submit(spec)
        for number in range(WIDTH):
            claimed = driver.claimed(run, f"s{number}")
            answers = [[value.version, value.metadata] for value in claimed.values]
            print(json.dumps([claimed.revision, answers]))
        driver.index.runs.cancel(run, "bound")


def look_up(driver: Driver, count: int) -> None:
    """The mutant: so many bindings split into single look-ups, as other tools do it."""
    references = [parse_reference(text) for text in REFERENCES]
    for _ in range(count):
        found = [driver.index.versions.resolve([reference]) for reference in references]
        bound = [item.answers[0] for item in found]
        answers = [[b.version, b.metadata] for b in bound if isinstance(b, BoundVersion)]
        print(json.dumps([found[0].revision, answers]))


if __name__ == "__main__":
    role, url, namespace, *rest = sys.argv[1:]
    player = Driver(Index(Connection(url, namespace)))
    if rest:
        {"bind": bind, "look_up": look_up}[role](player, int(rest[0]))
    else:
        {"publish": publish, "promote": promote}[role](player)
