"""What a server's refusal means to a person: the problem in words, and what to do."""

from raincheck.index.library import PROTOCOL
from raincheck_contracts.errors import IndexProtocolError, IndexUnavailableError

# Words of servers and redis-py, problem, remedy; the first entry that matches holds. What
# is not listed is passed on as it was said.
_KNOWN = (
    (
        ("WRONGPASS", "invalid username-password", "invalid password"),
        "refuses the password",
        "Correct the password in RAINCHECK_URL: redis://:PASSWORD@host:port/0",
    ),
    (
        ("NOAUTH", "Authentication required", "already authenticated"),
        "wants a password",
        "Put it into RAINCHECK_URL: redis://:PASSWORD@host:port/0",
    ),
    (
        ("called without any password",),
        "has no password, but RAINCHECK_URL gives one",
        "Leave the password out of RAINCHECK_URL",
    ),
    (
        ("SSL", "TLS"),
        "does not speak TLS as rediss:// wants it",
        "Write redis:// in RAINCHECK_URL, or let the server speak TLS with a known certificate",
    ),
    (
        ("Protocol Error", "HTTP/", "Invalid response", "HTTP request"),
        "is no Redis or Valkey server: something else listens there",
        "Correct host and port in RAINCHECK_URL",
    ),
    (
        ("Connection closed by server", "Connection reset"),
        "ended the connection",
        "Is it up, and no other kind of server? If it speaks TLS, write rediss:// in RAINCHECK_URL",
    ),
    (
        ("used memory > 'maxmemory'", "OOM command"),
        "is full: its memory has reached maxmemory",
        "Give the server more memory; nothing was written, and nothing is lost",
    ),
    (
        ("read only replica", "READONLY"),
        "is a read-only replica",
        "Name the primary server in RAINCHECK_URL",
    ),
    (
        ("MISCONF",),
        "takes no writes because it cannot save to its disk",
        "Free disk space for the server, and look into its log",
    ),
    (
        ("NOPERM", "no permissions"),
        "refuses a command to this user",
        "Let the user run all commands, FUNCTION and FCALL too, on keys rc:* and all channels",
    ),
    (
        ("DB index is out of range", "invalid DB index"),
        "has no database of that number",
        "Correct the last number in RAINCHECK_URL; 0 is always there",
    ),
    (
        ("loading the dataset", "LOADING"),
        "is still loading its data",
        "Try again in a moment",
    ),
)


def unavailable(url: str, said: str) -> IndexUnavailableError:
    """The error for a server that does not serve now.

    Args:
        url: of the index.
        said: by the server or by redis-py.
    """
    if url.startswith("rediss://") and "Timeout connecting" in said:
        said = "TLS: no handshake"  # a server without TLS waits for a command
    for words, problem, remedy in _KNOWN:
        if any(word in said for word in words):
            return IndexUnavailableError(redacted(url), problem, remedy)
    remedy = "Start it, or set RAINCHECK_URL; without RAINCHECK_URL the embedded server is used"
    return IndexUnavailableError(redacted(url), f"does not answer: {said.rstrip('.')}", remedy)


def no_address(url: str, said: str) -> IndexUnavailableError:
    """The error for a URL that is none."""
    return IndexUnavailableError(
        redacted(url), f"cannot be reached by this URL: {said}", "Correct RAINCHECK_URL"
    )


def refused(url: str, said: str) -> IndexProtocolError:
    """The error for a command that the server refuses for good."""
    if "unknown command" in said.lower():
        return too_old(url)
    for words, problem, remedy in _KNOWN:
        if any(word in said for word in words):
            return IndexProtocolError(redacted(url), f"it {problem}", remedy)
    return IndexProtocolError(redacted(url), said)


def too_old(url: str) -> IndexProtocolError:
    """The error for a server without functions."""
    problem = "the server has no functions: Redis 7 or Valkey is needed"
    return IndexProtocolError(redacted(url), problem, "Upgrade the server, or name another one")


def other_protocol(url: str, found: str) -> IndexProtocolError:
    """The error for an index that another protocol's release wrote."""
    newer = found.isdecimal() and int(found) > PROTOCOL
    problem = f"it holds protocol {found}, this release speaks {PROTOCOL}"
    remedy = "Upgrade Raincheck here"
    if not newer:
        remedy = "Set a new RAINCHECK_NAMESPACE, or install the older release here"
    return IndexProtocolError(redacted(url), problem, remedy)


def evicting(url: str, policy: str) -> IndexProtocolError:
    """The error for a server that throws data away when it is full."""
    problem = f"its maxmemory-policy is {policy}: a full server would throw runs and versions away"
    remedy = "Set it to noeviction: CONFIG SET maxmemory-policy noeviction, or in its configuration"
    return IndexProtocolError(redacted(url), problem, remedy)


def unsynced(url: str, appends: bool | None, sync: str) -> IndexProtocolError:  # noqa: FBT001
    """The error for a server that does not keep what RAINCHECK_DURABILITY=strict promises."""
    found = f"appendfsync {sync}" if appends else "no append-only file"
    problem = f"RAINCHECK_DURABILITY is strict, and the server keeps {found}"
    remedy = "CONFIG SET appendonly yes and appendfsync always, or set the durability to relaxed"
    return IndexProtocolError(redacted(url), problem, remedy)


def redacted(url: str) -> str:
    """A URL without its user and password."""
    scheme, separator, rest = url.partition("://")
    return scheme + separator + rest.rpartition("@")[2]
