"""What people decided about samples: its store and its meaning."""
