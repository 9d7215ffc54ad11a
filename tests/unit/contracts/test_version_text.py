"""How a version is written, and read again."""

import pytest

from raincheck_contracts.version_text import split_version_text, version_text


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("m@1", ("m", "1", None)),
        ("production/m@1", ("m", "1", "production")),
        ("model/m@1", ("model/m", "1", None)),
        ("production/model/m@v1.0+x", ("model/m", "v1.0+x", "production")),
    ],
)
def test_a_version_is_read_as_it_was_written(text: str, parts: tuple[str, str, str | None]) -> None:
    """Of a fall-back with its namespace first; a model is no namespace."""
    assert split_version_text(text) == parts
    assert version_text(*parts) == text
