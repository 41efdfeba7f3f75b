"""Pages of teachers' growth, by subject."""
