"""Questions about teachers' growth, by subject."""
