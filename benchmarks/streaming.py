"""Memory of a calibration from disk: is it the same at ten million persons as at one?

    python benchmarks/streaming.py                # 1M and 10M persons, 40 items, 2PL with errors and scores' reliability left out
    python benchmarks/streaming.py --quick        # 100,000 and 1M

Answers are made up a block at a time, packed to disk and calibrated from there, so that no process ever holds them all. Each
size has a process of its own; what is printed is its highest resident memory above what it held after a first small fit, beside
that of the same calibration in memory at the smaller size, the matrix of answers not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

ITEMS, BLOCK = 40, 65_536
GOAL_MB, WITHIN = 300.0, 1.1


def block(start: int, persons: int) -> np.ndarray:
    """Answers of the persons from ``start`` on; each block has a seed of its own."""
    rng = np.random.default_rng([20260901, start])
    n = min(BLOCK, persons - start)
    theta = rng.standard_normal((n, 1), dtype=np.float32)
    slopes = np.linspace(0.7, 1.8, ITEMS, dtype=np.float32)
    places = np.linspace(-2.0, 2.0, ITEMS, dtype=np.float32)
    chance = 1.0 / (1.0 + np.exp(-slopes * (theta - places)))
    return (rng.random((n, ITEMS), dtype=np.float32) < chance).astype(np.uint8)


def streamed(persons: int, folder: Path) -> object:
    from tirek_engines.psychometrics import Answers, Options
    from tirek_engines.psychometrics.large.packedfile import write_packed
    from tirek_engines.psychometrics.large.streaming import calibrate_packed

    names = tuple(f"i{j}" for j in range(ITEMS))

    def blocks() -> Iterator[Answers]:
        for start in range(0, persons, BLOCK):
            yield Answers(block(start, persons), names)

    file = write_packed(folder / f"answers-{persons}.packed", blocks)
    return calibrate_packed(file, Options(model="2pl", persons=False))


def in_memory(persons: int, codes: np.ndarray | None = None) -> object:
    from tirek_engines.psychometrics import Answers, Options, calibrate

    codes = codes if codes is not None else whole(persons)
    return calibrate(Answers(codes, tuple(f"i{j}" for j in range(ITEMS))), Options(model="2pl", persons=False))


def whole(persons: int) -> np.ndarray:
    codes = np.empty((persons, ITEMS), np.uint8)
    for start in range(0, persons, BLOCK):
        codes[start : start + BLOCK] = block(start, persons)
    return codes


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def work(how: str, persons: int) -> None:
    """One measurement, in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        small, folder = 2 * BLOCK, Path(name)
        if how == "memory":
            codes = whole(persons)
            in_memory(small)
        else:
            streamed(small, folder)
        before, clock, processor = resident_mb(), time.perf_counter(), time.process_time()
        found = in_memory(persons, codes) if how == "memory" else streamed(persons, folder)
        told = {"memory_mb": peak_mb() - before, "wall": time.perf_counter() - clock}
        told |= {"cpu": time.process_time() - processor, "converged": bool(found.fit.converged)}  # type: ignore[attr-defined]
        print(json.dumps(told))


def measured(how: str, persons: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, __file__, "--worker", how, str(persons)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    words = "in memory" if how == "memory" else "from disk, answers made up and packed included"
    print(
        f"{persons:>10,} persons, {words}: {result['memory_mb']:.0f} MB above the input, {result['cpu']:.1f} s CPU, "
        f"{result['wall']:.1f} s wall{'' if result['converged'] else ', NOT CONVERGED'}",
        flush=True,
    )
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="100,000 and 1M persons")
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        work(given.worker[0], int(given.worker[1]))
        return
    less, more = (100_000, 1_000_000) if given.quick else (1_000_000, 10_000_000)
    base = measured("memory", less)
    small, large = measured("disk", less), measured("disk", more)
    limit = GOAL_MB * WITHIN
    print(f"goal: at most {GOAL_MB:.0f} MB in memory, and {limit:.0f} MB at {more:,} persons from disk")
    print(
        f"from disk: {large['memory_mb'] / small['memory_mb']:.2f} times the memory for {more // less} times the persons"
    )
    if base["memory_mb"] > GOAL_MB or large["memory_mb"] > limit:
        raise SystemExit("The goal is missed.")


if __name__ == "__main__":
    main()
