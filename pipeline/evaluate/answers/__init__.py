"""Who is compared, and what everyone answered to each held-out prompt."""
