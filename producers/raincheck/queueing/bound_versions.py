"""Which versions the references of a recorded run became."""

from collections.abc import Mapping
from typing import TypeAlias

from raincheck.index.connection import text
from raincheck.index.packing import FIELD, ITEM, pack_reference, unpack_counts
from raincheck.index.run_records import StoredRun
from raincheck_contracts.pipelines import PipelineSpec, ReferenceInput, needs_of
from raincheck_contracts.references import Reference
from raincheck_contracts.selectors import TriggerSelector

#: Artifact and version of each, in their order.
Versions: TypeAlias = tuple[tuple[str, str], ...]


class BoundVersions:
    """The versions that a run's references became.

    Args:
        stored: the run's records.
        spec: its pipeline as it was recorded.
    """

    def __init__(self, stored: StoredRun, spec: PipelineSpec) -> None:
        self._run = stored.record
        self._steps = {
            step.name: _bound(step_needs, stored.steps[step.name])
            for step in spec.steps
            if (step_needs := [need.canonical_json() for need in needs_of(step)])
        }

    def of(self, step: str, reference: Reference) -> Versions | None:
        """What a step's reference became; None when neither step nor run had bound it."""
        need = ReferenceInput(reference=reference).canonical_json()
        found = self._steps.get(step, {}).get(need)
        return self._of_run(reference) if found is None else found

    def _of_run(self, reference: Reference) -> Versions | None:
        """A pipeline that binds as a whole keeps what it bound for steps still to come."""
        packed = pack_reference(reference)
        listed = self._run.get(f"n:{packed}")
        if listed is not None:
            versions = text(listed).split(ITEM) if listed else []
            return tuple((reference.artifact, version) for version in versions)
        one = self._run.get(f"b:{packed}")
        if one is None:
            return None
        artifact, version = text(one).split(FIELD)
        return ((artifact, version),)

    def triggering(self, reference: Reference) -> Versions | None:
        """The versions of an artifact among the events that started the run."""
        packed = text(self._run.get("trigger"))
        found: dict[str, int] = {}
        for item in packed.split(ITEM) if packed else ():
            _, _, artifact, version, sequence, *_ = item.split(FIELD)
            if artifact == reference.artifact:
                found.setdefault(version, int(sequence))
        versions = tuple((reference.artifact, one) for one in sorted(found, key=found.__getitem__))
        selector = reference.selector
        if isinstance(selector, TriggerSelector) and selector.take == "all":
            return versions
        return versions[-1:] or None


def _bound(needs: list[str], details: Mapping[str, bytes]) -> dict[str, Versions]:
    """What a step's needs became, by their canonical JSON; nothing for one that is not bound."""
    if "bn" not in details:
        return {}
    found: dict[str, Versions] = {}
    place = 1
    for need, count in zip(needs, unpack_counts(text(details["bc"])), strict=True):
        bound = [text(details[f"b{place + i}"]).split(FIELD) for i in range(count)]
        found[need] = tuple((artifact, version) for artifact, version, _ in bound)
        place += count
    return found
