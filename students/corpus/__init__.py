"""Rows as a trainer takes them: read, split, encoded, ordered."""
