from raincheck.index.eviction import eviction_policy


def test_the_policy_is_read_from_info() -> None:
    """A server that tells nothing, or forbids INFO, has none that is known."""
    assert eviction_policy({"maxmemory_policy": "allkeys-lru"}) == "allkeys-lru"
    assert eviction_policy({}) == ""
    assert eviction_policy(None) == ""
