"""Servers that serve badly: with a password, full, read-only, too old, or none at all."""

import socket
import socketserver
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from threading import Thread

from typing_extensions import override

from raincheck.embedded.binary import find_binary
from tests.support.waiting import wait_until


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def tcp_server(*options: str) -> Generator[int]:
    """A real Valkey on a port, with options as on its command line.

    Yields:
        The port.
    """
    port, program = free_port(), find_binary()
    assert program is not None
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [program, "--port", str(port), "--save", "", "--dir", folder, *options],
            stdout=subprocess.DEVNULL,
        )
        try:
            wait_until(lambda: _listens(port), 20)
            yield port
        finally:
            process.kill()
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


_OLD = b"6.2.14"


class _OldRedis(socketserver.StreamRequestHandler):
    """As Redis 6.2 answers: it knows HELLO and INFO, and no functions."""

    @override
    def handle(self) -> None:
        while line := self.rfile.readline():
            words = [self._word() for _ in range(int(line[1:]))]
            self.wfile.write(self._answer(words[0].upper()))

    def _word(self) -> bytes:
        size = int(self.rfile.readline()[1:])
        return self.rfile.read(size + 2)[:size]

    def _answer(self, command: bytes) -> bytes:
        if command == b"HELLO":
            name, version, protocol = map(_bulk, (b"server", b"version", b"proto"))
            return b"%3\r\n" + name + _bulk(b"redis") + version + _bulk(_OLD) + protocol + b":3\r\n"
        if command == b"INFO":
            return _bulk(b"redis_version:%s\r\nmaxmemory_policy:noeviction\r\n" % _OLD)
        return b"-ERR unknown command `%s`, with args beginning with: \r\n" % command


def _bulk(text: bytes) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(text), text)


class _WebServer(socketserver.StreamRequestHandler):
    """Answers as a web server does to what is no request."""

    @override
    def handle(self) -> None:
        self.rfile.readline()
        self.wfile.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


class _Threads(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@contextmanager
def _serving(handler: type[socketserver.BaseRequestHandler]) -> Generator[int]:
    with _Threads(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def old_server() -> Generator[int]:
    """A server as Redis 6.2 is; yields its port."""
    with _serving(_OldRedis) as port:
        yield port


@contextmanager
def web_server() -> Generator[int]:
    """Something that is no Redis; yields its port."""
    with _serving(_WebServer) as port:
        yield port
