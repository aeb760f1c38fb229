"""Learning from pairs of a better and a worse reply, or from good and bad ones."""
