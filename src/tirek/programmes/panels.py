"""Panels of programmes."""


def register() -> None:
    """Filled in below."""
