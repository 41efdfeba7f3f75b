"""Files given as evidence: checked, then sealed under their digest."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tirek.programmes.refusals import BadInput
from tirek.storage import sealed
from tirek.tasks.services import EVIDENCE_TYPES, MAX_EVIDENCE_BYTES, File


def keep(file: File | None) -> dict[str, object]:
    """Columns of a row that holds the file; none without a file."""
    if file is None:
        return {}
    if not file.content:
        raise BadInput(_("The file “%(name)s” is empty.") % {"name": file.name}, code="empty", field="file")
    if len(file.content) > MAX_EVIDENCE_BYTES:
        raise BadInput(
            _("The file “%(name)s” is larger than 20 MB. Make it smaller and add it again.") % {"name": file.name},
            code="too_large", field="file",
        )  # fmt: skip
    if file.media_type not in EVIDENCE_TYPES:
        raise BadInput(
            _("The file “%(name)s” is of a kind that is not taken. Give a PDF, a picture, a table or a text document.")
            % {"name": file.name},
            code="wrong_kind", field="file",
        )  # fmt: skip
    digest = sealed.seal(file.content)
    return {"sha256": digest, "file_name": file.name[-200:], "media_type": file.media_type, "size": len(file.content)}
