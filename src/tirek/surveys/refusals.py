"""What services of questionnaires refuse."""

from __future__ import annotations

from tirek_engines.errors import Refusal


class SurveyRefused(Refusal):
    """An officer asks for what cannot be done."""

    code = "survey_refused"
    http_status = 409


class NotAnswerable(Refusal):
    """Whoever answers cannot go on; ``code`` tells the page which words to show."""

    code = "not_answerable"
    http_status = 409

    def __init__(self, message: str, *, code: str, http_status: int = 409) -> None:
        super().__init__(message, code=code)
        self.http_status = http_status
