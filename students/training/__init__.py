"""What every trainer shares: settings, progress, checkpoints, devices side by side."""
