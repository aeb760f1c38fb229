"""Charts as inline SVG, without scripts. Sizes are in percent of the width, so that text keeps its size on a phone."""
