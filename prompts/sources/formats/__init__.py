"""Formats of sources, a file each: prompts/README.md says how to add one."""
