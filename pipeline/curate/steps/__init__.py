"""The steps that a recipe can name, a module each. README.md beside this folder says how to add one."""
