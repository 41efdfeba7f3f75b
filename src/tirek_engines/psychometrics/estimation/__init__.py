"""From a likelihood to estimates and their errors."""
