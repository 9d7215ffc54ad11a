"""Finding the version that a person means."""

from raincheck.deployment import Deployment
from raincheck.queueing.unknown_names import NearNames
from raincheck_contracts.artifacts import ArtifactVersion
from raincheck_contracts.errors import ArgumentError, ReferenceNotFoundError
from raincheck_contracts.reference_text import parse_reference
from raincheck_contracts.references import Reference
from raincheck_contracts.runs import MissingReference
from raincheck_workers.cli.missing_words import missing_words


def version_reference(written: str, command: str) -> Reference:
    """The reference that is written, which must name a version, not metadata of one.

    Args:
        written: in the text form, such as `model:production`.
        command: to which it was given; named in the error.

    Raises:
        ReferenceSyntaxError: it is no reference.
        ArgumentError: it names metadata.
    """
    reference = parse_reference(written)
    if reference.pointer is not None:
        problem = f"{written!r} names metadata"
        raise ArgumentError(command, problem, "Leave out what follows #")
    return reference


def resolved_version(deployment: Deployment, reference: Reference) -> ArtifactVersion:
    """The version that a reference names now.

    Raises:
        ReferenceNotFoundError: there is none; says why, with near names.
        ArgumentError: it stands for a list.
    """
    index = deployment.index
    answer = index.versions.resolve([reference]).answers[0]
    if isinstance(answer, MissingReference):
        raise ReferenceNotFoundError((missing_words(NearNames(index), answer),))
    if isinstance(answer, tuple):
        problem = f"{reference} stands for a list of versions"
        raise ArgumentError("the reference", problem, "Leave take= out: one version is meant")
    source = index.elsewhere(answer.namespace)
    version = source.records.version(answer.artifact, answer.version)
    if version is None:
        raise ReferenceNotFoundError((str(reference),))
    return version
