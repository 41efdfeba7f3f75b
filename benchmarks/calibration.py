"""Rasch calibration: our CPU seconds and memory against PyPI `mirt` and `girth`, at equal log-likelihood.

    python benchmarks/calibration.py              # 100k x 40 with peers, 1M x 40 with peers
    python benchmarks/calibration.py --quick      # peers at 100k only
    python benchmarks/calibration.py --json

Each tool runs in a process of its own, with one thread, on the same stored matrix; a small fit first warms its kernels.
The peers estimate a common slope under N(0, 1), which is the Rasch model with free variance on another scale; all
log-likelihoods are taken at the tool's own estimates with one yardstick (241 nodes on ±12). The peers are the
dependency group `bench`; what is not installed is said and left out.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.util
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA", "RAYON", "POLARS_MAX")}
PEERS = ("mirt", "girth")
GOAL = 20.0


def simulate(path: Path, persons: int, items: int) -> None:
    """Store a matrix of answers under a Rasch model with spread 1.2."""
    rng = np.random.default_rng(20260901)
    difficulty = np.linspace(-2.0, 2.0, items)
    codes = np.empty((persons, items), np.uint8)
    for start in range(0, persons, 50_000):
        rows = slice(start, min(start + 50_000, persons))
        theta = 1.2 * rng.standard_normal((codes[rows].shape[0], 1))
        codes[rows] = rng.random(codes[rows].shape) < 1.0 / (1.0 + np.exp(difficulty - theta))
    np.save(path, codes)


def fit_ours(codes: np.ndarray) -> tuple[np.ndarray, float]:
    """Intercepts and spread on the Rasch scale; persons are scored as well."""
    from tirek_engines.psychometrics import Answers, Options, calibrate

    items = tuple(f"i{j}" for j in range(codes.shape[1]))
    found = calibrate(Answers(codes, items), Options(model="rasch"))
    return np.array([i.d[0] for i in found.items]), float(np.sqrt(found.groups[0].variance))


def fit_mirt(codes: np.ndarray) -> tuple[np.ndarray, float]:
    """PyPI mirt at its default tolerance, equal slopes (its "1PL" fixes slope and variance); no errors, no scores."""
    import mirt

    every = list(range(codes.shape[1]))
    found = mirt.fit_mirt(
        codes.astype(np.int64),
        model="2PL",
        constraints=[("discrimination", every)],
        n_quadpts=41,
        max_iter=2000,
        compute_standard_errors=False,
    )
    slope, difficulty = (np.asarray(found.model.parameters[k], float) for k in ("discrimination", "difficulty"))
    common = float(slope.ravel()[0])
    return -common * difficulty.ravel(), common


def fit_girth(codes: np.ndarray) -> tuple[np.ndarray, float]:
    """girth's one-parameter MML with a common slope; no scores."""
    from girth import onepl_mml

    found = onepl_mml(codes.T.astype(int), options={"quadrature_n": 41, "quadrature_bounds": (-6, 6)})
    common = float(np.ravel(found["Discrimination"])[0])
    return -common * np.asarray(found["Difficulty"], float), common


FITS = {"tirek": fit_ours, "mirt": fit_mirt, "girth": fit_girth}


def yardstick(codes: np.ndarray, intercepts: np.ndarray, spread: float) -> float:
    """Marginal log-likelihood on a wide and fine grid, from the scores' frequencies."""
    theta = np.linspace(-12.0, 12.0, 241)
    weight = np.exp(-0.5 * (theta / spread) ** 2)
    log_z = np.logaddexp(0.0, theta[:, None] + intercepts).sum(axis=1)
    counts = np.bincount(codes.sum(axis=1, dtype=np.int64))
    joint = np.arange(len(counts))[:, None] * theta - log_z + np.log(weight / weight.sum())
    top = joint.max(axis=1)
    by_score = top + np.log(np.exp(joint - top[:, None]).sum(axis=1))
    return float(counts @ by_score + codes.sum(axis=0, dtype=np.int64) @ intercepts)


def worker(tool: str, path: Path, repeats: int) -> dict[str, float]:
    """Fit in this process; CPU seconds (median), wall, memory above the loaded input, log-likelihood."""
    codes = np.load(path)
    FITS[tool](np.ascontiguousarray(codes[:500]))
    before = _resident_mb()
    cpu, wall = [], []
    for _ in range(repeats):
        start, clock = time.process_time(), time.perf_counter()
        intercepts, spread = FITS[tool](codes)
        cpu.append(time.process_time() - start)
        wall.append(time.perf_counter() - clock)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "cpu": statistics.median(cpu),
        "wall": statistics.median(wall),
        "memory_mb": max(peak - before, 0.0),
        "peak_mb": peak,
        "loglik": yardstick(codes, intercepts, spread),
    }


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def measure(tool: str, path: Path, repeats: int, limit: float) -> dict[str, float] | None:
    """Run `worker` in a process of its own; None when it takes longer than `limit` seconds."""
    command = [sys.executable, __file__, "--worker", tool, str(path), str(repeats)]
    try:
        done = subprocess.run(
            command, env={**os.environ, **ONE_THREAD}, capture_output=True, text=True, timeout=limit, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    if done.returncode:
        raise SystemExit(f"{tool} failed:\n{done.stderr}")
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def report(quick: bool, repeats: int, limit: float) -> list[dict[str, object]]:
    """Measure all sizes and tools, print a line each."""
    found = [p for p in PEERS if importlib.util.find_spec(p)]
    for peer in PEERS:
        state = version(peer) if peer in found else "not installed (dependency group bench): left out"
        print(f"{peer}: {state}")
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        for persons in (100_000, 1_000_000):
            path = Path(folder) / "answers.npy"
            simulate(path, persons, 40)
            ours = measure("tirek", path, repeats, limit)
            assert ours is not None
            rows.append(line(persons, "tirek", ours, ours))
            for peer in found if persons == 100_000 or not quick else []:
                theirs = measure(peer, path, 1, limit)
                if theirs is None:
                    print(f"{persons:>9,} x 40  {peer:<6} not finished after {limit:.0f} s")
                else:
                    rows.append(line(persons, peer, theirs, ours))
    return rows


def line(persons: int, tool: str, m: dict[str, float], ours: dict[str, float]) -> dict[str, object]:
    """Print one result and return it."""
    ratio = m["cpu"] / ours["cpu"]
    behind = m["loglik"] - ours["loglik"]
    verdict = "" if tool == "tirek" else f"  {ratio:7.0f} x ours (goal {GOAL:.0f}), log-likelihood {behind:+.4f}"
    print(
        f"{persons:>9,} x 40  {tool:<6} {m['cpu']:9.3f} s CPU  {m['memory_mb']:7.0f} MB above the input{verdict}",
        flush=True,
    )
    return {"persons": persons, "items": 40, "tool": tool, **m, "ratio": ratio, "behind": behind}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="peers at 100k only")
    parser.add_argument("--repeats", type=int, default=3, help="of ours; each peer runs once")
    parser.add_argument("--limit", type=float, default=1200.0, help="seconds a tool may take")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worker", nargs=3, metavar=("TOOL", "PATH", "REPEATS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        tool, path, repeats = arguments.worker
        print(json.dumps(worker(tool, Path(path), int(repeats))))
        return
    day = datetime.datetime.now(datetime.UTC).date()
    print(f"Rasch calibration, {day}, {platform.machine()}, Python {platform.python_version()}, one thread")
    rows = report(arguments.quick, arguments.repeats, arguments.limit)
    if arguments.json:
        print(json.dumps(rows))


if __name__ == "__main__":
    main()
