"""Certificates as Open Badges 3.0: credentials that anybody can check with any program, without asking us."""
