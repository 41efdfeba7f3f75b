"""Pages of rooms, walks and works."""
