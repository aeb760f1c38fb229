"""Claude, and every server that speaks Messages."""
