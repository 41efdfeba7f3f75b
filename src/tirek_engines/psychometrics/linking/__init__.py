"""Putting separate calibrations on one scale."""
