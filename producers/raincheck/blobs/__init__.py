"""Blobs: immutable bytes, named by the digest of their content."""

from raincheck.blobs.base import Blob, BlobReader, BlobStore, BlobWriter
from raincheck.blobs.digest import DigestHasher, digest_of
from raincheck.blobs.local import LocalBlobStore
from raincheck.blobs.memory import MemoryBlobStore

__all__ = [
    "Blob",
    "BlobReader",
    "BlobStore",
    "BlobWriter",
    "DigestHasher",
    "LocalBlobStore",
    "MemoryBlobStore",
    "digest_of",
]
