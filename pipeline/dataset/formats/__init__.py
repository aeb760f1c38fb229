"""Other trainers' files, a format each."""
