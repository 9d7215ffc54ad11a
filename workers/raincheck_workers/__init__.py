"""What runs behind the queue."""

from raincheck_workers.installation import install

__all__ = ["install"]
