"""Runs the `raincheck` command in this process, against an index on fakeredis."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from raincheck.deployment import Deployment, use_deployment
from raincheck.settings import Settings
from raincheck_workers.cli import app
from tests.support.driver import Driver
from tests.support.servers import fake_index


@dataclass(frozen=True)
class Answer:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The JSON document on standard output."""
        return json.loads(self.out)


def run_command(*arguments: str) -> Answer:
    """Run a command in the deployment that is in use.

    Raises:
        BaseException: what the command did not turn into an exit code.
    """
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Answer(result.exit_code, result.stdout, result.stderr)


@dataclass(frozen=True)
class CommandLine:
    """The command line of one deployment, and its index to be played with."""

    deployment: Deployment
    driver: Driver

    def __call__(self, *arguments: str) -> Answer:
        """Run a command."""
        return run_command(*arguments)

    def document(self, *arguments: str) -> Any:
        """Run a command that succeeds and prints JSON."""
        answer = self(*arguments, "--json")
        assert answer.code == 0, answer.err
        return answer.document


@contextmanager
def command_line(home: Path) -> Generator[CommandLine]:
    """A command line with an empty index; its broker keeps messages in memory."""
    index = fake_index()
    settings = Settings(home=home, url="redis://fake", broker_url="memory://")
    with use_deployment(Deployment(settings, index=index)) as deployment:
        yield CommandLine(deployment, Driver(index))
