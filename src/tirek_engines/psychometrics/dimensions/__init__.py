"""Tests of several dimensions, and growth."""
