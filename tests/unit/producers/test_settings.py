"""The settings: what the environment says, and what it must not."""

from pathlib import Path

import pytest

from raincheck import Settings, read_settings
from raincheck.deployment import deployment_of
from raincheck_contracts.errors import SettingsError


def test_without_an_environment_everything_has_a_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folder, embedded server, namespace, lease of 10 seconds, wait of an hour."""
    monkeypatch.chdir(tmp_path)
    settings = read_settings()
    assert settings.home == Path(".raincheck")
    assert settings.blob_folder == tmp_path / ".raincheck" / "blobs"
    assert (settings.url, settings.broker_url) == (None, None)
    assert (settings.namespace, settings.durability) == ("default", "relaxed")
    assert (settings.lease, settings.wait, settings.imports) == (10.0, 3_600.0, ())
    assert (settings.log_format, settings.metrics_port) == ("text", None)


def test_each_setting_is_read_from_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Durations as people write them, modules separated by commas or spaces."""
    values = {
        "HOME": "/srv/rc",
        "URL": "redis://r:6379/1",
        "BROKER_URL": "amqp://b",
        "STORE": "file:///srv/blobs",
        "NAMESPACE": "team-a",
        "LEASE": "3s",
        "WAIT": "30m",
        "DURABILITY": "strict",
        "IMPORTS": "my.steps, other pipelines",
        "INLINE_LIMIT": "0",
        "LOG_FORMAT": "json",
        "METRICS_PORT": "9464",
        "METRICS_HOST": "192.0.2.7",
    }
    for name, value in values.items():
        monkeypatch.setenv(f"RAINCHECK_{name}", value)
    settings = read_settings()
    assert settings == Settings(
        home=Path("/srv/rc"),
        url="redis://r:6379/1",
        broker_url="amqp://b",
        store="file:///srv/blobs",
        namespace="team-a",
        lease=3.0,
        wait=1_800.0,
        durability="strict",
        imports=("my.steps", "other", "pipelines"),
        inline_limit=0,
        log_format="json",
        metrics_port=9464,
        metrics_host="192.0.2.7",
    )
    assert settings.blob_folder == Path("/srv/blobs")


def test_an_empty_variable_is_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose files pass empty variables on."""
    monkeypatch.setenv("RAINCHECK_URL", "")
    monkeypatch.setenv("RAINCHECK_LEASE", "")
    assert read_settings() == Settings()


def test_what_is_given_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for any argument."""
    monkeypatch.setenv("RAINCHECK_NAMESPACE", "from-outside")
    assert read_settings(namespace="given").namespace == "given"


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("LEASE", "soon", "'soon' is no duration; write 90s"),
        ("LEASE", "0.5", "greater than or equal to 1"),
        ("WAIT", "-1", "'-1' is no duration"),
        ("WAIT", "inf", "'inf' is no duration"),
        ("NAMESPACE", "Team A", "'Team A': String should match"),
        ("DURABILITY", "eventual", "'relaxed' or 'strict'"),
        ("LOG_FORMAT", "xml", "'text' or 'json'"),
        ("METRICS_PORT", "65536", "less than or equal to 65535"),
        ("INLINE_LIMIT", "lots", "'lots': Input should be a valid integer"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(
    name: str, value: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its variable, its value and what is wrong."""
    monkeypatch.setenv(f"RAINCHECK_{name}", value)
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert str(caught.value).startswith(f"RAINCHECK_{name}: ")
    assert problem in str(caught.value)


@pytest.mark.parametrize("store", ["s3://bucket/prefix", "file://relative/path"])
def test_a_store_that_is_not_known_is_refused_when_it_is_needed(store: str) -> None:
    """It names the setting and what can be written."""
    with pytest.raises(SettingsError, match=r"RAINCHECK_STORE: .*(file://|file:///)"):
        _ = Settings(store=store).blob_folder


def test_settings_do_not_change_and_can_be_keys() -> None:
    """One process has one deployment for equal settings."""
    assert hash(Settings()) == hash(Settings())
    assert deployment_of(Settings()) is deployment_of(Settings())
    assert deployment_of(Settings()) is not deployment_of(Settings(namespace="other"))


def test_a_namespace_does_not_fall_back_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by name nor by the default; another one is read from its variable."""
    monkeypatch.setenv("RAINCHECK_FALLBACK_NAMESPACE", "production")
    assert read_settings().fallback_namespace == "production"
    assert read_settings(namespace="dev").fallback_namespace == "production"
    for namespace in ("production", "default"):
        with pytest.raises(SettingsError, match="is the namespace itself") as refused:
            read_settings(namespace=namespace, fallback_namespace=namespace)
        assert refused.value.setting == "RAINCHECK_FALLBACK_NAMESPACE"
    with pytest.raises(SettingsError, match="names of models begin so"):
        read_settings(fallback_namespace="model")
