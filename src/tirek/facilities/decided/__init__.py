"""What this app decides, as pure functions of what was sealed."""
