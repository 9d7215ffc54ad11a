"""Where a version came from and what came of it, as a client asks for it."""

from raincheck.client.access import Access
from raincheck.lineage.walking import Direction, lineage_of
from raincheck_contracts.errors import ArgumentError, ReferenceNotFoundError
from raincheck_contracts.lineage import Lineage
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.runs import MissingReference
from raincheck_contracts.version_text import version_text


class LineageReading(Access):
    """Lineage of versions."""

    def lineage(
        self,
        reference: str,
        version: str | int | None = None,
        *,
        direction: Direction = "both",
        depth: int | None = None,
        limit: int = 1_000,
    ) -> Lineage:
        """What a version came from and what came of it, breadth first.

        Args:
            reference: in string form, resolved now, such as `model:latest` or `model?min=MSE`;
                with `version` the name of the artifact.
            version: of the artifact.
            direction: `up` to what it came from, `down` to what came of it.
            depth: steps to go in each direction; None is all.
            limit: versions and step runs that are read; `truncated` says when there are more.

        Raises:
            ReferenceSyntaxError: the reference cannot be read.
            ReferenceNotFoundError: it names no version now.
            ArgumentError: an argument that cannot be used.
        """
        if direction not in {"up", "down", "both"}:
            problem = f"direction is {direction!r}"
            raise ArgumentError("lineage", problem, "Give 'up', 'down' or 'both'")
        if limit < 1 or (depth is not None and depth < 0):
            problem = f"depth is {depth} and limit {limit}"
            raise ArgumentError("lineage", problem, "Give a depth from 0 and a limit from 1")
        if version is not None:
            reference = f"{reference}@{version}"
        index = self.deployment.index
        answer = index.versions.resolve([parse_reference(reference)]).answers[0]
        if isinstance(answer, MissingReference):
            if answer.deleted is None:
                raise ReferenceNotFoundError((str(answer),))
            artifact = parse_reference(reference).artifact
            root = f"{artifact}@{answer.deleted.version}"
            return lineage_of(index, root, direction=direction, depth=depth, limit=limit)
        if isinstance(answer, tuple):
            problem = f"{reference} stands for a list"
            raise ArgumentError("lineage", problem, "Leave take= out: one version is meant")
        root = version_text(answer.artifact, answer.version, answer.namespace)
        return lineage_of(index, root, direction=direction, depth=depth, limit=limit)
