"""The model a student starts from: found, read, loaded, saved."""
