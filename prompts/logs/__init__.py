"""Calls already made, read back from what a provider logged of them."""
