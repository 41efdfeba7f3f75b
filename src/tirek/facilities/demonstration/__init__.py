"""Walks and works of the demonstration region: made up, the same at every run, marked synthetic."""

from tirek.facilities.demonstration.rooms import demonstrate_rooms

__all__ = ["demonstrate_rooms"]
