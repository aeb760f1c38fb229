"""Serving: an existing server answers with the student, alone or as the first of a cascade."""
