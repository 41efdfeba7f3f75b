"""Decisions on teachers' growth as pure functions of what was sealed."""
