"""Did it work? Value added, differences in differences, gaps and power, from arrays."""
