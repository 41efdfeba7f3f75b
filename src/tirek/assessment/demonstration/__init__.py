"""What the demonstration region shows of assessment."""
