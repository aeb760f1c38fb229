"""Teachers that say what a file says."""
