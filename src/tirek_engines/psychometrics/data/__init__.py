"""Answers as the engine reads them, in memory and on disk."""
