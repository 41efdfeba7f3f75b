"""The decisions on a test as pure functions of what was sealed, and the sealing."""
