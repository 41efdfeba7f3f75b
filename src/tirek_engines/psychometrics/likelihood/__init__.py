"""The marginal likelihood of a test and its pieces."""
