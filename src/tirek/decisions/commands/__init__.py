"""The command line's words about decisions: ``verify_number`` and ``explain_number`` for `tirek verify` and `tirek explain`."""

from tirek.decisions.commands.numbers import explain_number, verify_all, verify_number

__all__ = ["explain_number", "verify_all", "verify_number"]
