"""Histories that are drawn at random."""

from tests.support.unmeasured import unmeasured

__all__ = ["unmeasured"]
