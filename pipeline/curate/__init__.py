"""Curation: every step keeps or drops with a reason."""
