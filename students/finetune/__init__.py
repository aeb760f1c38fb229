"""One training from rows to a model directory, whatever the method."""
