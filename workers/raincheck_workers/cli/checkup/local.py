"""What can be looked at without a server: settings, modules, packages."""

import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from raincheck.index.faults import redacted
from raincheck.settings import Settings
from raincheck_contracts.errors import ArgumentError
from raincheck_workers.cli.modules import import_named
from raincheck_workers.fitness.check import Check, ok, problem, warning

_PACKAGES = ("raincheck", "celery", "kombu", "redis", "scikit-learn", "pandas", "pyarrow", "skops")


def local_checks(settings: Settings) -> Iterator[Check]:
    """Look at what this process has."""
    yield ok("settings", "\n".join(_settings(settings)))
    yield from map(_module, settings.imports)
    if not settings.imports:
        yield ok("modules", "RAINCHECK_IMPORTS names none: workers import those on their line")
    yield ok("packages", ", ".join(_packages()))
    if _version("flower") is None:
        yield warning("flower", "is not installed", "pip install 'raincheck[flower]', to watch")


def _settings(settings: Settings) -> Iterator[str]:
    for name in type(settings).model_fields:
        given = getattr(settings, name)
        shown = redacted(given) if isinstance(given, str) else given
        source = f"RAINCHECK_{name.upper()}" if name in settings.model_fields_set else "default"
        yield f"{name} = {shown if given not in {None, ()} else 'none'} ({source})"


def _module(name: str) -> Check:
    try:
        import_named("RAINCHECK_IMPORTS", name)
    except ArgumentError as error:
        return problem("modules", error.problem, error.remedy)
    return ok("modules", f"{name} can be imported")


def _packages() -> Iterator[str]:
    yield "Python " + sys.version.split()[0]
    for name in _PACKAGES:
        yield f"{name} {_version(name)}"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
