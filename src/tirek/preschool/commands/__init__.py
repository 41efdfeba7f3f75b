"""Commands of preschool: `allocate`, `settle`."""
