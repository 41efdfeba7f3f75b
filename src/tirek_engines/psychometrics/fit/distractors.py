"""Which option do persons of which ability choose? Tables of the options of multiple-choice items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import BrokenContract
from tirek_engines.psychometrics.fit.itemfit import correlation

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

N_BANDS = 4
RARE = 0.05
"""Share below which a wrong option hardly distracts anybody."""
ATTRACTS = 0.0
"""Correlation with ability above which a wrong option attracts the able."""
SIGNIFICANT = 1.96


@dataclass(frozen=True)
class OptionRow:
    """One option of one item.

    Attributes
    ----------
    item, option : str
    key : bool
        Whether it is the right one.
    n, share : float, float
        Sum of weights of those who chose it; its share of all answers to the item.
    mean_ability : float
        Of those who chose it (logits).
    point_biserial : float
        Correlation of having chosen it with ability, over those who answered the item.
    bands : tuple of float
        Its share within each quarter of ability, the lowest first; NaN for a quarter without answers.
    flag : str
        ``attracts-able``: a wrong option with a positive correlation (beyond 1.96 standard errors);
        ``above-key``: a wrong option whose choosers are abler than those of the key; ``weak-key``: a key whose
        correlation is not positive; ``rare``: a wrong option chosen by fewer than 5 %; otherwise empty.
    """

    item: str
    option: str
    key: bool
    n: float
    share: float
    mean_ability: float
    point_biserial: float
    bands: tuple[float, ...]
    flag: str


def option_tables(
    options: NDArray[np.object_],
    items: Sequence[str],
    keys: Mapping[str, str],
    ability: Floats,
    weights: Floats | None = None,
) -> list[OptionRow]:
    """Tabulate the options of every item against ability.

    Parameters
    ----------
    options : ndarray of object, shape (persons, items)
        Option chosen as a string; None where there is no answer.
    items : sequence of str
        Their names, in the order of the columns.
    keys : mapping of str to str
        Right option of each item; an item without one is tabulated without a key.
    ability : ndarray of float64, shape (persons,)
        Logits; persons with NaN are left out.
    weights : ndarray of float64, shape (persons,), optional
        Case weights; persons of weight 0 are left out.

    Returns
    -------
    list of OptionRow
        Items in the order given, options in natural order.
    """
    if options.shape != (ability.shape[0], len(items)):
        raise BrokenContract("options", options.shape, (ability.shape[0], len(items)))
    w = np.ones(ability.shape[0]) if weights is None else weights
    known = np.isfinite(ability) & (w > 0)
    edges = np.quantile(ability[known], np.arange(1, N_BANDS) / N_BANDS) if known.any() else np.zeros(N_BANDS - 1)
    band = np.searchsorted(edges, np.nan_to_num(ability), side="right")
    rows: list[OptionRow] = []
    for j, item in enumerate(items):
        there = known & np.array([o is not None for o in options[:, j]])
        rows += _item_rows(item, options[there, j], keys.get(item), ability[there], w[there], band[there])
    return rows


def _item_rows(
    item: str, chosen: NDArray[np.object_], key: str | None, ability: Floats, weights: Floats, band: Ints
) -> list[OptionRow]:
    names = sorted({*chosen.tolist(), *([key] if key is not None else [])}, key=_natural)
    picks = {name: np.array([c == name for c in chosen], dtype=bool) for name in names}
    of_key = _mean(ability, weights, picks[key]) if key is not None else float("nan")
    return [_row(item, name, key, picks[name], of_key, ability, weights, band) for name in names]


def _row(
    item: str,
    name: str,
    key: str | None,
    pick: NDArray[np.bool_],
    of_key: float,
    ability: Floats,
    weights: Floats,
    band: Ints,
) -> OptionRow:
    total = float(weights.sum())
    share = float(weights[pick].sum()) / total if total > 0 else float("nan")
    mean = _mean(ability, weights, pick)
    biserial = correlation(pick.astype(np.float64), ability, weights)
    shares = []
    for b in range(N_BANDS):
        inside = weights[band == b].sum()
        shares.append(float(weights[pick & (band == b)].sum() / inside) if inside > 0 else float("nan"))
    flag = _flag(name, key, share, biserial, mean, of_key, int(pick.size), int(pick.sum()))
    return OptionRow(item, name, name == key, float(weights[pick].sum()), share, mean, biserial, tuple(shares), flag)


def _flag(
    name: str, key: str | None, share: float, biserial: float, mean: float, of_key: float, n: int, n_chose: int
) -> str:
    if key is None:
        return ""
    if name == key:
        return "weak-key" if not biserial > 0 else ""
    if biserial > ATTRACTS and biserial * np.sqrt(n) > SIGNIFICANT:
        return "attracts-able"
    if mean > of_key and n_chose >= FEWEST_CHOOSERS:
        return "above-key"
    return "rare" if share < RARE else ""


FEWEST_CHOOSERS = 10
"""Choosers of an option whose mean ability is compared with the key's."""


def _mean(ability: Floats, weights: Floats, pick: NDArray[np.bool_]) -> float:
    total = weights[pick].sum()
    return float(weights[pick] @ ability[pick] / total) if total > 0 else float("nan")


def _natural(text: str) -> tuple[int, float, str]:
    try:
        return (0, float(text), text)
    except ValueError:
        return (1, 0.0, text)


def deduced_keys(options: NDArray[np.object_], codes: NDArray[np.uint8], items: Sequence[str]) -> dict[str, str]:
    """The option that goes with a full score, of each item where there is exactly one and nobody with it scored less.

    `codes` are the scores, 255 for none; shape as `options`.
    """
    keys: dict[str, str] = {}
    for j, item in enumerate(items):
        there = np.array([o is not None for o in options[:, j]]) & (codes[:, j] != 255)
        if not there.any():
            continue
        full = codes[there, j] == codes[there, j].max()
        right, wrong = set(options[there, j][full].tolist()), set(options[there, j][~full].tolist())
        if len(right) == 1 and not right & wrong and wrong:
            keys[item] = next(iter(right))
    return keys
