"""Passwords of the settings in texts, whichever way they are written."""

from pathlib import Path

from raincheck import Settings
from raincheck.redaction import redact, secrets_of


def test_passwords_are_left_out_as_written_and_as_decoded(tmp_path: Path) -> None:
    """Drivers show the one, users' code may show the other; the longest goes first."""
    settings = Settings(
        home=tmp_path,
        url="redis://user:s%40cret@host:1/0",
        broker_url="amqp://a:bunny-hole@one//;amqp://a:bunny@two//",
    )
    secrets = secrets_of(settings)
    assert set(secrets) == {"s%40cret", "s@cret", "bunny-hole", "bunny"}
    text = "redis://user:s%40cret@host s@cret bunny-hole bunny"
    assert redact(text, secrets) == "redis://user:***@host *** *** ***"


def test_what_is_no_password_stays(tmp_path: Path) -> None:
    """Nor is one of three letters looked for: it would be found in words."""
    settings = Settings(home=tmp_path, url="redis://:abc@host:1/0", store="/blobs")
    assert secrets_of(settings) == ()
    assert redact("an abc", secrets_of(settings)) == "an abc"
