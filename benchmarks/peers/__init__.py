"""Peers, each run in an environment of its own by `python -m benchmarks.peers.run`."""
