"""Every benchmark, one after another, each in a process of its own: python benchmarks/run.py [--quick] [NAME ...]

``--quick`` takes small sizes, some minutes in all: that everything works and about where it stands, not the figures that are
promised. One that fails does not keep the others from running.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
QUICK = {
    "allocation": ["--quick"],
    "calibration": ["--quick"],
    "evaluation": ["--quick"],
    "imports": ["--quick"],
    "ledger": ["--quick"],
    "pages": ["--scale", "tiny", "--quick"],
    "startup": [],
    "suppression": ["--quick"],
    "streaming": ["--quick"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(QUICK))
    parser.add_argument("--quick", action="store_true", help="small sizes, some minutes")
    chosen = parser.parse_args()
    unknown = set(chosen.names) - set(QUICK)
    if unknown:
        raise SystemExit(f"There is no benchmark {', '.join(sorted(unknown))}. There are: {', '.join(QUICK)}.")
    if chosen.quick:
        print("Quick: small sizes. The promised figures come from `make bench` without QUICK.")
    ended = {name: run(name, QUICK[name] if chosen.quick else []) for name in chosen.names or QUICK}
    print("\n== in short ==")
    for name, (code, seconds) in ended.items():
        print(f"{name}: {'done' if code == 0 else f'FAILED (exit code {code})'} in {seconds:.0f} s")
    if any(code for code, _seconds in ended.values()):
        raise SystemExit(1)


def run(name: str, arguments: list[str]) -> tuple[int, float]:
    """Exit code and seconds of one benchmark; how busy the machine is stands above its figures."""
    load = os.getloadavg()[0]
    print(f"\n== {name} ==  load average before: {load:.1f} on {os.cpu_count()} processors", flush=True)
    if load > (os.cpu_count() or 1) / 2:
        print(
            "The machine is busy with something else: trust ratios and processor seconds, not seconds on the wall.",
            flush=True,
        )
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-W", "ignore", str(HERE / f"{name}.py"), *arguments], check=False)
    return done.returncode, time.perf_counter() - began


if __name__ == "__main__":
    main()
