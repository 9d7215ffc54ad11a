"""The connection to the server: the only module of the index that imports redis."""

import logging
import os
import secrets
import threading
from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias, cast

import redis
from redis.backoff import ExponentialBackoff
from redis.exceptions import MasterDownError, OutOfMemoryError, ReadOnlyError, TryAgainError
from redis.retry import Retry

from raincheck.index.before_use import check_before_use
from raincheck.index.fallback_replies import check_fallback, check_no_cluster
from raincheck.index.faults import no_address, other_protocol, redacted, refused, unavailable
from raincheck.index.library import PREFIX, PROTOCOL, RELEASE, library_digest, library_source
from raincheck.index.rollback_watch import RollbackWatch
from raincheck_contracts.errors import IndexProtocolError, IndexUnavailableError

_log = logging.getLogger(__name__)

Argument: TypeAlias = str | bytes | int | float

#: Seconds. Every write is an idempotent script, so redis-py may repeat it.
_SOCKET_TIMEOUT = 10.0
_CONNECT_TIMEOUT = 3.0
_RETRIES = 2

# Refusals that end by themselves: full, being failed over, not in touch, disk full, busy.
_PASSING_ERRORS = (
    MasterDownError,
    OutOfMemoryError,
    ReadOnlyError,
    TryAgainError,
)
_PASSING_WORDS = ("MISCONF", "BUSY", "NOREPLICAS")  # redis-py has no classes for these


class Commands(Protocol):
    """What is used of a redis-py client; its own signatures are partly untyped."""

    def execute_command(self, *arguments: Argument) -> Any:
        """Send one command and wait for its reply."""
        ...

    def pipeline(self, *, transaction: bool) -> "Batch":
        """Collect commands for one round trip."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...


class Batch(Protocol):
    """Commands sent in one round trip."""

    def execute_command(self, *arguments: Argument) -> object:
        """Add one command."""
        ...

    def execute(self) -> list[Any]:
        """Send them; their replies in order."""
        ...


class Connection:
    """One namespace of one server; connects at first use, anew in a forked child.

    Args:
        url: redis-py URL of a Redis (>= 7) or Valkey server.
        namespace: prefix of all keys, `rc:{<namespace>}:`.
        client: a ready client instead of the URL's, for fakeredis in tests.
        socket_timeout: seconds that one call may take.
        synced: whether to refuse a server that does not sync each write to its disk.
        fallback: the namespace to be read from where this one has nothing; None is the one
            that is recorded, if any.
    """

    foreign: str | None = None
    """The namespace, when it is one that is only read; see `elsewhere.py`."""

    def __init__(
        self,
        url: str,
        namespace: str,
        *,
        client: Commands | None = None,
        socket_timeout: float = _SOCKET_TIMEOUT,
        synced: bool = False,
        fallback: str | None = None,
    ) -> None:
        self._fallback = fallback
        self._synced = synced
        self.url = url
        self.namespace = namespace
        self.prefix = f"rc:{{{namespace}}}:"
        self._socket_timeout = socket_timeout
        self._given = client
        self._client: Commands | None = None
        self._pid = 0
        self._lock = threading.Lock()
        self._watch = RollbackWatch(self._reopen)

    @property
    def client(self) -> Commands:
        """The client of this process; opens the index when it is new.

        Raises:
            IndexUnavailableError: the server does not answer.
            IndexProtocolError: it is too old, or holds another protocol's index.
        """
        if self._client is None or self._pid != os.getpid():
            with self._lock:
                if self._client is None or self._pid != os.getpid():
                    self._client = self._open()
                    self._pid = os.getpid()
        return self._client

    def _open(self) -> Commands:
        client = self._given or self._connected()
        self._bring_library(client)
        reply = self._fcall(client, "open", [str(PROTOCOL), secrets.token_hex(8)])
        found = text(reply[2])
        if found != str(PROTOCOL):
            raise other_protocol(self.url, found)
        check_before_use(
            lambda *command: self._reply_or_none(client, command), self.url, synced=self._synced
        )
        if self._fallback is not None:
            self._fall_back(client, self._fallback)
        return client

    def _fall_back(self, client: Commands, wanted: str) -> None:
        check_no_cluster(self._reply_or_none(client, ("INFO", "cluster")), self.namespace, wanted)
        check_fallback(self.namespace, wanted, self._fcall(client, "fall_back", [wanted, "first"]))

    def _connected(self) -> Commands:
        try:
            return cast(
                "Commands",
                redis.Redis.from_url(
                    self.url,
                    socket_timeout=self._socket_timeout,
                    socket_connect_timeout=_CONNECT_TIMEOUT,
                    retry=Retry(ExponentialBackoff(cap=1.0, base=0.05), _RETRIES),
                    health_check_interval=25,
                ),
            )
        except ValueError as error:
            raise no_address(self.url, str(error)) from error

    def _bring_library(self, client: Commands) -> None:
        # A server keeps the library over restarts and upgrades: that of another release of
        # the same protocol is replaced, not used.
        if text(self._fcall(client, "digest", [])) == library_digest():
            return
        found = text(self._fcall(client, "release", []))
        if found != RELEASE:
            _log.warning(
                "the index at %s was used by Raincheck %s, this is %s: upgrade the older side",
                redacted(self.url),
                found,
                RELEASE,
                extra={"action": "library_replaced", "found": found},
            )
        self._load(client)

    def _load(self, client: Commands) -> None:
        try:
            client.execute_command("FUNCTION", "LOAD", "REPLACE", library_source())
        except redis.RedisError as error:
            raise self._fault(error) from error

    def call(self, function: str, *arguments: Argument) -> Any:
        """Call a function of the library that may write.

        Args:
            function: its name without the protocol prefix.
            arguments: as its Lua head comment lists them.

        Returns:
            The reply: bytes, integers, None and lists of those.

        Raises:
            IndexUnavailableError: the server does not answer, or takes no writes now.
            IndexProtocolError: it refused the call for good.
        """
        return self._fcall(self.client, function, arguments)

    def read(self, function: str, *arguments: Argument) -> Any:
        """As `call`, for a function that only reads."""
        return self._fcall(self.client, function, arguments, command="FCALL_RO")

    def seen(self, revision: int) -> None:
        """Compare the index's revision, as it just answered, with what was seen before.

        Raises:
            IndexUnavailableError: the index has gone back, and does not answer now.
        """
        self._watch.seen(revision)

    def _reopen(self, seen: int, new: str) -> tuple[str, int]:
        epoch, revision = self.call("reopen", seen, new)
        return text(epoch), int(revision)

    def ask(self, commands: Sequence[Sequence[str | int]]) -> list[Any]:
        """Send read commands in one round trip.

        Args:
            commands: each a command with its arguments.

        Returns:
            Their raw replies, in order.

        Raises:
            IndexUnavailableError: the server does not answer.
        """
        client = self.client
        try:
            pipeline = client.pipeline(transaction=False)
            for command in commands:
                pipeline.execute_command(*command)
            return pipeline.execute()
        except redis.RedisError as error:
            raise self._fault(error) from error

    def probe(self, commands: Sequence[Sequence[str | int]]) -> list[Any]:
        """Ask the server itself, whatever it holds; the index is not opened.

        Args:
            commands: each a command with its arguments.

        Returns:
            Their raw replies, in order; None for a command that the server refuses.

        Raises:
            IndexUnavailableError: the server does not answer.
        """
        client = self._given or self._connected()
        try:
            return [self._reply_or_none(client, command) for command in commands]
        finally:
            if self._given is None:
                client.close()

    def _reply_or_none(self, client: Commands, command: Sequence[str | int]) -> Any:
        try:
            return client.execute_command(*command)
        except redis.ResponseError:
            return None
        except redis.RedisError as error:
            raise self._fault(error) from error

    def _fcall(
        self,
        client: Commands,
        function: str,
        arguments: Sequence[Argument],
        *,
        command: str = "FCALL",
    ) -> Any:
        name = PREFIX + function
        try:
            return client.execute_command(command, name, 1, self.prefix, *arguments)
        except redis.RedisError as error:
            if "function not found" not in str(error).lower():
                raise self._fault(error) from error
        self._load(client)
        try:
            return client.execute_command(command, name, 1, self.prefix, *arguments)
        except redis.RedisError as error:
            raise self._fault(error) from error

    def _fault(self, error: redis.RedisError) -> IndexUnavailableError | IndexProtocolError:
        """Ours for the server's: whoever gets `IndexUnavailableError` may ask again."""
        said = str(error)
        passing = isinstance(error, _PASSING_ERRORS) or said.startswith(_PASSING_WORDS)
        if passing or not isinstance(error, redis.ResponseError):
            return unavailable(self.url, said)
        return refused(self.url, said)

    def close(self) -> None:
        """Close this process's connections; the next call opens new ones."""
        if self._client is not None and self._given is None:
            self._client.close()
        self._client = None


def text(value: bytes | str | None) -> str:
    """A reply as text; None is the empty text."""
    if value is None:
        return ""
    return value if isinstance(value, str) else value.decode()
