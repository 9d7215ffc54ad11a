"""What `raincheck dev` runs: a server, a worker and Flower, together and ended together."""
