"""Questionnaires, their versions, their rounds, the codes that open them, and the answers.

Who may read what: forms and rounds are public in substance (what is asked is no secret). Codes, drafts and answers belong
to no range of institutions: only the loader and the country's role reach them, so that neither a head nor an officer
meets a single answer except through results that hide small groups.
"""

from tirek.surveys.models.answers import (
    Channel,
    Draft,
    OpenAnswer,
    Response,
    ResponseFile,
    Submission,
    SubmissionConflict,
    SubmissionFile,
)
from tirek.surveys.models.codes import AccessCode, CodeSource, CodeState
from tirek.surveys.models.forms import Form, FormVersion
from tirek.surveys.models.results import PublishedScale
from tirek.surveys.models.rounds import Audience, Round, RoundSchool, RoundState, RoundStep, Sampling, StepKind

__all__ = [
    "AccessCode",
    "Audience",
    "Channel",
    "CodeSource",
    "CodeState",
    "Draft",
    "Form",
    "FormVersion",
    "OpenAnswer",
    "PublishedScale",
    "Response",
    "ResponseFile",
    "Round",
    "RoundSchool",
    "RoundState",
    "RoundStep",
    "Sampling",
    "StepKind",
    "Submission",
    "SubmissionConflict",
    "SubmissionFile",
]
