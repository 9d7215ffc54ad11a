"""A TCP proxy before a server, which cuts connections, falls silent, or swallows a reply."""

import socket
import struct
import threading
from contextlib import suppress
from typing import Final

#: Closing with this is a reset: the peer learns that what it sent may not have arrived.
_RESET: Final = struct.pack("ii", 1, 0)


class Proxy:
    """Listens on a free port of the loopback; every connection has two threads.

    Args:
        socket_path: of the server behind it.
    """

    def __init__(self, socket_path: str) -> None:
        self._socket_path = socket_path
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._passing = threading.Event()
        self._passing.set()
        self._refusing = False
        self._to_eat, self._of = 0, b""
        self._asked: set[socket.socket] = set()
        self.cut = 0
        """Connections that were reset."""
        self.eaten = 0
        """Replies that were swallowed."""
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """redis-py URL of the server through the proxy."""
        return f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"

    def reset_all(self) -> None:
        """Reset all connections; new ones are taken at once."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            _close(*pair)
        self.cut += len(pairs)

    def fall_silent(self) -> None:
        """Half-open: connections stay, and nothing passes until `resume`."""
        self._passing.clear()

    def refuse(self) -> None:
        """Cut all connections and take no new ones until `resume`."""
        self._refusing = True
        self.reset_all()

    def resume(self) -> None:
        """Let everything pass; what was silent is cut, as its packets are lost."""
        self._refusing = False
        self.reset_all()
        self._passing.set()

    def eat_replies(self, count: int, of: bytes = b"") -> None:
        """Swallow the next replies of the server, and cut their connections.

        Args:
            count: how many.
            of: only those to requests that hold this.
        """
        with self._lock:
            self._to_eat, self._of = count, of
            self._asked.clear()

    def close(self) -> None:
        """Take no more connections and cut those that are."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.resume()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._connect(client)

    def _connect(self, client: socket.socket) -> None:
        server = socket.socket(socket.AF_UNIX)
        try:
            if self._refusing:
                raise ConnectionRefusedError
            server.connect(self._socket_path)
        except OSError:
            _close(client, server)
            return
        with self._lock:
            self._pairs.append((client, server))
        for source, target in ((client, server), (server, client)):
            threading.Thread(
                target=self._pump, args=(source, target, source is server), daemon=True
            ).start()

    def _pump(self, source: socket.socket, target: socket.socket, replies: bool) -> None:  # noqa: FBT001 - of a thread
        with suppress(OSError):
            while data := source.recv(65536):
                self._passing.wait()
                if replies and self._eats(source):
                    break
                if not replies:
                    self._see_request(target, data)
                target.sendall(data)
        with self._lock:
            self._pairs = [pair for pair in self._pairs if source not in pair]
        _close(source, target)

    def _see_request(self, server: socket.socket, data: bytes) -> None:
        with self._lock:
            if self._to_eat and self._of in data:
                self._asked.add(server)

    def _eats(self, server: socket.socket) -> bool:
        with self._lock:
            if self._to_eat and server in self._asked:
                self._to_eat -= 1
                self._asked.discard(server)
                self.eaten += 1
                return True
            return False


def _close(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)  # wakes a thread that reads from it
        end.close()
