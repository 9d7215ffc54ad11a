"""How a version is written: `artifact@version`, after its namespace when that is another."""


def version_text(artifact: str, version: str, namespace: str | None = None) -> str:
    """The text of a version.

    Args:
        artifact: its name.
        version: its name.
        namespace: the fall-back that has it; None for the own one.
    """
    own = f"{artifact}@{version}"
    return f"{namespace}/{own}" if namespace else own


#: `model/<name>` is a model: no namespace of that name is a fall-back.
RESERVED = "model"


def split_version_text(text: str) -> tuple[str, str, str | None]:
    """Artifact, version and the fall-back that has it, or None.

    Args:
        text: as `version_text` writes it.
    """
    name, _, version = text.rpartition("@")
    namespace, separator, artifact = name.partition("/")
    if not separator or namespace == RESERVED:
        return name, version, None
    return artifact, version, namespace
