"""The scorers that a recipe can name, a module each. README.md says how to add one."""
