"""Rows of files, and the prompts they become."""
