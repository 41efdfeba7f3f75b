"""Places for a country: allocation, verification and reasons by processor seconds, against PyPI ``matching`` where that finishes."""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time

for _name in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ.setdefault(f"{_name}_NUM_THREADS", "1")

import numpy as np  # noqa: E402 (after the threads are fixed)

KINDS = ("special needs", "priority share", "open")
GOALS = {"allocate": 0.5, "verify": 0.1, "reasons": 0.5}
LIMIT = 120.0


def country(children: int, groups: int, wishes: float = 7.4, seed: int = 1):
    """A synthetic market: near groups are wished, popular ones more; one in eight children has a sibling there."""
    random = np.random.default_rng(seed)
    counts = np.clip(random.poisson(wishes, children), 1, 20)
    starts = np.concatenate([[0], np.cumsum(counts)])
    home = np.repeat(random.integers(0, groups, children), counts)
    far = (random.exponential(40, starts[-1]) * random.choice([-1, 1], starts[-1])).astype(np.int64)
    wished = (home + far) % groups
    child = np.repeat(np.arange(children), counts)
    keep = np.ones(wished.size, bool)
    order = np.lexsort((wished, child))
    keep[order[1:][(np.diff(child[order]) == 0) & (np.diff(wished[order]) == 0)]] = False
    child, wished = child[keep], wished[keep]
    starts = np.concatenate([[0], np.cumsum(np.bincount(child, minlength=children))])
    category, sibling = random.integers(0, 4, children), random.random(wished.size) < 1 / 8
    lottery = random.permutation(children).astype(np.int64)
    keys = (np.where(sibling, 0, 1) << 40) + (category[child].astype(np.int64) << 30) + lottery[child]
    eligible = ((random.random(children) < 0.03).astype(np.uint8) | (category == 0).astype(np.uint8) << 1)[child]
    seats = np.stack([np.full(groups, 1), np.full(groups, 2), random.integers(6, 13, groups)], axis=1)
    return {"starts": starts, "groups": wished, "keys": keys, "eligible": eligible, "seats": seats}


def measure(arrays: dict, repeats: int) -> dict[str, float]:
    """Medians of processor seconds, kernels warm."""
    from tirek_engines.matching import Market, deferred_acceptance, reasons, verify

    seconds: dict[str, list[float]] = {name: [] for name in ("check the input", *GOALS)}

    def timed(name, function, *given):
        began = time.process_time()
        found = function(*given)
        seconds[name].append(time.process_time() - began)
        return found

    for _ in range(repeats + 1):
        market = timed("check the input", lambda: Market(**arrays, kinds=KINDS))
        found = timed("allocate", deferred_acceptance, market)
        assert timed("verify", verify, market, found).is_sound
        timed("reasons", reasons, market, found)
    out = {name: float(np.median(values[1:])) for name, values in seconds.items()}
    return out | {"proposals": found.proposals, "placed": int((found.wishes >= 0).sum()), "wishes": market.groups.size}


def peer(children: int) -> float:
    """Processor seconds of PyPI matching's hospital-resident game, open seats only (it knows no kinds)."""
    from matching.games import HospitalResident

    arrays = country(children, max(children // 13, 2))
    starts, wished = arrays["starts"], arrays["groups"]
    names = {c: [f"g{g}" for g in wished[starts[c] : starts[c + 1]]] for c in range(children)}
    order = np.lexsort((arrays["keys"], wished))
    asked: dict[str, list[int]] = {}
    child = np.repeat(np.arange(children), np.diff(starts))
    for wish in order:
        asked.setdefault(f"g{wished[wish]}", []).append(int(child[wish]))
    seats = {f"g{g}": int(n) for g, n in enumerate(arrays["seats"].sum(axis=1)) if f"g{g}" in asked}
    began = time.process_time()
    HospitalResident.create_from_dictionaries(names, asked, seats).solve(optimal="resident")
    return time.process_time() - began


def peer_seconds(children: int) -> float | None:
    """In a process of its own, so that it can be ended."""
    try:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", __file__, "--peer", str(children)], capture_output=True, text=True,
            timeout=LIMIT, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return None
    return float(done.stdout) if done.returncode == 0 else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100,000 children")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--peer", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.peer:
        print(peer(chosen.peer))
        return
    children, groups = (100_000, 7_500) if chosen.quick else (1_000_000, 75_000)
    arrays = country(children, groups)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    ours = measure(arrays, chosen.repeats)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024 - before
    small = measure(country(10_000, 769), 5)["allocate"]
    theirs = {n: peer_seconds(n) for n in (1_000, 3_000, 10_000)}
    if chosen.json:
        print(json.dumps({"ours": ours, "memory_mb": memory, "peer": theirs, "ours_10k": small}))
        return
    print(
        f"{children:,} children, {groups:,} groups, {ours['wishes']:,} wishes; {platform.machine()}, processor seconds"
    )
    for name in ("check the input", *GOALS):
        print(f"{name:16} {ours[name]:8.3f}" + (f"  goal {GOALS[name]}" if name in GOALS and not chosen.quick else ""))
    print(f"{ours['placed']:,} placed by {ours['proposals']:,} proposals; {memory} MB above the input (goal 500)")
    for n, seconds in theirs.items():
        print(
            f"PyPI matching, {n:,} children: "
            + (f"{seconds:.2f}" if seconds else f"not in {LIMIT:.0f} s, or not installed")
        )
    if theirs[10_000]:
        print(f"at 10,000 children: {theirs[10_000] / small:,.0f} x ours ({small:.4f})")


if __name__ == "__main__":
    main()
