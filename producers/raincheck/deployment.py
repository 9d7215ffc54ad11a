"""One deployment: settings, and the index, blobs and broker that they name."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from functools import cached_property

from celery import Celery

from raincheck.artifact_store import ArtifactStore
from raincheck.blobs import BlobStore, LocalBlobStore
from raincheck.embedded import ensure_server
from raincheck.index import Connection, Index
from raincheck.messaging.broker import producer_app
from raincheck.messaging.hints import HintSender
from raincheck.messaging.installed import sending_app
from raincheck.settings import Settings, read_settings


class Deployment:
    """The parts that settings name, each opened at its first use.

    Args:
        settings: where they are.
        index: a ready index instead of the settings', for tests on fakeredis.
        blobs: a ready blob store instead of the settings' folder.
        app: the application that sends, instead of an installed one or one for the
            settings' broker.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        index: Index | None = None,
        blobs: BlobStore | None = None,
        app: Celery | None = None,
    ) -> None:
        self.settings = settings
        self._given_index = index
        self._given_blobs = blobs
        self._given_app = app
        self._sender: HintSender | None = None

    @cached_property
    def index_url(self) -> str:
        """redis-py URL of the index; starts the embedded server when none is named.

        Raises:
            EmbeddedServerError: it cannot be started.
        """
        settings = self.settings
        return settings.url or ensure_server(settings.home.absolute(), settings.durability)

    @cached_property
    def index(self) -> Index:
        """The index."""
        if self._given_index is not None:
            return self._given_index
        return Index(
            Connection(
                self.index_url,
                self.settings.namespace,
                synced=self.settings.strict,
                fallback=self.settings.fallback_namespace,
            )
        )

    def separate_index(self) -> Index:
        """The index over a connection of its own: a slow call elsewhere does not hold it up."""
        if self._given_index is not None:
            return self._given_index
        return Index(
            Connection(
                self.index_url,
                self.settings.namespace,
                socket_timeout=5.0,
                synced=self.settings.strict,
                fallback=self.settings.fallback_namespace,
            )
        )

    @cached_property
    def store(self) -> ArtifactStore:
        """The artifact store: index and blobs together."""
        settings = self.settings
        blobs = self._given_blobs or LocalBlobStore(settings.blob_folder, durable=settings.strict)
        return ArtifactStore(self.index, blobs, inline_limit=settings.inline_limit)

    @property
    def hints(self) -> HintSender:
        """Sends messages about ready steps, through the application that was installed if any."""
        app = self._given_app or sending_app() or self._producer_app
        if self._sender is None or self._sender.app is not app:  # one was installed since
            self._sender = HintSender(app, self.settings.namespace)
        return self._sender

    @cached_property
    def _producer_app(self) -> Celery:
        return producer_app(self.settings, self.index_url)


_lock = threading.Lock()
_by_settings: dict[Settings, Deployment] = {}
_used: list[Deployment] = []


def current_deployment() -> Deployment:
    """The deployment in use: that of `use_deployment`, else that of the environment.

    Raises:
        SettingsError: the environment holds a setting that cannot be used.
    """
    if _used:
        return _used[-1]
    return deployment_of(read_settings())


def deployment_of(settings: Settings) -> Deployment:
    """The deployment of some settings, one per process."""
    with _lock:
        return _by_settings.setdefault(settings, Deployment(settings))


@contextmanager
def use_deployment(deployment: Deployment) -> Generator[Deployment]:
    """Use a deployment in this process, in all its threads, for a while."""
    _used.append(deployment)
    try:
        yield deployment
    finally:
        _used.remove(deployment)
