"""Devices, and what a training takes of their memory."""
