import pytest

from raincheck.index.faults import evicting, other_protocol, redacted, refused, unavailable

URL = "redis://me:secret@db:6379/0"


@pytest.mark.parametrize(
    ("said", "problem", "remedy"),
    [
        ("Error 111 connecting to db:6379. Connection refused.", "does not answer", "Start it"),
        ("invalid username-password pair or user is disabled.", "refuses the password", "Correct"),
        ("HELLO must be called with the client already authenticated", "a password", "Put it"),
        ("called without any password configured", "has no password", "Leave the password out"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number", "not speak TLS", "Write redis://"),
        ("Protocol Error: b'HTTP/1.1 400'", "something else listens there", "host and port"),
        ("Connection closed by server.", "ended the connection", "rediss://"),
        ("OOM command not allowed when used memory > 'maxmemory'.", "is full", "more memory"),
        ("You can't write against a read only replica.", "read-only replica", "primary"),
        ("MISCONF Errors writing to the AOF file", "cannot save", "Free disk space"),
        ("Redis is loading the dataset in memory", "still loading", "Try again"),
    ],
)
def test_what_was_said_becomes_a_problem_and_a_remedy(said: str, problem: str, remedy: str) -> None:
    """In one line that names the address without its password."""
    error = unavailable(URL, said)
    assert problem in error.problem
    assert remedy in error.remedy
    assert "secret" not in str(error)
    assert str(error).startswith("the index at redis://db:6379/0 ")
    assert "\n" not in str(error)


def test_a_server_without_tls_lets_the_handshake_run_out() -> None:
    """It waits for a command: only the scheme tells why nothing came."""
    assert "TLS" in unavailable("rediss://db:6379/0", "Timeout connecting to server").problem
    assert "TLS" not in unavailable("redis://db:6379/0", "Timeout connecting to server").problem


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("unknown command 'FCALL', with args", "Redis 7 or Valkey is needed. Upgrade the server"),
        ("DB index is out of range", "it has no database of that number. Correct the last number"),
        ("NOPERM User app has no permissions", "it refuses a command to this user. Let"),
        (
            "WRONGTYPE Operation against a key",
            "the index at redis://db:6379/0: WRONGTYPE Operation",
        ),
    ],
)
def test_what_is_refused_for_good_says_what_to_do(said: str, words: str) -> None:
    """What nobody foresaw is passed on as it was said."""
    assert words in str(refused(URL, said))


@pytest.mark.parametrize(
    ("found", "remedy"),
    [("2", "Upgrade Raincheck here"), ("0", "install the older release here"), ("x", "older")],
)
def test_another_protocol_says_which_side_is_older(found: str, remedy: str) -> None:
    """The side that speaks the lower one is to be upgraded."""
    assert remedy in other_protocol(URL, found).remedy


def test_a_policy_that_loses_data_is_named() -> None:
    """With the command that mends it."""
    said = str(evicting(URL, "allkeys-lru"))
    assert "allkeys-lru" in said
    assert "CONFIG SET maxmemory-policy noeviction" in said


def test_a_url_is_shown_without_user_and_password() -> None:
    """Also when the password holds an @."""
    assert redacted("redis://me:p@ss@db:1/0") == "redis://db:1/0"
    assert redacted("unix:///tmp/x.sock?db=0") == "unix:///tmp/x.sock?db=0"
