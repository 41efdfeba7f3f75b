"""What pages show, in words and pictures."""
