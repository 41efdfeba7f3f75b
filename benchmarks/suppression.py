"""Hiding small groups in a country's table by processor seconds: line by line, and audited against all sums together."""

from __future__ import annotations

import argparse
import os
import time

for _name in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{_name}_NUM_THREADS", "1")

import numpy as np  # noqa: E402 (after the threads are fixed)

WAYS = (2, 4, 3)
"""Break-downs beside the territory: so many groups in each."""


def leaves(schools: int, pupils: int, random: np.random.Generator) -> np.ndarray:
    """Schools by all and by the groups of each break-down, unevenly filled."""
    size = np.maximum(random.lognormal(np.log(pupils) - 0.5, 1.0, schools).astype(int), 1)
    columns = [size[:, None]]
    for groups in WAYS:
        shares = random.dirichlet(np.full(groups, 0.5), schools)
        columns.append(np.array([random.multinomial(n, p) for n, p in zip(size, shares, strict=True)]))
    return np.hstack(columns)


def country(schools: int, pupils: int, seed: int = 1) -> tuple[np.ndarray, list[list[int]]]:
    """Country, regions, districts and schools, each by every break-down; and every sum among them."""
    random = np.random.default_rng(seed)
    districts, regions = max(schools // 40, 2), max(schools // 400, 1)
    table = leaves(schools, pupils, random)
    district = np.sort(random.integers(0, districts, schools))
    region = np.arange(districts) * regions // districts
    by_district = np.zeros((districts, table.shape[1]), int)
    np.add.at(by_district, district, table)
    by_region = np.zeros((regions, table.shape[1]), int)
    np.add.at(by_region, region, by_district)
    whole = np.concatenate([by_region.sum(0, keepdims=True), by_region, by_district, table])
    parent = np.concatenate([[-1], np.zeros(regions, int), 1 + region, 1 + regions + district])
    number = np.arange(whole.size).reshape(whole.shape)
    lines = [
        [int(number[place, group]), *map(int, number[parent == place, group])]
        for place in np.unique(parent[1:])
        for group in range(whole.shape[1])
    ]
    first = 1
    for groups in WAYS:
        lines += [[int(row[0]), *map(int, row[first : first + groups])] for row in number]
        first += groups
    return whole.reshape(-1, 1), lines


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--schools", type=int, default=8000)
    options.add_argument("--pupils", type=int, default=300, help="Of a school, on average.")
    options.add_argument("--quick", action="store_true", help="400 schools.")
    given = options.parse_args()
    from tirek_engines.disclosure.lines import suppress_lines

    counts, lines = country(400 if given.quick else given.schools, given.pupils)
    small = int(((counts > 0) & (counts < 10)).sum())
    print(f"{counts.size:,} cells, {len(lines):,} sums, {small:,} small; load {os.getloadavg()[0]:.1f}")
    for audited in (False, True):
        start, wall = time.process_time(), time.perf_counter()
        state = suppress_lines(counts, lines, minimum=10, all_sums_together=audited)
        spent = f"{time.process_time() - start:6.2f} s of processor, {time.perf_counter() - wall:6.2f} s"
        print(f"{'all sums together' if audited else 'line by line':18} {spent}, {int((state > 0).sum()):,} hidden")


if __name__ == "__main__":
    main()
