"""Compiled loops. One file a subject."""
