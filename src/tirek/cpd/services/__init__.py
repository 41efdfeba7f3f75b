"""What changes teachers' growth, by subject."""
