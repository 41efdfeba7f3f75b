"""Preschool: queue, places, vouchers and money."""
