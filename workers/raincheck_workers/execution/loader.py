"""Binding -> Python value, with the values that are dear to decode kept by digest."""

from raincheck.artifact_store import ArtifactStore
from raincheck.index.replies import BoundVersion
from raincheck.materializers import materializer_named
from raincheck_workers.execution.cache import MaterializedCache


class Loader:
    """Materializes bound versions.

    Args:
        store: has the bytes.
        cache: keeps decoded values; each step gets its own copy.
    """

    def __init__(self, store: ArtifactStore, cache: MaterializedCache) -> None:
        self._store = store
        self._cache = cache

    def load(self, bound: BoundVersion, annotation: object) -> object:
        """The value of a version.

        Raises:
            StoreError: the bytes are missing, corrupt or of an untrusted type.
        """
        record = bound.record
        materializer = materializer_named(record.manifest.materializer)
        if not materializer.cacheable:
            return self._store.load(record, bound.inline, annotation)
        # Keyed by bytes and type, never by name@version: a rolled back index may give the
        # name to other bytes.
        manifest = record.manifest
        key = f"{record.digest} {manifest.type} {manifest.materializer} {annotation!r}"
        kept = self._cache.get(key)
        if kept is None:
            kept = self._store.load(record, bound.inline, annotation)
            self._cache.put(key, kept, record.manifest.size)
        return materializer.copy(kept)
