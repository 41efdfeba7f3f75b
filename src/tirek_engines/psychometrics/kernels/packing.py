"""Compiled loops that count, pack and number the rows of a matrix of answers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tirek_engines._jit import kernel

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]


@kernel
def count_codes(codes: Bytes) -> Ints:
    """How often each of the 256 codes occurs in each column of `codes` (persons, items)."""
    counts = np.zeros((codes.shape[1], 256), np.int64)
    usual = np.zeros((codes.shape[1], 8), np.int64)  # codes 0 to 6, and 255 as 7: small enough to stay in the cache
    for i in range(codes.shape[0]):
        for j in range(codes.shape[1]):
            code = codes[i, j]
            if code < 7 or code == 255:
                usual[j, code & 7] += 1
            else:
                counts[j, code] += 1
    counts[:, :7] = usual[:, :7]
    counts[:, 255] = usual[:, 7]
    return counts


@kernel
def pack_into(
    codes: Bytes, columns: Ints, recode: Bytes, byte_of: Ints, step_of: Ints, packed: Bytes, masks: Bytes
) -> None:
    """Pack categories into mixed-radix bytes, and which items were answered into bits; both arrays hold zeros before.

    A missing answer is category 0 in `packed`; its absence is in `masks`: bit j % 8 of byte j // 8.
    """
    for i in range(codes.shape[0]):
        for j in range(columns.shape[0]):
            category = recode[j, codes[i, columns[j]]]
            if category != 255:
                packed[i, byte_of[j]] += np.uint8(category * step_of[j])
                masks[i, j // 8] |= np.uint8(1 << (j % 8))


@kernel
def pack_masks(codes: Bytes, columns: Ints, recode: Bytes) -> Bytes:
    """Which items each person answered: bit j % 8 of byte j // 8."""
    masks = np.zeros((codes.shape[0], (columns.shape[0] + 7) // 8), np.uint8)
    for i in range(codes.shape[0]):
        for j in range(columns.shape[0]):
            if recode[j, codes[i, columns[j]]] != 255:
                masks[i, j // 8] |= np.uint8(1 << (j % 8))
    return masks


@kernel
def number_rows(rows: Bytes, labels: Ints) -> tuple[Ints, Ints]:
    """Number the distinct (label, row) pairs in order of first appearance.

    Returns the number of each row and, for each number, the first row that has it.
    """
    n = rows.shape[0]
    size = 1024
    slots = np.full(size, -1, np.int64)
    first = np.empty(max(n, 1), np.int64)
    number = np.empty(n, np.int64)
    found = 0
    for i in range(n):
        if 2 * found >= size:
            size *= 4
            slots = np.full(size, -1, np.int64)
            for k in range(found):
                place = _hash(rows[first[k]], labels[first[k]], size)
                while slots[place] >= 0:
                    place = (place + 1) & (size - 1)
                slots[place] = k
        place = _hash(rows[i], labels[i], size)
        while True:
            k = slots[place]
            if k < 0:
                slots[place] = found
                first[found] = i
                number[i] = found
                found += 1
                break
            if labels[first[k]] == labels[i] and _same(rows[first[k]], rows[i]):
                number[i] = k
                break
            place = (place + 1) & (size - 1)
    return number, first[:found].copy()


@kernel
def _hash(row: Bytes, label: int, size: int) -> int:
    value = np.int64(label + 17)
    for b in range(row.shape[0]):
        value = ((value * 257) ^ row[b]) & 0x3FFFFFFFFFFF
    value ^= value >> 23
    return int((value * 40503 >> 7) & (size - 1))


@kernel
def _same(one: Bytes, other: Bytes) -> bool:
    for b in range(one.shape[0]):  # noqa: SIM110 (numba)
        if one[b] != other[b]:
            return False
    return True
