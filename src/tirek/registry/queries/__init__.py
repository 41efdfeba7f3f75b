"""Questions to the register. Each takes a day (``on``) and, where rows belong to somebody, the asker's scope."""
