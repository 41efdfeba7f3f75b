"""The name and version of a form, written into its XForm: ODK Collect tells versions apart by them."""

from __future__ import annotations

from xml.etree.ElementTree import register_namespace, tostring

from defusedxml.ElementTree import fromstring

XF = "{http://www.w3.org/2002/xforms}"
H = "{http://www.w3.org/1999/xhtml}"
NAMESPACES = {
    "": "http://www.w3.org/2002/xforms",
    "h": "http://www.w3.org/1999/xhtml",
    "ev": "http://www.w3.org/2001/xml-events",
    "xsd": "http://www.w3.org/2001/XMLSchema",
    "jr": "http://openrosa.org/javarosa",
    "orx": "http://openrosa.org/xforms",
    "odk": "http://www.opendatakit.org/xforms",
}


def stamped(xform: bytes, form_id: str, version: str) -> bytes:
    """The XForm with this id and version, and without a submission address or key of its own."""
    for prefix, uri in NAMESPACES.items():
        register_namespace(prefix, uri)
    page = fromstring(xform)
    model = page.find(f"{H}head/{XF}model")
    primary = model.find(f"{XF}instance")[0]
    primary.set("id", form_id)
    primary.set("version", version)
    for submission in model.findall(f"{XF}submission"):
        model.remove(submission)  # whoever wrote the file does not choose where answers go
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(page, encoding="utf-8")
