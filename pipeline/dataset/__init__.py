"""The corpus for others: its card, its forms, its way to the Hub."""
