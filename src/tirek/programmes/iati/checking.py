"""Is a file a valid IATI 2.03 activity file? Against the published schema, then against the published rules.

Needs neither server nor database nor network. What is wrong is told as faults with row, place, value and what to do.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lxml import etree

from tirek.programmes.iati.rules import RuleFault, rule_faults
from tirek.storage.tables import Fault, shown

HERE = Path(__file__).resolve().parent / "schema"
ACTIVITIES = HERE / "iati-activities-schema.xsd"
MAX_BYTES = 60 * 2**20
MAX_FAULTS = 500
EXPECTED = re.compile(r"Expected is (?:one of )?\(? ?(.*?) ?\)?\.$")
NAMED = re.compile(r"(?:Element|attribute|The attribute) '([^']+)'")


@dataclass(frozen=True)
class Checked:
    """``schema`` faults make the file invalid; ``rules`` are what the standard asks of a good file."""

    schema: list[Fault]
    rules: list[RuleFault]

    @property
    def is_valid(self) -> bool:
        return not self.schema

    @property
    def errors(self) -> list[RuleFault]:
        return [fault for fault in self.rules if fault.severity in ("error", "critical")]


def check(data: bytes, name: str, today: dt.date) -> Checked:
    """Check the bytes of a file; ``today`` is the day that “not in the future” is judged by."""
    tree, faults = _parsed(data, name)
    if tree is None:
        return Checked(faults, [])
    schema = activity_schema()
    if not schema.validate(tree):
        faults = [_fault(error, tree, name) for error in list(schema.error_log)[:MAX_FAULTS]]
    return Checked(faults, rule_faults(tree, today))


@cache
def activity_schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(ACTIVITIES)))


def _parsed(data: bytes, name: str) -> tuple[etree._ElementTree | None, list[Fault]]:
    if not data.strip():
        return None, [Fault(name, None, "", "", "The file is empty.", "Export it again.")]
    if len(data) > MAX_BYTES:
        return None, [Fault(name, None, "", "", "The file is larger than 60 MB.", "Send fewer activities a file.")]
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        row = error.position[0] if error.position else None
        what = f"It is not well-formed XML: {shown(error.msg)}."
        return None, [Fault(name, row, "", "", what, "Mend this row, or write the file again with a program.")]
    tree = root.getroottree()
    if tree.docinfo.doctype:
        what = "It declares a document type, which may hide entities."
        return None, [Fault(name, 1, "DOCTYPE", "", what, "Take the DOCTYPE away.")]
    if root.tag != "iati-activities":
        what = f"Its root is <{shown(str(root.tag))}>, not <iati-activities>."
        return None, [Fault(name, 1, "", "", what, "Give an activity file of IATI 2.03.")]
    return tree, []


def _fault(error, tree: etree._ElementTree, name: str) -> Fault:
    """One line of the schema's log, in words of ours."""
    found = NAMED.search(error.message)
    what_is = found[1] if found else ""
    place = _place(error, tree, what_is)
    if error.type_name == "SCHEMAV_ELEMENT_CONTENT":
        what, to_do = _content(error.message, what_is)
    elif error.type_name == "SCHEMAV_CVC_COMPLEX_TYPE_4":
        attribute = _quoted(error.message, 1)
        what = f"The attribute “{attribute}” is missing."
        to_do = f'Add {attribute}="…" to <{what_is}>.'
    elif error.type_name.startswith("SCHEMAV_CVC_COMPLEX_TYPE_3_2"):
        attribute = _quoted(error.message, 1)
        what, to_do = (
            f"The attribute “{attribute}” does not belong here.",
            "Take it away, or give it a namespace of its own.",
        )
    elif error.type_name.startswith("SCHEMAV_CVC_DATATYPE") or "not a valid value" in error.message:
        value, kind = _value(error.message), _kind(error.message)
        return Fault(
            name,
            error.line,
            place,
            shown(value),
            f"The value is no {kind}.",
            HOW_TO_WRITE.get(kind, "Write it as the standard says."),
        )
    else:
        what, to_do = shown(error.message), "Compare with the standard: https://iatistandard.org/en/iati-standard/203/"
    return Fault(name, error.line, place, "", what, to_do)


HOW_TO_WRITE = {
    "date": "Write it as 2025-11-21.",
    "dateTime": "Write it as 2025-11-21T10:00:00Z.",
    "boolean": "Write true, false, 1 or 0.",
    "decimal": "Write digits, with a point before the fraction.",
    "positiveInteger": "Write a whole number above zero.",
    "anyURI": "Write an address without spaces.",
}


def _quoted(message: str, place: int) -> str:
    found = re.findall(r"'([^']*)'", message)
    return found[place] if len(found) > place else (found[-1] if found else "")


def _value(message: str) -> str:
    found = re.search(r"'([^']*)' is not a valid value", message)
    return found[1] if found else ""


def _kind(message: str) -> str:
    found = re.search(r"atomic type '(?:xs:)?([^']+)'", message)
    return found[1] if found else "value of the type asked for"


def _content(message: str, element: str) -> tuple[str, str]:
    expected = EXPECTED.search(message)
    wanted = ", ".join(f"<{part.strip()}>" for part in expected[1].split(",")[:6]) if expected else ""
    if "Missing child element" in message:
        return f"<{element}> lacks a part.", f"Add {wanted}." if wanted else "Add what the standard asks for."
    if wanted:
        return f"<{element}> does not stand where it may.", f"Here may stand {wanted}."
    return (
        f"<{element}> stands here once too often, or does not belong here.",
        "Take it away, or move it to its place in the order.",
    )


def _place(error, tree: etree._ElementTree, element: str) -> str:
    """The path of the element, so that its field can be found."""
    path = getattr(error, "path", None)
    return path or element
