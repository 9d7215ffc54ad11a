"""Materialized values kept by digest."""

from raincheck_workers.execution.cache import MaterializedCache


def test_the_least_recently_used_go_first() -> None:
    """The limit is in bytes of stored form, and looking counts as use."""
    cache = MaterializedCache(limit=100)
    cache.put("a", "A", 40)
    cache.put("b", "B", 40)
    assert cache.get("a") == "A"
    cache.put("c", "C", 40)
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == ("A", None, "C")
    assert cache.used == 80


def test_what_is_larger_than_all_is_not_kept() -> None:
    """And drives nothing out."""
    cache = MaterializedCache(limit=100)
    cache.put("a", "A", 100)
    cache.put("b", "B", 101)
    assert (cache.get("a"), cache.get("b")) == ("A", None)


def test_a_key_that_is_put_again_counts_once() -> None:
    """With its new size."""
    cache = MaterializedCache(limit=100)
    cache.put("a", "A", 60)
    cache.put("a", "A2", 10)
    assert (cache.get("a"), cache.used) == ("A2", 10)
