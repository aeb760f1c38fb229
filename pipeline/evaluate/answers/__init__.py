"""The compared, and everyone's answer to each held-out prompt."""
