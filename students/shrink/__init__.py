"""A smaller base to start from: fewer layers, fewer tokens."""
