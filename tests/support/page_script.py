"""Plays the examples of one page, as a reader would: `python page_script.py ACTS ANSWERS`.

It runs in the page's own folder and imports nothing of the tests. ACTS is a JSON list of
`{"code": ...}` or `{"commands": [{"words": ..., "variable": ...}]}`, each with `"shown"`, the
output on the page, or null. ANSWERS takes the output of each act.
"""

import contextlib
import io
import json
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from raincheck_workers.cli import app

#: They change something, so they are played once; what only looks is repeated until it
#: shows what the page shows, because a worker needs its time.
_CHANGING = {"enqueue", "cancel", "retry", "alias", "log-metadata"}
_PATIENCE = 20.0
_SAME = [
    (r"\b[0-9a-f]{32}\b", "RUN"),
    (r"b3:[0-9a-f]+", "DIGEST"),
    (r"\S+-\d+-[0-9a-f]{16}", "NODE"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME"),
    (r"\b[\d.]+ (ms|s|min|h)\b", "TIME"),
    (r"\(\d+ min left\)", "(TIME left)"),
    (r"─+", "─"),
    (r"\s+", " "),
]


def _normal(text: str) -> str:
    for pattern, word in _SAME:
        text = re.sub(pattern, word, text)
    return text.strip()


def matches(shown: str, printed: str) -> bool:
    """Whether a page shows what was printed; `...` on the page stands for anything."""
    pattern = re.escape(_normal(shown)).replace(re.escape("..."), ".*")
    return re.fullmatch(pattern, _normal(printed)) is not None


def _newest_run() -> str:
    listed = CliRunner().invoke(app, ["runs", "list", "--json"])
    runs = sorted(json.loads(listed.stdout), key=lambda run: run["submitted_at"])
    return str(runs[-1]["id"]) if runs else "RUN"


def _play_command(command: Mapping[str, Any], variables: dict[str, str]) -> tuple[str, int]:
    words = [_NEWEST.sub(lambda _: _newest_run(), word) for word in command["words"]]
    words = [re.sub(r"\$(\w+)", lambda name: variables[name[1]], word) for word in words]
    done = CliRunner().invoke(app, words[1:])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    if command["variable"]:
        variables[command["variable"]] = done.stdout.strip()
        return done.stderr, done.exit_code
    return done.output, done.exit_code


_NEWEST = re.compile("^RUN$")


def _play_commands(act: Mapping[str, Any], variables: dict[str, str]) -> str:
    end = time.monotonic() + _PATIENCE
    printed: list[str] = []
    shown = act["shown"]
    for command in act["commands"]:
        text, code = _play_command(command, variables)
        only = shown is not None and len(act["commands"]) == 1
        while only and not _CHANGING & set(command["words"]) and time.monotonic() < end:
            if matches(shown, text):
                break
            time.sleep(0.1)
            text, code = _play_command(command, variables)
        if code and shown is None:
            raise SystemExit(f"{act['place']}: exit code {code} of {command['words']}\n{text}")
        printed.append(text)
    return "".join(printed)


def _play_code(act: Mapping[str, Any], names: dict[str, Any]) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(act["code"], act["place"], "exec"), names)  # noqa: S102 - the page's own code
    return printed.getvalue()


def main(acts_file: str, answers_file: str) -> None:
    """Play the acts in order and write down what each printed."""
    sys.path.insert(0, str(Path.cwd()))
    variables: dict[str, str] = {}
    names: dict[str, Any] = {"__name__": "__main__"}
    answers: list[str] = []
    for act in json.loads(Path(acts_file).read_text()):
        play = _play_code(act, names) if "code" in act else _play_commands(act, variables)
        answers.append(play)
        Path(answers_file).write_text(json.dumps(answers))


if __name__ == "__main__":
    main(*sys.argv[1:])
