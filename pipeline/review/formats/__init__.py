"""Other labelling tools' files: a module a tool, each with `record(card)` and its inverse `decisions(record)`."""
