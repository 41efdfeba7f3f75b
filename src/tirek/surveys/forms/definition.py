"""What a form says, read from its XForm: languages, questions, rules, lists. Made once for each sealed XForm."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

from tirek.storage import sealed
from tirek.surveys.forms.texts import Text, Translations, text_of
from tirek.surveys.xpath import Node

XF = "{http://www.w3.org/2002/xforms}"
H = "{http://www.w3.org/1999/xhtml}"
JR = "{http://openrosa.org/javarosa}"
META = {"meta", "instanceID", "instanceName", "deprecatedID"}
IDENTIFYING = {
    "deviceid",
    "phonenumber",
    "phone_number",
    "simserial",
    "subscriberid",
    "username",
    "email",
    "uri:deviceid",
}
"""What Collect fills in about the telephone and its owner: asked of nobody here, and thrown away when it comes."""


@dataclass(frozen=True)
class Bind:
    """The rules of one place in the form. Expressions are texts; empty where there is none."""

    type: str = "string"
    relevant: str = ""
    required: str = ""
    constraint: str = ""
    calculate: str = ""
    readonly: str = ""
    preload: str = ""
    preload_params: str = ""
    constraint_message: Text | None = None
    required_message: Text | None = None


@dataclass(frozen=True)
class Choices:
    """Where the choices of a question come from: a list with a filter, or written out."""

    list_name: str = ""
    nodeset: str = ""
    value_ref: str = "name"
    label_ref: str = "label"
    is_itext: bool = False
    fixed: tuple[tuple[str, Text], ...] = ()


@dataclass(frozen=True)
class Setting:
    """A value that the form sets by itself: when it is begun, in a new row, or when the answer to ``trigger`` changes."""

    path: str
    value: str
    trigger: str = ""


@dataclass(frozen=True)
class Control:
    """A question, a note, a group or a repeat, as the form's body shows it.

    ``path`` is the place in the form; placed in a row of a repeat it has the row's number: ``member[2]/age``. ``count`` of
    a repeat is the expression of how many rows it has; without one whoever answers adds rows.
    """

    kind: str
    path: str
    label: Text
    hint: Text
    bind: Bind
    appearance: str = ""
    choices: Choices | None = None
    children: tuple[Control, ...] = ()
    rows: int = 0
    limits: tuple[str, str, str] | None = None
    media: str = ""
    count: str = ""

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def is_question(self) -> bool:
        return self.kind not in ("group", "repeat", "note")

    def placed(self, old: str, new: str) -> Control:
        """The same within another place: ``old`` at the beginning of the path is ``new``."""
        path = new + self.path[len(old) :]
        return replace(self, path=path, children=tuple(child.placed(old, new) for child in self.children))


@dataclass(frozen=True)
class Definition:
    """A whole form. Paths are without the root: ``group/age``."""

    form_id: str
    version: str
    title: str
    root: str
    template: Node
    binds: Mapping[str, Bind]
    lists: Mapping[str, Node]
    controls: tuple[Control, ...]
    languages: tuple[str, ...]
    texts: Translations
    externals: tuple[str, ...] = ()
    settings: tuple[Setting, ...] = ()
    actions: tuple[tuple[str, str], ...] = ()
    order: tuple[str, ...] = field(default=())

    def walk(self) -> Iterator[Control]:
        """Every control in the order of the form, groups before what they hold."""

        def inside(controls: tuple[Control, ...]) -> Iterator[Control]:
            for control in controls:
                yield control
                yield from inside(control.children)

        yield from inside(self.controls)

    def questions(self) -> list[Control]:
        return [control for control in self.walk() if control.is_question]

    @cached_property
    def repeats(self) -> dict[str, Control]:
        """Repeats by their path."""
        return {control.path: control for control in self.walk() if control.kind == "repeat"}

    def question(self, path: str) -> Control | None:
        return next((control for control in self.walk() if control.path == path and control.is_question), None)


@lru_cache(maxsize=64)
def definition_of(sha256: str) -> Definition:
    """The form of a sealed XForm."""
    return read_definition(sealed.read(sha256))


def read_definition(xform: bytes) -> Definition:
    """Read an XForm (our own, made by pyxform)."""
    page = fromstring(xform)
    model = page.find(f"{H}head/{XF}model")
    instances = model.findall(f"{XF}instance")
    primary = instances[0][0]
    texts = Translations.read(model.find(f"{XF}itext"))
    root = _plain(primary.tag)
    binds = {_short(bind.get("nodeset", ""), root): _bind(bind, texts) for bind in model.findall(f"{XF}bind")}
    template = _tree(primary)
    lists = {one.get("id", ""): _tree(one[0]) for one in instances[1:] if len(one)}
    externals = tuple(one.get("src", "") for one in instances[1:] if one.get("src"))
    body = page.find(f"{H}body")
    controls = _controls(body, root, binds, texts)
    return Definition(
        form_id=primary.get("id", ""),
        version=primary.get("version", ""),
        title=page.findtext(f"{H}head/{H}title") or primary.get("id", ""),
        root=root,
        template=template,
        binds=binds,
        lists=lists,
        controls=controls,
        languages=texts.languages,
        texts=texts,
        externals=externals,
        settings=tuple(_settings(page, root)),
        actions=tuple(_actions(page, root)),
        order=tuple(path for path in _leaves(template)),
    )


SETS = {"odk-instance-first-load", "odk-new-repeat"}


def _settings(page: Element, root: str) -> Iterator[Setting]:
    """Values that the form sets. One for the first row and one for new rows mean the same here: each row begins once."""
    told: set[Setting] = set()
    for parent in page.iter():
        for element in parent:
            if _plain(element.tag) != "setvalue":
                continue
            events = set(element.get("event", "").split())
            value = element.get("value", "") or f"'{(element.text or '').strip()}'"
            path = _short(element.get("ref", ""), root)
            found = [Setting(path, value)] if events & SETS else []
            if "xforms-value-changed" in events:
                found.append(Setting(path, value, _short(parent.get("ref", ""), root)))
            yield from (one for one in found if one not in told)
            told.update(found)


def _actions(page: Element, root: str) -> Iterator[tuple[str, str]]:
    """What a telephone does by itself: where it is, what it hears."""
    for element in page.iter():
        name = _plain(element.tag)
        if name in ("setgeopoint", "recordaudio"):
            yield _short(element.get("ref", ""), root), name


def _plain(tag: str) -> str:
    return tag.rpartition("}")[2]


def _short(path: str, root: str) -> str:
    return path.strip().removeprefix(f"/{root}").strip("/")


def _tree(element: Element, parent: Node | None = None) -> Node:
    node = Node(_plain(element.tag), "" if len(element) else (element.text or "").strip(), parent)
    seen: set[str] = set()
    for child in element:
        name = _plain(child.tag)
        if child.get(f"{JR}template") is None and name in seen and _has_template(element, name):
            continue  # the first row of a repeat stands beside its template
        seen.add(name)
        _tree(child, node)
    return node


def _has_template(element: Element, name: str) -> bool:
    return any(_plain(child.tag) == name and child.get(f"{JR}template") is not None for child in element)


def _leaves(node: Node, path: str = "") -> Iterator[str]:
    for child in node.children:
        here = f"{path}/{child.name}".strip("/")
        if child.children:
            yield from _leaves(child, here)
        else:
            yield here


def _bind(bind: Element, texts: Translations) -> Bind:
    def message(name: str) -> Text | None:
        value = bind.get(f"{JR}{name}")
        return texts.referred(value) if value else None

    return Bind(
        type=(bind.get("type") or "string").rpartition(":")[2],
        relevant=bind.get("relevant", ""),
        required=bind.get("required", ""),
        constraint=bind.get("constraint", ""),
        calculate=bind.get("calculate", ""),
        readonly=bind.get("readonly", ""),
        preload=bind.get(f"{JR}preload", ""),
        preload_params=bind.get(f"{JR}preloadParams", ""),
        constraint_message=message("constraintMsg"),
        required_message=message("requiredMsg"),
    )


KINDS = {"input", "select", "select1", "trigger", "range", "upload", "rank", "group"}


def _controls(parent: Element, root: str, binds: Mapping[str, Bind], texts: Translations) -> tuple[Control, ...]:
    found: list[Control] = []
    for element in parent:
        name = _plain(element.tag)
        if name == "repeat":
            found.append(_repeat(element, parent, root, binds, texts))
        elif name in KINDS:
            found.append(_control(element, name, root, binds, texts))
    return tuple(one.children[0] if _only_frames_a_repeat(one) else one for one in found)


def _only_frames_a_repeat(control: Control) -> bool:
    """A repeat stands in a group of its own that has its words."""
    inside = control.children
    return (
        control.kind == "group" and len(inside) == 1 and inside[0].kind == "repeat" and inside[0].path == control.path
    )


def _repeat(element: Element, frame: Element, root: str, binds: Mapping[str, Bind], texts: Translations) -> Control:
    path = _short(element.get("nodeset", ""), root)
    return Control(
        kind="repeat",
        path=path,
        label=text_of(frame.find(f"{XF}label"), texts),
        hint=text_of(frame.find(f"{XF}hint"), texts),
        bind=binds.get(path, Bind()),
        appearance=element.get("appearance", "") or frame.get("appearance", ""),
        children=_controls(element, root, binds, texts),
        count=element.get(f"{JR}count", ""),
    )


def _control(element: Element, name: str, root: str, binds: Mapping[str, Bind], texts: Translations) -> Control:
    path = _short(element.get("ref", ""), root)
    bind = binds.get(path, Bind())
    rows = element.get("rows", "")
    limits = (element.get("start", ""), element.get("end", ""), element.get("step", "")) if name == "range" else None
    return Control(
        kind=_kind(name, bind),
        path=path,
        label=text_of(element.find(f"{XF}label"), texts),
        hint=text_of(element.find(f"{XF}hint"), texts),
        bind=bind,
        appearance=element.get("appearance", ""),
        choices=_choices(element, texts) if name in ("select", "select1", "rank") else None,
        children=_controls(element, root, binds, texts) if name == "group" else (),
        rows=int(rows) if rows.isdecimal() else 0,
        limits=limits,
        media=element.get("mediatype", ""),
    )


def _kind(name: str, bind: Bind) -> str:
    if name == "input":
        if bind.readonly in ("true()", "true"):
            return "note"
        return {"int": "integer", "string": "text"}.get(bind.type, bind.type)
    return name


ITEXT = re.compile(r"jr:itext\((\w+)\)")
LIST = re.compile(r"instance\('([^']+)'\)")


def _choices(element: Element, texts: Translations) -> Choices:
    itemset = element.find(f"{XF}itemset")
    if itemset is None:
        fixed = tuple(
            (item.findtext(f"{XF}value") or "", text_of(item.find(f"{XF}label"), texts))
            for item in element.findall(f"{XF}item")
        )
        return Choices(fixed=fixed)
    nodeset = itemset.get("nodeset", "")
    value, label = itemset.find(f"{XF}value"), itemset.find(f"{XF}label")
    label_ref = (label.get("ref", "") if label is not None else "") or "label"
    itext = ITEXT.fullmatch(label_ref.strip())
    found = LIST.search(nodeset)
    return Choices(
        list_name=found[1] if found else "",
        nodeset=nodeset,
        value_ref=(value.get("ref", "") if value is not None else "") or "name",
        label_ref=itext[1] if itext else label_ref,
        is_itext=itext is not None,
    )
