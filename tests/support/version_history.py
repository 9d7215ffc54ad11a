"""A history of versions, acted out on an index, and what every reference means at any moment.

The answers are evaluated in plain Python over all that ever happened: nothing of the scripts.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from raincheck.index import Index
from raincheck_contracts._base import JsonValue
from raincheck_contracts.references import Reference
from raincheck_contracts.selectors import (
    AliasSelector,
    BestSelector,
    Condition,
    NthSelector,
    Operator,
    PipelineSelector,
    RunSelector,
    TagSelector,
    VersionSelector,
    WhereSelector,
)
from tests.support.builders import new_version, nonce, pipeline, step
from tests.support.driver import Driver

ARTIFACT = "m"
#: Whether something that came at a revision is asked about.
Then = Callable[[int], bool]
Metadata = dict[str, JsonValue]


@dataclass(slots=True)
class PastVersion:
    """A version, with the revisions at which it got what it has."""

    name: str
    revision: int
    pipeline: str | None
    run: str | None
    metadata: dict[str, tuple[JsonValue, int]]
    tags: dict[str, int]

    def value(self, key: str, then: Then) -> JsonValue:
        """Of a metadata key; None when it was not there. No value of a history is None."""
        value, revision = self.metadata.get(key, (None, 0))
        return value if then(revision) else None


@dataclass(slots=True)
class Past:
    """All that ever happened to one artifact."""

    driver: Driver
    versions: list[PastVersion] = field(default_factory=list[PastVersion])
    aliases: list[tuple[str, str, int]] = field(default_factory=list[tuple[str, str, int]])
    """Alias, version, revision of the move."""
    runs: list[str] = field(default_factory=list[str])

    @property
    def index(self) -> Index:
        """Where it happens."""
        return self.driver.index

    # Acts; each is a call of the index, and what is to be remembered of it.

    def publish(self, *, named: bool, metadata: Metadata, tags: tuple[str, ...]) -> None:
        """Publish a version by hand, under a number or a name of its own."""
        name = f"v{len(self.versions)}" if named else None
        new = new_version(ARTIFACT, name, metadata=metadata, tags=tags)
        done = self.index.versions.publish(nonce(), new)
        self._note(done.version, done.revision, None, None, metadata, tags)

    def publish_in_run(
        self, *, pipeline_name: str, metadata: Metadata, tags: tuple[str, ...], count: int
    ) -> None:
        """Publish versions as outputs of one step: they share a revision."""
        spec = pipeline(step("s")).model_copy(update={"name": pipeline_name})
        run = self.driver.submit(spec)
        outputs = [
            new_version(ARTIFACT, output=f"o{place}", metadata=metadata, tags=tags)
            for place in range(count)
        ]
        done = self.driver.finish(run, "s", *outputs)
        self.runs.append(run)
        for place in range(count):
            name = done.outputs[f"o{place}"].partition("@")[2]
            self._note(name, done.revision, pipeline_name, run, metadata, tags)

    def log(self, *, place: int, metadata: Metadata) -> None:
        """Add metadata to a version; keys that it has are left out."""
        if version := self._at(place):
            new = {key: value for key, value in metadata.items() if key not in version.metadata}
            done = self.index.versions.log_metadata(ARTIFACT, version.name, new)
            version.metadata |= {key: (value, done.revision) for key, value in new.items()}

    def tag(self, *, place: int, tag: str) -> None:
        """Tag a version, perhaps again."""
        if version := self._at(place):
            done = self.index.versions.tag(ARTIFACT, version.name, tag)
            version.tags.setdefault(tag, done.revision)

    def move(self, *, place: int, alias: str) -> None:
        """Let an alias name a version, perhaps the one that it names."""
        if version := self._at(place):
            done = self.index.versions.set_alias(nonce(), ARTIFACT, alias, version.name)
            self.aliases.append((alias, version.name, done.revision))

    def _at(self, place: int) -> PastVersion | None:
        return self.versions[place % len(self.versions)] if self.versions else None

    def _note(
        self,
        name: str,
        revision: int,
        pipeline_name: str | None,
        run: str | None,
        metadata: Metadata,
        tags: tuple[str, ...],
    ) -> None:
        noted = {key: (value, revision) for key, value in metadata.items()}
        tagged = dict.fromkeys(tags, revision)
        self.versions.append(PastVersion(name, revision, pipeline_name, run, noted, tagged))

    # Answers

    def meant(self, reference: Reference, then: Then) -> list[tuple[str, JsonValue]] | None:
        """The versions that a reference names, with their metadata if it asks for it.

        Args:
            reference: to this artifact.
            then: of the moment to be asked about.

        Returns:
            In order, one without a list; None when it names none, or one lacks the metadata.
        """
        found = list(self._ordered(reference, then))
        if reference.take is None:
            found = found[:1]
        elif reference.take != "all":
            found = found[: reference.take]
        if not found:
            return None
        if reference.pointer is None:
            return [(version.name, None) for version in found]
        values = [(item.name, item.value(reference.pointer_tokens[0], then)) for item in found]
        return None if any(value is None for _, value in values) else values

    def _ordered(  # noqa: C901 - one for each selector
        self, reference: Reference, then: Then
    ) -> Iterator[PastVersion]:
        there = [version for version in self.versions if then(version.revision)]
        newest = there[::-1]
        match reference.selector:
            case VersionSelector(version=name):
                yield from (version for version in there if version.name == name)
            case AliasSelector(alias=alias):
                moves = [
                    to for name, to, revision in self.aliases if name == alias and then(revision)
                ]
                yield from (version for version in there if version.name in moves[-1:])
            case NthSelector(back=back):
                yield from newest[back : back + 1]
            case TagSelector(tag=tag):
                yield from (item for item in newest if tag in item.tags and then(item.tags[tag]))
            case PipelineSelector(pipeline=name):
                yield from (version for version in newest if version.pipeline == name)
            case RunSelector(run=run):
                yield from (version for version in newest if version.run == run)
            case BestSelector():
                yield from _best_first(newest, reference.selector, then)
            case WhereSelector(conditions=conditions):
                yield from (item for item in newest if _satisfies(item, conditions, then))
            case _:
                yield from newest

    def times(self) -> dict[int, datetime]:
        """When each revision that has events was, to the millisecond."""
        return {
            int(event.id.partition("-")[0]): event.time.astimezone(UTC)
            for event in self.index.events.read(limit=1_000)
        }


def _best_first(
    newest: list[PastVersion], selector: BestSelector, then: Then
) -> Iterator[PastVersion]:
    sign = 1 if selector.mode == "min" else -1
    scored = [(item.value(selector.metric, then), item) for item in newest]
    numbers = [(sign * value, item) for value, item in scored if isinstance(value, int | float)]
    yield from (item for _, item in sorted(numbers, key=lambda pair: pair[0]))


def _satisfies(version: PastVersion, conditions: tuple[Condition, ...], then: Then) -> bool:
    return all(_holds(version.value(one.key, then), one) for one in conditions)


def _holds(value: JsonValue, condition: Condition) -> bool:
    if value is None:
        return False
    wanted = condition.value
    match condition.op:
        case Operator.EXISTS:
            return True
        case Operator.EQ:
            return type(value) is type(wanted) and value == wanted
        case _:
            if not isinstance(value, int | float) or not isinstance(wanted, int | float):
                return False
            return {
                Operator.LT: value < wanted,
                Operator.LE: value <= wanted,
                Operator.GT: value > wanted,
                Operator.GE: value >= wanted,
            }[condition.op]
