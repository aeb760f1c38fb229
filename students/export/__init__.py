"""A trained student in other forms: fewer bits, other runtimes. `write_export` in write.py is the door."""
