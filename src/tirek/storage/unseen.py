"""Text as it is seen: people type and paste marks that show nothing and yet turn or join what stands beside them."""

from __future__ import annotations

import unicodedata

# marks that are not seen but turn, join or hide what stands beside them, and control characters other than spaces
INVISIBLE = {
    n: None
    for n in (*range(0x2100), 0xFEFF, *range(0xFFF9, 0xFFFC), *range(0xE0000, 0xE0080))
    if unicodedata.category(chr(n)) in ("Cc", "Cf") and not chr(n).isspace()
}


def clean(text: str) -> str:
    """One form of each letter, single spaces, none at the ends, nothing that is not seen."""
    return " ".join(unicodedata.normalize("NFC", text or "").translate(INVISIBLE).split())
