"""The cascade, on paper: what handing over below a confidence would have given on the held-out rows, and where to."""
