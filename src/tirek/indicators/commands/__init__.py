"""The command line's words about figures: ``verify_number`` and ``explain_number``, which pass decisions on."""

from tirek.indicators.commands.numbers import explain_number, verify_number

__all__ = ["explain_number", "verify_number"]
