"""Calibration against its peers: CPU seconds of one thread, wall on all processors, memory, at equal log-likelihood.

    python benchmarks/calibration.py              # everything, up to 1M persons (peers up to 100k)
    python benchmarks/calibration.py --quick      # within two minutes: 10k persons, all tasks, peers where they are quick
    python benchmarks/calibration.py --sizes 10000,100000 --tasks 2pl,gpcm --peers-up-to 1000000
    python benchmarks/calibration.py --json

Every measurement runs in a process of its own on the same stored matrix; a small fit first warms the kernels. CPU seconds are the
median of several fits with one thread; ours include standard errors and the scores of all persons where the line says so, the
peers' figures neither. What is measured with more load on the machine than `QUIET` says so: its wall clock then means nothing. Log-likelihoods are taken at each tool's own estimates with one yardstick (121 nodes on ±6). The peers
PyPI `mirt` and `girth` are the dependency group `bench`; R's mirt is used where R is found. What is not there is said and left out.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.util
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

THREADS = ("OMP", "OPENBLAS", "MKL", "NUMBA", "RAYON", "POLARS_MAX")
MODELS = ("2pl", "gpcm", "3pl", "rasch", "booklets")
TASKS = (*MODELS, "regression", "values", "replicates", "stream")
STORED_R_MIRT = {("2pl", 10_000): 1.04, ("2pl", 100_000): 10.9, ("2pl", 1_000_000): 142.7, ("3pl", 10_000): 18.0}
"""CPU seconds of R mirt 1.47 on another, similar machine, from `domain/assessment.md`; used only where R is not found."""
QUIET = 0.5
"""Load average up to which a wall clock is worth reading."""
QUICK_SECONDS, PEER_SECONDS, QUICK_REPLICATES = 110.0, 15.0, 10
"""What `--quick` may take, what a peer may take of it, and recalibrations."""
R_SCRIPT = """
suppressMessages(library(mirt)); x <- as.matrix(read.csv(commandArgs(TRUE)[1])); type <- commandArgs(TRUE)[2]
s <- proc.time(); m <- mirt(x, 1, type, quadpts = 41, verbose = FALSE); e <- proc.time() - s
cat(e[["user.self"]] + e[["sys.self"]], extract.mirt(m, "logLik"), "\\n")
"""


def simulate(path: Path, task: str, persons: int) -> None:
    """Store a matrix of answers: 40 items, or 100 in five booklets of two blocks each."""
    rng = np.random.default_rng(20260901)
    items, steps = (100 if task == "booklets" else 40), (3 if task == "gpcm" else 1)
    slopes = np.ones(items) if task == "rasch" else rng.lognormal(0.1, 0.3, items)
    places = np.linspace(-2.0, 2.0, items)
    codes = np.zeros((persons, items), np.uint8)
    block = np.arange(items) * 5 // items
    for start in range(0, persons, 50_000):
        rows = slice(start, min(start + 50_000, persons))
        theta = rng.standard_normal((codes[rows].shape[0], 1))
        for step in range(steps):
            p = 1.0 / (1.0 + np.exp(-slopes * (theta - places - 0.8 * (step - 0.5 * (steps - 1)))))
            codes[rows] += rng.random(p.shape) < (0.2 + 0.8 * p if task == "3pl" else p)
        if task == "booklets":
            form = rng.integers(0, 5, theta.size)[:, None]
            codes[rows][(block != form) & (block != (form + 1) % 5)] = 255
    np.save(path, codes)


def answers_of(codes: np.ndarray) -> Any:
    from tirek_engines.psychometrics import Answers

    return Answers(codes, tuple(f"i{j}" for j in range(codes.shape[1])))


def options_of(task: str, threads: int, *, full: bool) -> Any:
    from tirek_engines.psychometrics import Options

    model = {"gpcm": "gpcm", "3pl": "3pl", "rasch": "rasch"}.get(task, "2pl")
    return Options(model=model, se="oakes" if full else "none", persons=full, threads=threads)


def fit_ours(task: str, codes: np.ndarray, threads: int = 1, *, full: bool = False) -> Callable[[], Any]:
    """Estimates as `Items`, and the spread of ability."""
    from tirek_engines.psychometrics import calibrate

    found = calibrate(answers_of(codes), options_of(task, threads, full=full))
    return lambda: yardstick(codes, found.as_items().probabilities, float(found.parameters.sds[0]))


def fit_mirt(task: str, codes: np.ndarray, threads: int = 1, *, full: bool = False) -> Callable[[], Any]:
    import mirt

    every = list(range(codes.shape[1]))
    model = {"gpcm": "GPCM", "3pl": "3PL"}.get(task, "2PL")
    answers = np.where(codes == 255, -1, codes.astype(np.int64))
    extra = {"constraints": [("discrimination", every)]} if task == "rasch" else {}
    found = mirt.fit_mirt(answers, model=model, n_quadpts=41, max_iter=2000, compute_standard_errors=False, **extra)
    return lambda: yardstick(codes, lambda theta: _peer_curves(found.model, theta, codes), 1.0)


def _peer_curves(model: Any, theta: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Probabilities of all categories, shape (items, categories, nodes), from the peer's own function."""
    most = int(codes[codes != 255].max())
    found = np.zeros((codes.shape[1], most + 1, theta.size))
    for j in range(codes.shape[1]):
        p = np.asarray(model.probability(theta[:, None], item_idx=j))
        found[j] = p.T if p.ndim == 2 else np.stack([1.0 - p, p])
    return found


def fit_girth(task: str, codes: np.ndarray, threads: int = 1, *, full: bool = False) -> Callable[[], Any]:
    import girth

    data, options = codes.T.astype(int), {"quadrature_n": 41, "quadrature_bounds": (-6, 6)}
    fit = {"rasch": girth.onepl_mml, "2pl": girth.twopl_mml}[task]
    found = fit(data, options=options)
    slopes = np.broadcast_to(np.ravel(found["Discrimination"]), (codes.shape[1],))
    difficulty = np.asarray(found["Difficulty"], float)

    def curves(theta: np.ndarray) -> np.ndarray:
        p = 1.0 / (1.0 + np.exp(-slopes[:, None] * (theta - difficulty[:, None])))
        return np.stack([1.0 - p, p], axis=1)

    return lambda: yardstick(codes, curves, 1.0)


FITS = {"tirek": fit_ours, "mirt": fit_mirt, "girth": fit_girth}
CAN = {"mirt": ("rasch", "2pl", "gpcm", "3pl", "booklets"), "girth": ("rasch", "2pl")}


def yardstick(codes: np.ndarray, curves: Callable[[np.ndarray], np.ndarray], spread: float) -> float:
    """Marginal log-likelihood on a fine grid (121 nodes on ±6), 20,000 persons at a time."""
    theta = np.linspace(-6.0, 6.0, 121)
    prior = np.exp(-0.5 * (theta / spread) ** 2)
    log_p = np.log(np.maximum(curves(theta), 1e-300))
    log_p = np.concatenate([log_p, np.zeros_like(log_p[:, :1])], axis=1)
    flat, n = log_p.reshape(-1, theta.size), log_p.shape[1]
    total = 0.0
    for start in range(0, codes.shape[0], 20_000):
        part = codes[start : start + 20_000].astype(np.int64)
        part[part == 255] = n - 1
        joint = np.zeros((part.shape[0], theta.size)) + np.log(prior / prior.sum())
        for j in range(codes.shape[1]):
            joint += flat[j * n + part[:, j]]
        top = joint.max(axis=1, keepdims=True)
        total += float((top[:, 0] + np.log(np.exp(joint - top).sum(axis=1))).sum())
    return total


def _fit(tool: str, task: str, path: Path, repeats: int, threads: int, full: bool) -> dict[str, float]:
    codes = np.load(path)
    FITS[tool](task, np.ascontiguousarray(codes[:4000]), threads, full=full)
    before, cpu, wall = _resident_mb(), [], []
    value: Callable[[], float] | None = None
    for _ in range(repeats):
        value = None  # the fit before is no part of this one's memory
        start, clock = time.process_time(), time.perf_counter()
        value = FITS[tool](task, codes, threads, full=full)
        cpu.append(time.process_time() - start)
        wall.append(time.perf_counter() - clock)
    memory = max(_peak_mb() - before, 0.0)
    return {
        "cpu": statistics.median(cpu),
        "wall": statistics.median(wall),
        "memory_mb": memory,
        "loglik": value() if value is not None and codes.shape[0] <= 100_000 else float("nan"),
    }


def _other(task: str, path: Path, replicates: int) -> dict[str, float]:
    """Regression, plausible values, replicates, stream: ours alone, all processors."""
    from tirek_engines.psychometrics import Options, calibrate

    codes = np.load(path)
    small = np.ascontiguousarray(codes[:4000])
    again = lambda part: _replicates(part, replicates if len(part) > 4000 else 2)  # noqa: E731
    run = {"regression": _regression, "values": _values, "replicates": again, "stream": _stream}[task]
    calibrate(answers_of(small), Options(model="2pl"))
    run(small)()
    work = run(codes)
    before, start, clock = _resident_mb(), time.process_time(), time.perf_counter()
    work()
    wall = time.perf_counter() - clock
    return {"cpu": time.process_time() - start, "wall": wall, "memory_mb": max(_peak_mb() - before, 0.0)}


def _regression(codes: np.ndarray) -> Callable[[], object]:
    from tirek_engines.psychometrics import Options, calibrate
    from tirek_engines.psychometrics.likelihood.regression import Covariates

    values = np.random.default_rng(1).standard_normal((codes.shape[0], 50))
    covariates = Covariates(tuple(f"z{c}" for c in range(50)), values)
    return lambda: calibrate(answers_of(codes), Options(model="2pl", persons=False), covariates=covariates)


def _values(codes: np.ndarray) -> Callable[[], object]:
    from tirek_engines.psychometrics import Options, calibrate
    from tirek_engines.psychometrics.population.plausible import draw_values

    found = calibrate(answers_of(codes), Options(model="2pl", se="none", persons=False))
    return lambda: draw_values(found.likelihood, found.parameters, m=10, seed=1)


def _replicates(codes: np.ndarray, n: int) -> Callable[[], object]:
    from tirek_engines.psychometrics import Options, calibrate
    from tirek_engines.psychometrics.replicates import replicate_errors

    answers, zone = answers_of(codes), np.arange(codes.shape[0]) % 100
    found = calibrate(answers, Options(model="2pl", se="none", persons=False))
    half = np.arange(codes.shape[0]) // 100 % 2
    factors = np.ones(n)
    weights = lambda r: np.where(zone == r, 2.0 * half, 1.0)  # noqa: E731
    return lambda: replicate_errors(found, answers, weights, factors)


def _stream(codes: np.ndarray) -> Callable[[], object]:
    from tirek_engines.psychometrics import Options
    from tirek_engines.psychometrics.large.packedfile import write_packed
    from tirek_engines.psychometrics.large.streaming import calibrate_packed

    def blocks() -> Any:
        for start in range(0, codes.shape[0], 65_536):
            yield answers_of(np.ascontiguousarray(codes[start : start + 65_536]))

    def work() -> object:
        with tempfile.TemporaryDirectory() as folder:
            file = write_packed(Path(folder) / "answers.packed", blocks)
            return calibrate_packed(file, Options(model="2pl", persons=False))

    return work


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(arguments: list[str], threads: int, limit: float) -> dict[str, float] | None:
    """Run a worker in a process of its own; None when it takes longer than `limit` seconds or fails."""
    environment = {**os.environ, **({f"{name}_NUM_THREADS": "1" for name in THREADS} if threads == 1 else {})}
    command = [sys.executable, __file__, "--worker", *arguments, str(threads)]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        print(f"  {' '.join(arguments[:2])}: not finished after {limit:.0f} s")
        return None
    if done.returncode:
        print(f"  {' '.join(arguments[:2])} failed: {done.stderr.strip().splitlines()[-1]}")
        return None
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def measure_r(task: str, path: Path, limit: float) -> dict[str, float] | None:
    """R's mirt, where R is."""
    codes = np.load(path).astype(float)
    codes[codes == 255] = np.nan
    table = path.with_suffix(".csv")
    np.savetxt(
        table, codes, delimiter=",", fmt="%g", header=",".join(f"i{j}" for j in range(codes.shape[1])), comments=""
    )
    kind = {"rasch": "Rasch", "gpcm": "gpcm", "3pl": "3PL"}.get(task, "2PL")
    command = ["Rscript", "-e", R_SCRIPT, str(table), kind]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        print(f"  R mirt: not finished after {limit:.0f} s")
        return None
    if done.returncode:
        print(f"  R mirt failed: {done.stderr.strip()[-200:]}")
        return None
    cpu, loglik = map(float, done.stdout.split()[-2:])
    return {"cpu": cpu, "wall": cpu, "memory_mb": float("nan"), "loglik": loglik}


def left(a: argparse.Namespace, most: float = float("inf")) -> float:
    """Seconds that the next tool may take."""
    return float(min(a.limit, max(a.until - time.perf_counter(), 0.1), most if a.quick else float("inf")))


def compare(task: str, persons: int, path: Path, a: argparse.Namespace, peers: list[str]) -> list[dict[str, object]]:
    """One model and size: ours with one thread, ours complete on all processors, the peers."""
    rows: list[dict[str, object]] = []
    ours = measure(["tirek", task, str(path), str(a.repeats), "bare"], 1, left(a))
    complete = measure(["tirek", task, str(path), str(a.repeats), "full"], 0, left(a))
    if ours is None:
        return rows
    rows.append(say(task, persons, "tirek", ours, ours))
    if complete is not None:
        rows.append(say(task, persons, "tirek, errors and scores, all processors", complete, None))
    if persons <= a.peers_up_to:
        for peer in peers:
            if peer == "R mirt":
                theirs = measure_r(task, path, left(a, PEER_SECONDS))
            elif task in CAN[peer]:
                theirs = measure([peer, task, str(path), "1", "bare"], 1, left(a, PEER_SECONDS))
            else:
                continue
            if theirs is not None:
                rows.append(say(task, persons, peer, theirs, ours))
    if "R mirt" not in peers and (task, persons) in STORED_R_MIRT:
        stored = {"cpu": STORED_R_MIRT[task, persons], "wall": float("nan"), "memory_mb": float("nan")}
        rows.append(say(task, persons, "R mirt, stored", stored, ours))
    return rows


def say(task: str, persons: int, tool: str, m: dict[str, float], ours: dict[str, float] | None) -> dict[str, object]:
    """Print one result and return it."""
    text = (
        f"{task:<10} {persons:>9,}  {tool:<40} {m['cpu']:9.4f} s CPU {m['wall']:9.3f} s wall {m['memory_mb']:6.0f} MB"
    )
    if ours is not None and m is not ours:
        text += f"  {m['cpu'] / ours['cpu']:6.0f} x ours"
        behind = m.get("loglik", float("nan")) - ours.get("loglik", float("nan"))
        text += f", log-likelihood {behind:+.4f}" if np.isfinite(behind) else ""
    print(text, flush=True)
    return {"task": task, "persons": persons, "tool": tool, **m}


def report(a: argparse.Namespace) -> list[dict[str, object]]:
    """Measure all tasks and sizes."""
    peers = [p for p in ("mirt", "girth") if importlib.util.find_spec(p)]
    for peer in ("mirt", "girth"):
        print(f"PyPI {peer}: {version(peer) if peer in peers else 'not installed (dependency group bench): left out'}")
    has_r = shutil.which("Rscript") is not None
    print(f"R: {'found' if has_r else 'not found: R mirt is shown with stored figures of another machine'}")
    peers += ["R mirt"] if has_r else []
    load = os.getloadavg()[0]
    print(f"load average before: {load:.1f} on {os.cpu_count()} processors")
    rows: list[dict[str, object]] = []
    a.until = time.perf_counter() + (QUICK_SECONDS if a.quick else float("inf"))
    for persons in a.sizes:
        for task in a.tasks:
            if left(a) <= 1.0:
                print(f"{task}, {persons:,}: left out, for the {QUICK_SECONDS:.0f} s of --quick are over")
                continue
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "answers.npy"
                simulate(path, task, persons)
                rows += _measured(task, persons, path, a, peers)
    print(f"load average after: {os.getloadavg()[0]:.1f}")
    if max(os.getloadavg()[0], load) > QUIET:
        print(
            f"The machine was not idle (load above {QUIET}): read CPU seconds and ratios of this run, not the wall clock."
        )
    return rows


def _measured(task: str, persons: int, path: Path, a: argparse.Namespace, peers: list[str]) -> list[dict[str, object]]:
    if task in MODELS:
        return compare(task, persons, path, a, peers)
    found = measure(["other", task, str(path), str(a.replicates), "bare"], 0, left(a))
    name = f"tirek, {a.replicates} replicates" if task == "replicates" else "tirek"
    return [say(task, persons, f"{name}, all processors", found, None)] if found else []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="10k persons, within two minutes")
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--peers-up-to", type=int, default=100_000, help="largest size at which peers are run")
    parser.add_argument("--repeats", type=int, default=5, help="of ours; each peer runs once")
    parser.add_argument("--replicates", type=int, default=100, help="recalibrations")
    parser.add_argument("--limit", type=float, default=1200.0, help="seconds a tool may take")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worker", nargs=6, help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.worker:
        tool, task, path, repeats, how, threads = a.worker
        if tool == "other":
            print(json.dumps(_other(task, Path(path), int(repeats))))
        else:
            print(json.dumps(_fit(tool, task, Path(path), int(repeats), int(threads), how == "full")))
        return
    a.sizes = [10_000] if a.quick else [int(n) for n in a.sizes.split(",")]
    a.replicates = min(a.replicates, QUICK_REPLICATES) if a.quick else a.replicates
    a.tasks = a.tasks.split(",")
    day = datetime.datetime.now(datetime.UTC).date()
    print(f"Calibration, {day}, {platform.machine()}, Python {platform.python_version()}")
    rows = report(a)
    if a.json:
        print(json.dumps(rows))


if __name__ == "__main__":
    main()
