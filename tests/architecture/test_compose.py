"""docker-compose.yml is a compose file, and says what the code understands."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer.main
from celery.bin.celery import celery
from flower.options import default_options

from raincheck import Settings, read_settings
from raincheck_workers.cli import app
from tests.support.compose import compose_file, service_command
from tests.support.dockerfile import arguments_of, commands

SCHEMA = Path(__file__).parent / "schemas" / "compose-spec.json"
VARIABLES = {"FLOWER_PASSWORD": "secret", "VALKEY_PASSWORD": "hidden"}
OURS = ("worker", "flower")


@pytest.fixture
def services() -> dict[str, Any]:
    """The services, with the defaults of all variables but the passwords."""
    found: dict[str, Any] = compose_file(**VARIABLES)["services"]
    return found


@pytest.mark.parametrize(
    "variables", [VARIABLES, {"FLOWER_PASSWORD": "x", "RAINCHECK_STORE": "/mnt/blobs"}]
)
def test_it_follows_the_compose_specification(variables: dict[str, str]) -> None:
    """By the specification's own schema."""
    validator = jsonschema.Draft7Validator(json.loads(SCHEMA.read_text()))
    assert [error.message for error in validator.iter_errors(compose_file(**variables))] == []


def test_flower_does_not_start_without_a_password(services: dict[str, Any]) -> None:
    """The file cannot even be read; and nothing opens Flower's API to everybody."""
    with pytest.raises(LookupError, match="FLOWER_PASSWORD: Flower needs one"):
        compose_file()
    environment = services["flower"]["environment"]
    assert environment["FLOWER_BASIC_AUTH"] == "raincheck:secret"
    assert "FLOWER_UNAUTHENTICATED_API" not in environment


def test_ports_are_this_hosts_unless_told(services: dict[str, Any]) -> None:
    """Only Flower can be told."""
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert sorted(ports) == ["127.0.0.1:5555:5555", "127.0.0.1:6379:6379"]
    told = compose_file(**VARIABLES, FLOWER_ADDRESS="0.0.0.0")["services"]  # noqa: S104 - the point
    assert told["flower"]["ports"] == ["0.0.0.0:5555:5555"]


def _parse(arguments: list[str]) -> None:
    """Parse a command line with the program that it names; errors are raised."""
    program, *rest = arguments
    # Celery's commands are click's, ours are Typer's own copy of click's.
    command: Any = {"raincheck": typer.main.get_command(app), "celery": celery}[program]
    context = command.make_context(program, rest)
    while hasattr(command, "resolve_command"):
        rest = [*context._protected_args, *context.args]
        name, found, rest = command.resolve_command(context, rest)
        assert found is not None, rest
        command, context = found, found.make_context(name, list(rest), parent=context)
    assert context.args == []


@pytest.mark.parametrize("name", OURS)
def test_commands_parse(services: dict[str, Any], name: str) -> None:
    """With the real command lines of raincheck and Celery."""
    _parse(service_command(services[name]))


def test_commands_of_the_comments_parse() -> None:
    """What the head of the file tells to run."""
    text = Path(SCHEMA.parents[3] / "docker-compose.yml").read_text()
    for line in re.findall(r"docker compose run --rm worker (.*)", text):
        _parse(["raincheck", *shlex.split(line)])


@pytest.mark.parametrize("name", OURS)
def test_variables_of_the_environment_exist(services: dict[str, Any], name: str) -> None:
    """Each is a setting of ours with a value that can be used, or one of Flower's."""
    environment: dict[str, str] = services[name]["environment"]
    ours = {key.removeprefix("RAINCHECK_").lower(): environment[key] for key in environment}
    ours = {key: value for key, value in ours.items() if not key.startswith("flower_")}
    assert set(ours) <= set(Settings.model_fields)
    assert read_settings(**{key: value for key, value in ours.items() if value}).url
    theirs = {key for key in environment if key.startswith("FLOWER_")}
    assert {key.removeprefix("FLOWER_").lower() for key in theirs} <= set(default_options)


def test_volumes_are_the_images_folders(services: dict[str, Any]) -> None:
    """Where Docker makes the folder of a volume itself, it would belong to root."""
    worker = services["worker"]
    mounted = {item.split(":")[1] for item in worker["volumes"]}
    (made,) = [words for words in commands() if words[0] == "install"]
    assert mounted == {word for word in made if word.startswith("/")}
    assert worker["environment"]["RAINCHECK_STORE"] in mounted
    assert arguments_of("WORKDIR")[-1] in mounted
    assert worker["volumes"][1].endswith(":ro")
    named = {
        item.split(":")[0] for service in services.values() for item in service.get("volumes", [])
    }
    declared = compose_file(**VARIABLES)["volumes"]
    assert {name for name in named if "/" not in name} == set(declared)


def test_whoever_is_waited_for_can_become_healthy(services: dict[str, Any]) -> None:
    """A condition `service_healthy` needs a health check; each service has one."""
    for service in services.values():
        assert service["healthcheck"]["test"]
        for name, needed in service.get("depends_on", {}).items():
            assert needed == {"condition": "service_healthy"}
            assert "healthcheck" in services[name]


@pytest.mark.parametrize("name", OURS)
def test_our_services_run_with_few_rights(services: dict[str, Any], name: str) -> None:
    """No root, nothing to write to but volumes and memory; and time to end in good order."""
    assert arguments_of("USER")[-1] != "root"
    service = services[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert services["worker"]["stop_grace_period"] == "45s"


def test_the_server_keeps_what_it_acknowledges(services: dict[str, Any]) -> None:
    """Append-only, never evicting, on a volume; the password reaches all three."""
    command = " ".join(services["valkey"]["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command
    assert command.endswith("--requirepass hidden")
    assert services["valkey"]["volumes"] == ["index:/data"]
    assert services["worker"]["environment"]["RAINCHECK_URL"] == "redis://:hidden@valkey:6379/0"
