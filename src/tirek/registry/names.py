"""Names of people and institutions: order, search and comparison.

*Order*: PostgreSQL is built without ICU here, so Kazakh order is stored as a key of one byte a letter and sorted
``COLLATE "C"``: space, digits, Latin letters, then the 42 letters of the Kazakh alphabet.

*Search*: trigrams of a spelling reduced to what a hurried typist keeps: no difference between ә and а, ё and е,
Cyrillic and Latin, so that ``Alieva`` and ``Алиева`` both find ``Әлиева``. A trigram is 18 bits: no
hashing, no collisions.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
import pyarrow as pa

from tirek.storage.unseen import clean as clean

KAZAKH_ALPHABET = "аәбвгғдеёжзийкқлмнңоөпрстуұүфхһцчшщъыіьэюя"
LATIN_ALPHABET = "abcdefghijklmnopqrstuvwxyz"
FIRST_LATIN = 0x3A
FIRST_KAZAKH = FIRST_LATIN + len(LATIN_ALPHABET)
DIGIT_RUN = re.compile(r"\d+")
DIGIT_WIDTH = 6
PERSON_KEY_LENGTH = 200

# letters of neighbours' alphabets, beside the nearest of ours
NEIGHBOURS = {"җ": "ж", "ҷ": "ж", "ў": "у", "ӯ": "у", "ҳ": "х", "ӣ": "и", "ї": "и", "ґ": "ғ", "є": "е", "ѓ": "ғ"}

# what search keeps of a letter; ъ and ь are dropped
REDUCED = dict(zip(
    "аәбвгғдеёэжзийіїыікқлмнңоөпрстуұүюфхһцчшщя",
    "aabvggdeeejziiiiiikklmnnooprstuuuufhhcxwwa", strict=True,
)) | {"ъ": "", "ь": ""}  # fmt: skip
# Latin spellings of the same sounds, tried in this order
LATIN_SPELLINGS = (
    ("w", "v"), ("x", "ks"), ("q", "k"), ("shch", "w"), ("sch", "w"), ("zh", "j"), ("kh", "h"), ("sh", "w"),
    ("ch", "x"), ("gh", "g"), ("ts", "c"), ("ya", "a"), ("yu", "u"), ("ye", "e"), ("yo", "e"), ("y", "i"),
)  # fmt: skip
LATIN_LETTER = re.compile("[A-Za-zÀ-ɏ]")
SHORT_WORD = 2
SYMBOLS = " " + LATIN_ALPHABET + "0123456789"
DROPPED = "'’ʼʹʺ\"`"
TABLE_SIZE = 0x2100  # far enough for typographic apostrophes


def full_name(family: str, given: str, patronymic: str = "") -> str:
    return " ".join(filter(None, (clean(family), clean(given), clean(patronymic))))


def _nearest(letter: str, alphabet: str) -> str:
    """A neighbour alphabet's letter as the nearest of ours; an accented Latin one without its accent."""
    letter = NEIGHBOURS.get(letter, letter)
    return letter if letter in alphabet else unicodedata.normalize("NFD", letter)[0]


def _sort_table() -> np.ndarray:
    """Byte of each character in a sort key; 0 drops it."""
    table = np.zeros(TABLE_SIZE, dtype=np.uint8)
    for code in range(TABLE_SIZE):
        letter = _nearest(chr(code).lower(), KAZAKH_ALPHABET)
        if letter in KAZAKH_ALPHABET:
            table[code] = FIRST_KAZAKH + KAZAKH_ALPHABET.index(letter)
        elif letter in LATIN_ALPHABET:
            table[code] = FIRST_LATIN + LATIN_ALPHABET.index(letter)
        elif letter in "0123456789":
            table[code] = ord(letter)
        elif letter.isspace() or letter in "-_/.,":
            table[code] = ord(" ")
    table[ord("\n")] = ord("\n")
    return table


def _search_table() -> np.ndarray:
    """Byte of each character in the reduced spelling (Latin letters as they are: their spellings come first)."""
    table = np.full(TABLE_SIZE, ord(" "), dtype=np.uint8)
    for code in range(TABLE_SIZE):
        letter = _nearest(chr(code).lower(), KAZAKH_ALPHABET)
        kept = REDUCED.get(letter, letter)
        if kept == "" or chr(code) in DROPPED or unicodedata.combining(chr(code)):
            table[code] = 0
        elif kept in SYMBOLS:
            table[code] = ord(kept)
    table[ord("\n")] = ord("\n")
    return table


def _apply(table: np.ndarray, text: str) -> str:
    codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    mapped = np.where(codes < TABLE_SIZE, table[np.minimum(codes, TABLE_SIZE - 1)], ord(" "))
    return mapped[mapped > 0].astype(np.uint8).tobytes().decode("ascii")


_SORT, _SEARCH = _sort_table(), _search_table()


def sort_key(text: str, length: int = 300) -> str:
    """Key under which ``text`` is ordered; runs of digits count as numbers (school 8 before school 15)."""
    text = DIGIT_RUN.sub(lambda run: run[0].zfill(DIGIT_WIDTH), clean(text))
    return " ".join(_apply(_SORT, text).split())[:length]


def person_sort_key(family: str, given: str, patronymic: str = "") -> str:
    return sort_key(full_name(family, given, patronymic), PERSON_KEY_LENGTH)


def sort_keys(texts: Sequence[str], length: int = PERSON_KEY_LENGTH) -> list[str]:
    """As :func:`sort_key` for many; ``texts`` are clean (:func:`clean`)."""
    if not len(texts):
        return []
    keys = [key[:length] for part in _parts(texts) for key in _apply(_SORT, "\n".join(part)).split("\n")]
    for row in _rows_with(texts, r"[^\p{L} ]"):
        keys[row] = sort_key(texts[row], length)
    return keys


def _parts(texts: Sequence[str], size: int = 50_000) -> Iterator[Sequence[str]]:
    return (texts[start : start + size] for start in range(0, len(texts), size))


def _rows_with(texts: Sequence[str], pattern: str) -> list[int]:
    return pl.Series(texts, dtype=pl.String).str.contains(pattern).arg_true().to_list()


def reduced(text: str) -> str:
    """The spelling that search and the hunt for duplicates compare: Latin letters, digits, single spaces."""
    text = clean(text).lower()
    if LATIN_LETTER.search(text):
        text = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
        text = unicodedata.normalize("NFC", clean(text))
        for spelling, symbol in LATIN_SPELLINGS:
            text = text.replace(spelling, symbol)
    return " ".join(_apply(_SEARCH, text).split())


def grams(text: str) -> list[int]:
    """Trigrams of a name, each word with two spaces before and one after; sorted, each once."""
    return sorted({_gram(word[i : i + 3]) for word in _padded(text) for i in range(len(word) - 2)})


def query_grams(text: str) -> list[int]:
    """Trigrams that a name must contain to match what is being typed, in order of the text.

    Words may be unfinished; but where all have only one or two letters they are whole: too many names begin like that.
    """
    words = _padded(text)
    end = 2 if all(len(word) <= 2 + SHORT_WORD + 1 for word in words) else 3
    return list(dict.fromkeys(_gram(word[i : i + 3]) for word in words for i in range(len(word) - end)))


def grams_many(texts: Sequence[str]) -> pl.Series:
    """As :func:`grams` for many clean names, unsorted and with repetitions: a million in about a second."""
    parts = [_grams_of_part(part) for part in _parts(texts)]
    return pl.concat(parts) if parts else pl.Series([], dtype=pl.List(pl.Int32))


def _grams_of_part(texts: Sequence[str]) -> pl.Series:
    lines = _apply(_SEARCH, "\n".join(texts)).split("\n")
    for row in _rows_with(texts, "[A-Za-zÀ-ɏ]"):
        lines[row] = reduced(texts[row])
    joined = np.frombuffer(("\n" + "\n".join(lines) + "\n").encode(), dtype=np.uint8)
    codes = _CODES[joined]
    before = np.concatenate(([np.int32(0)], codes[:-1]))
    before_that = np.concatenate(([np.int32(0)] * 2, codes[:-2]))
    before_that[before == 0] = 0
    is_gram = (codes | before) > 0
    values = (before_that << 12 | before << 6 | codes)[is_gram]
    # a line break closes the last word of its row: grams up to and with the break belong to the row
    ends = np.cumsum(is_gram, dtype=np.int64)[np.flatnonzero(joined == ord("\n"))]
    # from buffers: pa.array() of NumPy's loads the whole of pandas, which takes longer than ten thousand rows
    lists, parts = (
        pa.large_list(pa.int32()),
        pa.Array.from_buffers(pa.int32(), len(values), [None, pa.py_buffer(values)]),
    )
    rows = pa.Array.from_buffers(lists, len(texts), [None, pa.py_buffer(ends)], children=[parts])
    return pl.Series(_Carried(rows))


class _Carried:
    """An Arrow array without its class: handed over as it is, Polars would load all of ``pyarrow.compute`` for it."""

    def __init__(self, array: pa.Array):
        self._array = array

    def __arrow_c_array__(self, requested_schema=None):
        return self._array.__arrow_c_array__(requested_schema)


def _padded(text: str) -> list[str]:
    return [f"  {word} " for word in reduced(text).split()]


def _gram(three: str) -> int:
    first, second, third = (SYMBOLS.index(symbol) for symbol in three)
    return first << 12 | second << 6 | third


_CODES = np.zeros(256, dtype=np.int32)
_CODES[[ord(symbol) for symbol in SYMBOLS]] = np.arange(len(SYMBOLS))
