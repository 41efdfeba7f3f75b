"""pyxform's sentences in three languages, each with what to do. One that is not known stands as pyxform says it."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.utils.translation import gettext as _

Said = tuple[str, str]
KNOWN: tuple[tuple[str, Callable[[re.Match[str]], Said]], ...] = (
    (r"Missing calculation", lambda m: (
        _("The calculate question has no calculation."),
        _("Write an expression into the column calculation, or delete the row."))),
    (r"Question or group with no name", lambda m: (
        _("A question or group has no name."), _("Write a name into the column name: Latin letters, no spaces."))),
    (r"Question with no type", lambda m: (
        _("A question has no type."), _("Write a type into the column type, for example select_one or text."))),
    (r"Unknown question type '(.*)'", lambda m: (
        _("Nobody knows the question type “%(name)s”.") % {"name": m[1]},
        _("Use a type of XLSForm: text, integer, decimal, date, select_one LIST, select_multiple LIST, note, begin_group."))),
    (r"List name not in choices sheet: (.*)", lambda m: (
        _("The list “%(name)s” is not on the sheet choices.") % {"name": m[1]},
        _("Add its rows to the sheet choices, or mend the name of the list."))),
    (r"Could not find the name '(.*)'", lambda m: (
        _("The expression speaks of “%(name)s”, which is no question of this form.") % {"name": m[1]},
        _("Mend the name between ${ and }."))),
    (r"must begin with a letter or underscore", lambda m: (
        _("The name begins with a sign that is not allowed, or holds one."),
        _("Use Latin letters, digits, hyphens and underscores; begin with a letter."))),
    (r"'name' value '(.*)' is invalid. Questions, groups, and repeats must be unique", lambda m: (
        _("The name “%(name)s” is used twice.") % {"name": m[1]}, _("Give one of the two questions another name."))),
    (r"Unmatched 'begin_(\w+)'", lambda m: (
        _("A group or repeat begins here and ends nowhere."), _("Add a row end_%(kind)s after its last question.") % {"kind": m[1]})),
    (r"Unmatched 'end_(\w+)'", lambda m: (
        _("A group or repeat ends here and begins nowhere."), _("Add a row begin_%(kind)s before it, or delete this row.") % {"kind": m[1]})),
    (r"You must have a sheet named 'survey'", lambda m: (
        _("There is no sheet called survey."), _("Call the sheet with the questions survey."))),
    (r"named '(.*)' has no label or hint", lambda m: (
        _("The question “%(name)s” has no text.") % {"name": m[1]}, _("Write the question into the column label."))),
    (r"Choices must have a name", lambda m: (
        _("A choice has no name."), _("Write a short name into the column name of the sheet choices."))),
    (r"Choice names must be unique", lambda m: (
        _("Two choices of one list have the same name."), _("Give each choice of a list a name of its own."))),
    (r"required column headers were not found: (.*?)\.", lambda m: (
        _("The sheet lacks the column %(name)s.") % {"name": m[1]}, _("Add the column; the names stand in row 1."))),
    (r"Duplicate column header: (.*)", lambda m: (
        _("Two columns are called %(name)s.") % {"name": m[1]}, _("Rename one of them, or delete it."))),
    (r"not recognized as a supported type|File is not a zip file", lambda m: (
        _("The file is damaged or no workbook."), _("Save it again as .xlsx."))),
)  # fmt: skip


def said_by_pyxform(text: str) -> Said:
    """What is wrong and what to do."""
    for pattern, words in KNOWN:
        found = re.search(pattern, text)
        if found:
            return words(found)
    return text, _("The sentence is pyxform’s own. Compare the row with the XLSForm reference (xlsform.org).")


def advice(text: str) -> str:
    """What to do about a remark that stops nothing."""
    if "should have a label" in text:
        return _("The choice can be used; people will see its name. Give it a label.")
    if "valid machine-readable codes" in text:
        return _("Write the language with its code: label::Қазақша (kk), label::Русский (ru), label::English (en).")
    if "is missing the" in text:
        return _("People who read that language will see the form’s first language there.")
    return _("The form can be used as it is.")
