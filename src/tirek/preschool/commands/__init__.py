"""Commands of preschool: `settle`."""
