"""Asking a model for a verdict on one reply, or on two."""
