"""Answers as an engine takes them: one byte an answer, missing kept apart from wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import BrokenContract

NOT_ANSWERED = 255
"""Code of an answer that is missing: never presented, or set missing by the chosen policy."""


@dataclass(frozen=True)
class Answers:
    """Who answered what.

    Parameters
    ----------
    codes : ndarray of uint8, shape (persons, items)
        Score of each answer, 0 and upwards; 255 where there is none. A policy for omitted and not reached
        answers has been applied before (wrong is 0, missing is 255).
    items : tuple of str
        Names of the columns, all different.
    weights : ndarray of float64, shape (persons,), optional
        Case weights, zero or more; any scale. Persons of weight 0 are scored but do not calibrate.
    groups : ndarray of int64, shape (persons,), optional
        Index into `group_names`; each group has its own mean and variance. Group 0 fixes the origin.
    group_names : tuple of str
        Names of the groups; ``("all",)`` without groups.
    """

    codes: NDArray[np.uint8]
    items: tuple[str, ...]
    weights: NDArray[np.float64] | None = None
    groups: NDArray[np.int64] | None = None
    group_names: tuple[str, ...] = ("all",)

    def __post_init__(self) -> None:
        if self.codes.ndim != 2 or self.codes.dtype != np.uint8:
            raise BrokenContract("codes", f"{self.codes.dtype} {self.codes.shape}", "uint8 (persons, items)")
        if len(self.items) != self.codes.shape[1]:
            raise BrokenContract("items", len(self.items), f"{self.codes.shape[1]} names")
        if len(set(self.items)) != len(self.items):
            raise BrokenContract("items", "a name twice", "different names")
        for name, column in (("weights", self.weights), ("groups", self.groups)):
            if column is not None and column.shape != (self.n_persons,):
                raise BrokenContract(name, column.shape, (self.n_persons,))
        if self.weights is not None and not bool(np.all(np.isfinite(self.weights) & (self.weights >= 0))):
            raise BrokenContract("weights", "a negative or missing weight", "zero or more")
        if self.groups is not None and self.n_persons and not self._groups_in_range():
            raise BrokenContract("groups", "an index outside group_names", f"0..{len(self.group_names) - 1}")

    def _groups_in_range(self) -> bool:
        assert self.groups is not None
        return bool(self.groups.min() >= 0 and self.groups.max() < len(self.group_names))

    @property
    def n_persons(self) -> int:
        """Number of rows."""
        return int(self.codes.shape[0])

    @property
    def n_items(self) -> int:
        """Number of columns."""
        return int(self.codes.shape[1])

    @classmethod
    def from_matrix(
        cls,
        matrix: NDArray[np.generic],
        items: Sequence[str] | None = None,
        *,
        weights: NDArray[np.float64] | None = None,
        groups: Sequence[object] | NDArray[np.generic] | None = None,
    ) -> Answers:
        """Build from a matrix of numbers in which NaN or a negative number means no answer.

        Examples
        --------
        >>> import numpy as np
        >>> a = Answers.from_matrix(np.array([[1.0, 0.0], [np.nan, 2.0]]), ["M1", "M2"])
        >>> a.codes.tolist()
        [[1, 0], [255, 2]]
        """
        values = np.asarray(matrix, dtype=np.float64)
        if values.ndim != 2:
            raise BrokenContract("matrix", values.shape, "(persons, items)")
        absent = ~np.isfinite(values) | (values < 0)
        known = np.where(absent, 0.0, values)
        if np.any(known != np.floor(known)) or np.any(known >= NOT_ANSWERED):
            raise BrokenContract("matrix", "a score that is no whole number below 255", "0, 1, 2, …")
        codes = np.where(absent, NOT_ANSWERED, known).astype(np.uint8)
        names = tuple(items) if items is not None else tuple(f"item{j + 1}" for j in range(codes.shape[1]))
        if groups is None:
            return cls(codes, names, weights)
        labels = [str(g) for g in np.asarray(groups).tolist()]
        group_names = tuple(dict.fromkeys(labels))
        place = {name: index for index, name in enumerate(group_names)}
        numbers = np.array([place[label] for label in labels], dtype=np.int64)
        return cls(codes, names, weights, numbers, group_names)
