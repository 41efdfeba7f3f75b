"""The decisions of programmes as pure functions of what was sealed."""
