from raincheck.index import Index
from raincheck.index.node_records import NodeRecord, read_nodes
from tests.support.driver import Driver
from tests.support.servers import fake_index


def test_nodes_come_with_their_last_beat_and_lease() -> None:
    """By name; a node that has left is not among them."""
    index: Index = fake_index()
    driver = Driver(index)
    driver.pass_ticks(4)
    index.nodes.beat("n0", 8, register=True)
    tick, nodes = read_nodes(index.connection)
    assert nodes == (NodeRecord("n0", tick, 8), NodeRecord("n1", tick - 4, 20))
    index.nodes.leave("n1")
    assert [node.node for node in read_nodes(index.connection)[1]] == ["n0"]
