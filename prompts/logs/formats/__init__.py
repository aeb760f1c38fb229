"""Shapes of log records, a file each: prompts/README.md says how to add one."""
