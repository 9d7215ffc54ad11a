"""Short ways to move aliases in tests."""

from raincheck.index import Index
from raincheck.index.alias_scripts import Mode, Mover
from raincheck_contracts.aliases import AliasMove, Promotion
from tests.support.builders import nonce, pipeline, step
from tests.support.driver import Driver

HAND = Mover(by="ann", why="because")


def promote(
    index: Index,
    version: str | None,
    mode: Mode | None = None,
    *,
    request: str | None = None,
    expected: str | None = None,
    mover: Mover = HAND,
) -> Promotion:
    """Promote a version of `model` to `prod`, with a mode if its MSE is better."""
    metric = None if mode is None else "MSE"
    wish = (request or nonce(), "model", version, "prod")
    scripts = index.aliases
    done = scripts.promote(*wish, metric=metric, mode=mode, expected=expected, mover=mover)
    return done.promotion


def roll_back(
    index: Index,
    *,
    request: str | None = None,
    expected: str | None = None,
    mover: Mover = HAND,
) -> Promotion:
    """Roll `model:prod` back."""
    wish = (request or nonce(), "model", "prod")
    return index.aliases.rollback(*wish, expected=expected, mover=mover).promotion


def moves(index: Index) -> list[AliasMove]:
    """The moves of `model:prod`, oldest first."""
    return index.aliases.history("model", "prod", 10_000)[::-1]


def named(index: Index) -> str | None:
    """What `model:prod` names now."""
    return index.records.aliases("model").get("prod")


def mover_of(driver: Driver, name: str) -> Mover:
    """A step of a run of the pipeline `name` that runs now."""
    spec = pipeline(step("a")).model_copy(update={"name": name})
    run = driver.submit(spec)
    driver.claimed(run, "a")
    return Mover(by=f"{name}/{run}/a", why="better", run=run)
