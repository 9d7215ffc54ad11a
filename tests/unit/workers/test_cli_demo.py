import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from pydantic import BaseModel, model_serializer
from pydantic_core import PydanticSerializationError

import raincheck_workers.demo
from raincheck.settings import Settings, environment_of
from raincheck_contracts.errors import ArgumentError, WorkerProcessError
from raincheck_workers.demo.home import demo_home
from raincheck_workers.demo.interruption import interruptible
from raincheck_workers.demo.worker_process import WorkerProcess
from tests.support.command_line import command_line

REPOSITORY = Path(__file__).parents[3]


def test_the_example_is_the_module_that_the_demo_runs() -> None:
    """`examples/forecasting.py` and the module in the package are the same text."""
    shipped = Path(raincheck_workers.demo.__path__[0]) / "forecasting.py"
    example = REPOSITORY / "examples" / "forecasting.py"
    assert example.read_text(encoding="utf-8") == shipped.read_text(encoding="utf-8")


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    """`--home` with something in it is exit code 2, and stays as it was."""
    (tmp_path / "mine.txt").write_text("mine")
    with command_line(tmp_path / "other") as raincheck:
        answer = raincheck("demo", "--home", str(tmp_path))
    assert answer.code == 2
    assert f"{tmp_path} is not an empty folder" in answer.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_chosen_folder_is_made_and_kept(tmp_path: Path) -> None:
    """A folder that the caller names is created and not removed."""
    with demo_home(tmp_path / "a" / "b", keep=False) as home:
        assert home == tmp_path / "a" / "b"
    assert home.is_dir()


@pytest.mark.parametrize("keep", [True, False])
def test_a_temporary_folder_is_kept_only_on_demand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, keep: bool
) -> None:
    """Without `--keep` nothing is left of the demo's own folder."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with demo_home(None, keep=keep) as home:
        assert home.parent == tmp_path
    assert home.exists() is keep


def test_a_file_is_no_home(tmp_path: Path) -> None:
    """A file where the folder should be is refused."""
    (tmp_path / "file").touch()
    with (
        pytest.raises(ArgumentError, match="not an empty folder"),
        demo_home(tmp_path / "file", keep=False),
    ):
        pass


def test_the_first_signal_interrupts_and_the_next_are_ignored() -> None:
    """What is being ended after Ctrl-C is not disturbed by a second one."""
    before = signal.getsignal(signal.SIGTERM)
    with interruptible():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGHUP)
    assert signal.getsignal(signal.SIGTERM) is before


class _Interrupted(BaseModel):
    @model_serializer
    def _interrupted(self) -> str:
        signal.raise_signal(signal.SIGINT)
        return ""


def test_a_library_cannot_make_another_error_of_an_interruption() -> None:
    """Ctrl-C while pydantic serializes is still KeyboardInterrupt, and names what it was made."""
    with (
        interruptible() as interruption,
        pytest.raises(KeyboardInterrupt) as raised,
        interruption.undisguised(),
    ):
        _Interrupted().model_dump()
    assert isinstance(raised.value.__cause__, PydanticSerializationError)


def test_an_interruption_that_was_swallowed_comes_at_the_end() -> None:
    """Code that catches everything delays Ctrl-C, and does not undo it."""
    with (
        interruptible() as interruption,
        pytest.raises(KeyboardInterrupt),
        interruption.undisguised(),
        suppress(BaseException),
    ):
        signal.raise_signal(signal.SIGINT)


def test_an_error_without_a_signal_stays_what_it_is() -> None:
    """Only what followed a signal becomes an interruption."""
    with (
        interruptible() as interruption,
        pytest.raises(ValueError, match="mine"),
        interruption.undisguised(),
    ):
        raise ValueError("mine")


def test_a_worker_that_has_ended_is_not_waited_for(tmp_path: Path) -> None:
    """The error names the exit status and what had not happened, and the log can be shown."""
    log = tmp_path / "worker.log"
    log.write_text("one\ntwo\n", encoding="utf-8")
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(7)"]) as process:
        worker = WorkerProcess(process, log)
        with pytest.raises(WorkerProcessError, match="status 7 before it worked"):
            worker.wait_until(lambda: False, "it worked")
    assert worker.log_tail() == "one\ntwo"


def test_a_child_gets_the_settings_and_nothing_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings in the environment are replaced, all else is handed on."""
    settings = Settings(home=tmp_path, imports=("a", "b"), lease=3)
    monkeypatch.setenv("RAINCHECK_URL", "redis://elsewhere")
    monkeypatch.setenv("UNRELATED", "kept")
    environment = environment_of(settings)
    assert "RAINCHECK_URL" not in environment
    assert environment["UNRELATED"] == "kept"
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("RAINCHECK_URL")
    assert Settings() == settings
