"""The recipe: every section typed, its file, its paths."""
