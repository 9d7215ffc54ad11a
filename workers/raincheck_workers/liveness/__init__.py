"""What keeps steps from being lost: identity, heartbeat and sweeper of a node."""
