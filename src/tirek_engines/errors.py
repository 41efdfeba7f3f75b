"""What can go wrong, in three kinds.

A *refusal* is anticipated and says what to do. A *broken contract* is a mistake of the calling program.
Anything else is a bug of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

EXIT_DONE = 0
EXIT_OUR_FAULT = 1
EXIT_BAD_INPUT = 2
EXIT_NOT_DECIDED = 3


class Refusal(Exception):
    """Something anticipated that the engine will not do, with what the caller can do about it.

    Parameters
    ----------
    message : str
        What is wrong, why it matters and what to do, in whole English sentences.
    code : str, optional
        A stable short name for programs, e.g. ``"nothing_to_calibrate"``; by default the class's own.
    **fields : object
        The values that the message mentions, so that a page can say it in another language.
    """

    code: str = "refused"
    exit_code: int = EXIT_BAD_INPUT
    http_status: int = 422

    def __init__(self, message: str, *, code: str | None = None, **fields: object) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code
        self.fields: Mapping[str, object] = MappingProxyType(dict(fields))

    def as_dict(self) -> dict[str, object]:
        """Everything a program needs: code, message and fields."""
        return {"code": self.code, "message": self.message, "fields": dict(self.fields)}


class BrokenContract(Exception):
    """An argument of the wrong shape or kind: a mistake of the calling program, not of its user.

    Parameters
    ----------
    argument : str
        Name of the argument.
    found : object
        What was passed (a shape, a type, a value).
    wanted : object
        What is needed instead.
    """

    def __init__(self, argument: str, found: object, wanted: object) -> None:
        super().__init__(f"{argument}: found {found}, wanted {wanted}")
        self.argument = argument
        self.found = found
        self.wanted = wanted
