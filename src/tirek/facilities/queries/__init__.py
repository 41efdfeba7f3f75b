"""Questions about rooms, walks and works."""
