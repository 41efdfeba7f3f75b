"""Tasks in the format of 1EdTech's QTI 3.0, in and out (Assessment, Section and Item Information Model v3.0, sec. 2-5).

One file an item, or a zip of them with their pictures. Files of one identifier in several languages are one task. What
this platform cannot put before a pupil is refused by name, item by item, and the others come in.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from django.utils.translation import gettext as _

from tirek.storage.tables import Fault, shown
from tirek.storage.uploads import Limits, looks_like, open_archive

NAMESPACE = "http://www.imsglobal.org/xsd/imsqtiasi_v3p0"
PACKAGE = "http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1"
INTERACTIONS = {
    "qti-choice-interaction": "choice",
    "qti-text-entry-interaction": "word",
    "qti-extended-text-interaction": "open",
}
NUMBERS = ("integer", "float")
BLOCKS = {"p", "div", "li", "h1", "h2", "h3", "h4", "blockquote", "pre", "tr", "qti-prompt"}
PICTURES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".svg": "image/svg+xml"}
LANGUAGES = ("kk", "ru", "en")
LIMITS = Limits(file_bytes=20 << 20, entries=5_000, entry_bytes=5 << 20, total_bytes=100 << 20)


@dataclass(frozen=True)
class Picture:
    """A picture in the stem: its bytes, and the words that stand for it."""

    name: str
    media_type: str
    data: bytes
    words: str


@dataclass(frozen=True)
class Wording:
    """A task in one language."""

    stem: str
    options: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True)
class QtiTask:
    """A task as it came: `kind` is choice, choices, number, word or open; `key` names options by letter."""

    code: str
    title: str
    kind: str
    key: str
    max_score: int
    tolerance: str = ""
    wordings: Mapping[str, Wording] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """The tasks that can be used, and what is wrong with the others."""

    tasks: tuple[QtiTask, ...]
    faults: tuple[Fault, ...]


class _Unfit(Exception):
    """An item that cannot be used: what is wrong, what to do."""

    def __init__(self, what: str, to_do: str, column: str = "", value: object = "") -> None:
        self.what, self.to_do, self.column, self.value = what, to_do, column, value
        super().__init__(what)


def read(name: str, data: bytes, *, language: str = "ru") -> Reading:
    """Read one item file or a package.

    `language` is taken for items that do not name one of ours. Raises `UploadRefused` for a dangerous archive.
    """
    files = open_archive(data, LIMITS) if looks_like(data) == "zip" else {name: data}
    tasks: dict[str, QtiTask] = {}
    faults: list[Fault] = []
    for path, content in sorted(files.items()):
        if not path.lower().endswith(".xml") or posixpath.basename(path) == "imsmanifest.xml":
            continue
        try:
            found = _item(path, content, files, language)
            if found is not None:
                tasks[found.code] = _joined(tasks.get(found.code), found)
        except _Unfit as unfit:
            faults.append(Fault(path, None, unfit.column, shown(unfit.value), unfit.what, unfit.to_do))
    if not tasks and not faults:
        faults.append(
            Fault(name, None, "", "", _("No QTI item was found in it."), _("Send a QTI 3 item or a package of items."))
        )
    return Reading(tuple(tasks.values()), tuple(faults))


def _item(path: str, content: bytes, files: Mapping[str, bytes], language: str) -> QtiTask | None:
    """The item of a file; None for other XML files of a package (tests, style)."""
    try:
        root = fromstring(content, forbid_dtd=True)
    except ElementTree.ParseError as error:
        raise _Unfit(_("It is not well-formed XML: %s.") % error, _("Export the item again.")) from None
    except DefusedXmlException:
        raise _Unfit(
            _("It declares XML entities, which are not read for safety."), _("Export the item without a DTD.")
        ) from None
    kind = _name(root)
    if kind == "assessmentItem":
        raise _Unfit(_("It is an item of QTI 2."), _("Export it as QTI 3.0."), "assessmentItem")
    if kind != "qti-assessment-item":
        return None
    body = _find(root, "qti-item-body")
    if body is None:
        raise _Unfit(_("The item has no body."), _("Export the item again."), "qti-item-body")
    interaction = _only_interaction(body)
    declaration = _declaration(root, interaction.get("response-identifier", ""))
    letters = _letters(interaction)
    kind, key = _kind_and_key(interaction, declaration, letters)
    spoken = _language(root, language)
    return QtiTask(
        code=_code(root),
        title=root.get("title", ""),
        kind=kind,
        key=key,
        max_score=_max_score(root, declaration),
        wordings={spoken: _wording(path, body, interaction, files)},
    )


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _find(parent: ElementTree.Element, name: str) -> ElementTree.Element | None:
    return next((e for e in parent.iter() if _name(e) == name), None)


def _only_interaction(body: ElementTree.Element) -> ElementTree.Element:
    found = [e for e in body.iter() if _name(e).endswith("-interaction")]
    if len(found) != 1:
        raise _Unfit(
            _("It has %s places to answer; a task here has one.") % len(found),
            _("Split it into tasks of one answer each."),
            "qti-item-body",
        )
    if _name(found[0]) not in INTERACTIONS:
        raise _Unfit(
            _("This way of answering is not offered here."),
            _("Use a choice, a short entry or a free text."),
            _name(found[0]),
        )
    return found[0]


def _declaration(root: ElementTree.Element, identifier: str) -> ElementTree.Element:
    for element in root.iter():
        if _name(element) == "qti-response-declaration" and element.get("identifier") == identifier:
            return element
    raise _Unfit(
        _("The answer's declaration is missing."),
        _("Export the item again, with its response declaration."),
        "response-identifier",
        identifier,
    )


def _letters(interaction: ElementTree.Element) -> dict[str, str]:
    """Our letter of each option's identifier."""
    choices = [e for e in interaction if _name(e) == "qti-simple-choice"]
    if len(choices) > 26:
        raise _Unfit(_("It has more than 26 options."), _("Leave fewer options."), "qti-simple-choice", len(choices))
    return {choice.get("identifier", ""): chr(ord("A") + place) for place, choice in enumerate(choices)}


def _kind_and_key(
    interaction: ElementTree.Element, declaration: ElementTree.Element, letters: Mapping[str, str]
) -> tuple[str, str]:
    kind = INTERACTIONS[_name(interaction)]
    correct = _find(declaration, "qti-correct-response")
    values = [_text(e) for e in correct.iter() if _name(e) == "qti-value"] if correct is not None else []
    if kind == "open":
        return "open", ""
    if not values:
        raise _Unfit(_("The right answer is not named."), _("Add its correct response."), "qti-correct-response")
    if kind == "word":
        return ("number" if declaration.get("base-type") in NUMBERS else "word"), "|".join(values)
    strange = [value for value in values if value not in letters]
    if strange:
        raise _Unfit(
            _("The right answer is none of the options."),
            _("Correct the key or the options."),
            "qti-correct-response",
            strange[0],
        )
    key = "".join(sorted(letters[value] for value in values))
    return ("choices" if declaration.get("cardinality") == "multiple" else "choice"), key


def _max_score(root: ElementTree.Element, declaration: ElementTree.Element) -> int:
    """From the score's declared maximum, else from the mapping, else 1."""
    text = ""
    for element in root.iter():
        if _name(element) == "qti-outcome-declaration" and element.get("identifier") in ("SCORE", "MAXSCORE"):
            text = element.get("normal-maximum") or text
    mapping = _find(declaration, "qti-mapping")
    if not text and mapping is not None:
        text = mapping.get("upper-bound") or str(
            sum(max(float(e.get("mapped-value", 0)), 0.0) for e in mapping if _name(e) == "qti-map-entry")
        )
    try:
        score = float(text or 1)
    except ValueError:
        score = 0.0
    if score != int(score) or not 1 <= score <= 100:
        raise _Unfit(
            _("The highest score is not a whole number from 1 to 100."), _("Change the score."), "normal-maximum", text
        )
    return int(score)


def _code(root: ElementTree.Element) -> str:
    code = root.get("identifier", "").strip()
    if not code or len(code) > 32:
        raise _Unfit(
            _("Its identifier is empty or longer than 32 characters."), _("Give it a short one."), "identifier", code
        )
    return code


def _language(root: ElementTree.Element, otherwise: str) -> str:
    named = root.get("{http://www.w3.org/XML/1998/namespace}lang", "").lower().split("-")[0]
    return named if named in LANGUAGES else otherwise


def _wording(
    path: str, body: ElementTree.Element, interaction: ElementTree.Element, files: Mapping[str, bytes]
) -> Wording:
    choices = [e for e in interaction if _name(e) == "qti-simple-choice"]
    pictures: list[Picture] = []
    for element in body.iter():
        if _name(element) in ("img", "object"):
            pictures.append(_picture(path, element, files))
    stem = _prose(body, leave_out={"qti-simple-choice"})
    if not stem and not pictures:
        raise _Unfit(_("The task has no words and no picture."), _("Export the item again."), "qti-item-body")
    return Wording(stem, tuple(_prose(choice) for choice in choices), tuple(pictures))


def _picture(path: str, element: ElementTree.Element, files: Mapping[str, bytes]) -> Picture:
    reference = element.get("src") or element.get("data") or ""
    place = posixpath.normpath(posixpath.join(posixpath.dirname(path), reference))
    ending = posixpath.splitext(place)[1].lower()
    if place not in files:
        raise _Unfit(_("A picture is not in the package."), _("Pack it together with its pictures."), "src", reference)
    if ending not in PICTURES:
        raise _Unfit(_("This kind of picture is not shown here."), _("Use PNG, JPEG or SVG."), "src", reference)
    return Picture(posixpath.basename(place), PICTURES[ending], files[place], element.get("alt") or _text(element))


def _prose(element: ElementTree.Element, leave_out: Iterable[str] = ()) -> str:
    """The words of an element, a line a block."""
    lines = [""]

    def walk(node: ElementTree.Element) -> None:
        if _name(node) in leave_out:
            return
        block = _name(node) in BLOCKS
        if block and lines[-1]:
            lines.append("")
        lines[-1] += node.text or ""
        for child in node:
            walk(child)
            lines[-1] += child.tail or ""
        if block:
            lines.append("")

    walk(element)
    cleaned = (" ".join(line.split()) for line in lines)
    return "\n".join(line for line in cleaned if line)


def _text(element: ElementTree.Element) -> str:
    return "".join(element.itertext()).strip()


def _joined(earlier: QtiTask | None, found: QtiTask) -> QtiTask:
    """One task of its language versions; they must agree in all but the words."""
    if earlier is None:
        return found
    if set(earlier.wordings) & set(found.wordings):
        raise _Unfit(
            _("Another item of the package has the same identifier and language."),
            _("Give each item its own identifier."),
            "identifier",
            found.code,
        )
    if (earlier.kind, earlier.key, earlier.max_score) != (found.kind, found.key, found.max_score):
        raise _Unfit(
            _("Its kind, key or score differs from that of the same item in another language."),
            _("Make the language versions agree."),
            "identifier",
            found.code,
        )
    return replace(earlier, wordings={**earlier.wordings, **found.wordings})


def write(tasks: Iterable[QtiTask]) -> bytes:
    """A QTI 3.0 package: an item file a task and language, the pictures beside them, and the manifest."""
    files: dict[str, bytes] = {}
    resources = []
    for task in sorted(tasks, key=lambda task: task.code):
        for language, wording in sorted(task.wordings.items()):
            place = f"{language}/{task.code}.xml"
            files[place] = _item_xml(task, language, wording).encode()
            parts = [place]
            for picture in wording.pictures:
                files[f"{language}/{picture.name}"] = picture.data
                parts.append(f"{language}/{picture.name}")
            resources.append((f"{task.code}-{language}", parts))
    files["imsmanifest.xml"] = _manifest(resources).encode()
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name), files[name], zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _item_xml(task: QtiTask, language: str, wording: Wording) -> str:
    shapes = {"choice": ("single", "identifier"), "choices": ("multiple", "identifier"), "number": ("single", "float")}
    cardinality, base = shapes.get(task.kind, ("single", "string"))
    values = list(task.key) if base == "identifier" else [v for v in task.key.split("|") if v]
    correct = "".join(f"<qti-value>{escape(value)}</qti-value>" for value in values)
    declared = f"<qti-correct-response>{correct}</qti-correct-response>" if values else ""
    template = "match_correct" if values else ""
    processing = (
        f'<qti-response-processing template="https://purl.imsglobal.org/spec/qti/v3p0/rptemplates/{template}.xml"/>'
        if template
        else ""
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<qti-assessment-item xmlns="{NAMESPACE}" identifier={quoteattr(task.code)} title={quoteattr(task.title)}'
        f' adaptive="false" time-dependent="false" xml:lang="{language}">'
        f'<qti-response-declaration identifier="RESPONSE" cardinality="{cardinality}" base-type="{base}">{declared}'
        "</qti-response-declaration>"
        '<qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float"'
        f' normal-maximum="{task.max_score}"/>'
        f"<qti-item-body>{_body_xml(task, wording)}</qti-item-body>{processing}</qti-assessment-item>\n"
    )


def _body_xml(task: QtiTask, wording: Wording) -> str:
    words = "".join(f"<p>{escape(line)}</p>" for line in wording.stem.split("\n") if line)
    pictures = "".join(f"<p><img src={quoteattr(p.name)} alt={quoteattr(p.words)}/></p>" for p in wording.pictures)
    if task.kind in ("choice", "choices"):
        most = 1 if task.kind == "choice" else 0
        options = "".join(
            f'<qti-simple-choice identifier="{chr(ord("A") + place)}">{escape(text)}</qti-simple-choice>'
            for place, text in enumerate(wording.options)
        )
        answer = (
            f'<qti-choice-interaction response-identifier="RESPONSE" max-choices="{most}">{options}'
            "</qti-choice-interaction>"
        )
    elif task.kind == "open":
        answer = '<qti-extended-text-interaction response-identifier="RESPONSE"/>'
    else:
        answer = '<p><qti-text-entry-interaction response-identifier="RESPONSE"/></p>'
    return words + pictures + answer


def _manifest(resources: list[tuple[str, list[str]]]) -> str:
    listed = "".join(
        f'<resource identifier={quoteattr(name)} type="imsqti_item_xmlv3p0" href={quoteattr(parts[0])}>'
        + "".join(f"<file href={quoteattr(part)}/>" for part in parts)
        + "</resource>"
        for name, parts in resources
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<manifest xmlns="{PACKAGE}" identifier="tirek-tasks"><metadata>'
        "<schema>QTI Package</schema><schemaversion>3.0.0</schemaversion></metadata><organizations/>"
        f"<resources>{listed}</resources></manifest>\n"
    )
