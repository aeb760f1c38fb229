"""The run directory: its files, manifest, records and progress."""
