"""Sitting a test, without a database: access codes, numbers on papers, marking of answers, scanned rows."""
