"""Bytes to a server and back: where they may go, and with which key."""
