"""The methods by name: each one's settings, and what others must know of it. Light; students/NAME/ trains."""
