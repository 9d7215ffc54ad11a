"""One suite for every implementation: the index on two servers, every materializer."""

from tests.support.unmeasured import unmeasured

__all__ = ["unmeasured"]
