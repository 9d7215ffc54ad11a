"""Reads Dockerfile and .dockerignore."""

from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile with their arguments, each in one line."""
    lines = [
        line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#")
    ]
    text = "\n".join(lines).replace("\\\n", " ")
    pairs = (line.split(maxsplit=1) for line in text.splitlines() if line.strip())
    return [(word, rest) for word, rest in pairs]


def arguments_of(instruction: str) -> list[str]:
    """The arguments of every instruction of a kind."""
    return [rest for word, rest in instructions() if word == instruction]


def commands() -> list[list[str]]:
    """The shell commands that RUN instructions run, in words."""
    return [part.split() for rest in arguments_of("RUN") for part in rest.split("&&")]


def in_build_context(path: str) -> bool:
    """Whether .dockerignore lets a file or folder into the build; the last match decides."""
    included = True
    parts = Path(path).parts
    above = ["/".join(parts[: length + 1]) for length in range(len(parts))]
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        name = pattern.removeprefix("!").rstrip("/")
        names = [name, name.removeprefix("**/")]
        if any(fnmatch(item, name) for item in above for name in names):
            included = pattern.startswith("!")
    return included
