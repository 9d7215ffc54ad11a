"""What `@step` can be told, checked where it is written."""

import math
import re
from dataclasses import dataclass

from raincheck.durations import Duration, seconds_of
from raincheck_contracts.errors import DefinitionError, SettingsError
from raincheck_contracts.names import IDENTIFIER_PATTERN, QUEUE_PATTERN
from raincheck_contracts.pipelines import MAX_CACHE_SECONDS

MAX_RETRIES = 1_000
MAX_BACKOFF = 100
#: What `cache=True` stands for: 30 days.
CACHE_SECONDS = 30 * 86_400
_CACHE = 'True, False or a time of up to ten years such as "7d"'
_IDENTIFIER = "Use up to 64 letters, digits, '_', '.', '-', the first a letter or '_': name=..."


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOptions:
    """How a step is run."""

    retries: int = 0
    """Tries after the first that raised."""
    retry_delay: float = 0.0
    """Seconds before the first of them."""
    retry_backoff: float = 1.0
    """By what the delay is multiplied from one to the next."""
    timeout: float | None = None
    """Seconds that one attempt may take; None is no limit."""
    queue: str | None = None
    """None is the run's queue."""
    cache: bool | Duration = False
    """For how long since their last use its outputs are taken again; True is 30 days."""
    cache_key: str | None = None
    """What else the outputs depend on, in the author's words."""

    @property
    def cache_seconds(self) -> int | None:
        """The life time of its outputs in the cache; None when it always computes.

        Raises:
            SettingsError: it is no duration.
        """
        if isinstance(self.cache, bool):
            return CACHE_SECONDS if self.cache else None
        return math.ceil(seconds_of(self.cache, setting="cache"))

    def check(self, name: str) -> None:
        """Refuse what no worker could follow.

        Args:
            name: of the step, for the message.

        Raises:
            DefinitionError: names the option.
        """
        if type(self.retries) is not int or not 0 <= self.retries <= MAX_RETRIES:
            raise _refused(name, "retries", self.retries, f"a whole number from 0 to {MAX_RETRIES}")
        if not _is_seconds(self.retry_delay) or self.retry_delay < 0:
            raise _refused(name, "retry_delay", self.retry_delay, "seconds, 0 or more")
        if not _is_seconds(self.retry_backoff) or not 1 <= self.retry_backoff <= MAX_BACKOFF:
            remedy = f"a factor from 1 to {MAX_BACKOFF}"
            raise _refused(name, "retry_backoff", self.retry_backoff, remedy)
        if self.timeout is not None and (not _is_seconds(self.timeout) or self.timeout <= 0):
            raise _refused(name, "timeout", self.timeout, "seconds, more than 0, or None")
        if self.queue is not None and re.fullmatch(QUEUE_PATTERN, self.queue) is None:
            remedy = "up to 64 letters, digits, '.', '_', '-', the first a letter or digit"
            raise _refused(name, "queue", self.queue, remedy)
        self._check_cache(name)

    def _check_cache(self, name: str) -> None:
        try:
            seconds = self.cache_seconds
        except (SettingsError, TypeError, ValueError) as error:
            raise _refused(name, "cache", self.cache, _CACHE) from error
        if seconds is not None and not 1 <= seconds <= MAX_CACHE_SECONDS:
            raise _refused(name, "cache", self.cache, _CACHE)
        if self.cache_key is not None and (seconds is None or not isinstance(self.cache_key, str)):  # pyright: ignore[reportUnnecessaryIsInstance] - authors may write anything
            raise _refused(name, "cache_key", self.cache_key, "text, and cache=True beside it")


def checked_name(name: str, option: str | None) -> str:
    """The name of a step or pipeline within the records of a run.

    Args:
        name: the function's name.
        option: the `name=` that the decorator was given, if any.

    Raises:
        DefinitionError: when it has other than ASCII letters, digits and `_.-`.
    """
    chosen = name if option is None else option
    if re.fullmatch(IDENTIFIER_PATTERN, chosen) is None:
        raise DefinitionError(name, f"{chosen!r} cannot be its name", _IDENTIFIER)
    return chosen


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _refused(name: str, option: str, value: object, remedy: str) -> DefinitionError:
    return DefinitionError(name, f"{option}={value!r} cannot be used", f"Give {remedy}")
