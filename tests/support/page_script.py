"""Plays the examples of one page, as a reader would: `python page_script.py ACTS ANSWERS`.

It runs in the page's own folder and imports nothing of the tests. ACTS is a JSON list of
`{"code": ...}` or `{"commands": [{"words": ..., "variable": ...}]}`, each with `"shown"`, the
output on the page, or null. ANSWERS takes the output of each act.
"""

import contextlib
import io
import json
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from raincheck_workers.cli import app

#: They change something, so they are played once; what only looks is repeated until it
#: shows what the page shows, because a worker needs its time.
_CHANGING = {"enqueue", "cancel", "retry", "alias", "log-metadata", "promote", "rollback"}
_PATIENCE = 20.0
_SAME = [
    (r"\b[0-9a-f]{32}\b", "RUN"),
    (r"b3:[0-9a-f]+", "DIGEST"),
    (r"\S+-\d+-[0-9a-f]{16}", "NODE"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME"),
    (r"\b[\d.]+ (ms|s|min|h)\b", "TIME"),
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
    if command["words"][0] == "echo":
        done = subprocess.run(["sh", "-c", " ".join(command["words"])], check=True)
        return "", done.returncode
    words = [_newest_run() if word == "RUN" else word for word in command["words"]]
    words = [re.sub(r"\$(\w+)", lambda name: variables[name[1]], word) for word in words]
    answer = CliRunner().invoke(app, words[1:])
    if answer.exception is not None and not isinstance(answer.exception, SystemExit):
        raise answer.exception
    if command["variable"]:
        variables[command["variable"]] = answer.stdout.strip()
        return answer.stderr, answer.exit_code
    return answer.output, answer.exit_code


def _play_commands(act: Mapping[str, Any], variables: dict[str, str]) -> str:
    shown: str | None = act["shown"]
    commands = act["commands"]
    printed: list[str] = []
    for command in commands:
        looks = len(commands) == 1 and not _CHANGING & set(command["words"])
        if shown is not None and looks:
            text, code = _until_shown(command, variables, shown)
        else:
            text, code = _play_command(command, variables)
        if code and shown is None:
            raise SystemExit(f"{act['place']}: exit code {code} of {command['words']}\n{text}")
        printed.append(text)
    return "".join(printed)


def _until_shown(
    command: Mapping[str, Any], variables: dict[str, str], shown: str
) -> tuple[str, int]:
    end = time.monotonic() + _PATIENCE
    while True:
        text, code = _play_command(command, variables)
        if matches(shown, text) or time.monotonic() > end:
            return text, code
        time.sleep(0.1)


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
        printed = _play_code(act, names) if "code" in act else _play_commands(act, variables)
        answers.append(printed)
        Path(answers_file).write_text(json.dumps(answers))


if __name__ == "__main__":
    main(*sys.argv[1:])
