"""More answers than fit into memory, or onto one core."""
