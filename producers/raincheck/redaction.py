"""Texts that leave a step or a process, without the passwords of the settings."""

from collections.abc import Collection
from urllib.parse import unquote, urlsplit

from raincheck.settings import Settings

#: Stands for what is left out.
HIDDEN = "***"
# A password of few letters would be found in any text; it protects nothing either.
_SHORTEST = 4


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """The passwords in the URLs of some settings, as written and as decoded; longest first.

    Args:
        settings: with URLs of index, broker and blobs.
    """
    found: set[str] = set()
    for url in (settings.url, settings.broker_url, settings.store):
        for one in (url or "").split(";"):  # Celery takes several brokers
            password = _password(one)
            found |= {password, unquote(password)}
    return tuple(sorted((s for s in found if len(s) >= _SHORTEST), key=len, reverse=True))


def _password(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:  # no URL: nothing connects with it either
        return ""


def redact(text: str, secrets: Collection[str]) -> str:
    """A text without some secrets.

    Args:
        text: any.
        secrets: longest first, for one may be part of another.
    """
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return text
