"""`make run` from an empty clone with an empty HOME: seconds to each step, then a second start.

python benchmarks/startup.py [--json]
"""

from __future__ import annotations

import argparse
import atexit
import datetime
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GOAL_SECONDS = 90.0
STEPS = {
    "Bringing the installer": "the installer begins",
    "Installing packages": "packages begin",
    "Preparing the database": "database begins",
    "Loading the demonstration": "registry begins",
    "Tirek is at": "pages are served",
}


def start(clone: Path, environment: dict[str, str], port: int) -> tuple[subprocess.Popen, dict[str, float]]:
    """Run make run until it says where it is; gives the seconds at which each step was said."""
    began = time.perf_counter()
    process = subprocess.Popen(
        ["make", "run", f"PORT={port}"], cwd=clone, env=environment, stdout=subprocess.PIPE, stderr=open(clone.parent / "said", "w"),  # noqa: SIM115
       
        stdin=subprocess.DEVNULL, text=True, start_new_session=True,
    )  # fmt: skip
    said: dict[str, float] = {}
    assert process.stdout
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # who is told to stop leaves no server behind
    atexit.register(end, process)
    for line in process.stdout:
        for words, step in STEPS.items():
            if line.startswith(words):
                said[step] = time.perf_counter() - began
                print(f"  {step}: {said[step]:.1f} s", flush=True)
        if line.startswith("Tirek is at"):
            address = line.split()[3]
            with urllib.request.urlopen(address, timeout=60) as page:
                assert page.status == 200
            said["the first page is here"] = time.perf_counter() - began
            return process, said
    raise SystemExit("make run ended before it served anything:\n" + (clone.parent / "said").read_text()[-2000:])


def once(clone: Path, environment: dict[str, str], port: int) -> tuple[dict[str, float], float]:
    """Start, then Ctrl-C: the steps, and the seconds until everything has ended."""
    process, said = start(clone, environment, port)
    return said, stop(process)


def stop(process: subprocess.Popen) -> float:
    """Ctrl-C; gives the seconds until everything has ended."""
    began = time.perf_counter()
    os.killpg(process.pid, signal.SIGINT)
    assert process.stdout
    process.stdout.read()
    process.wait(60)
    return time.perf_counter() - began


def end(process: subprocess.Popen) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(60)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--port", type=int, default=18765)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clone, home = Path(folder) / "tirek", Path(folder) / "home"
        home.mkdir()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        kept = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("TIREK_", "DATABASE_", "VIRTUAL_ENV", "MAKE", "MFLAGS"))
        }
        environment = kept | {"HOME": str(home)}
        environment.pop("XDG_CACHE_HOME", None)
        first, ended = once(clone, environment, chosen.port)
        second, _ended = once(clone, environment, chosen.port)
    rows = {"first": first, "second": second, "stop": ended}
    if chosen.json:
        print(json.dumps(rows))
        return
    print(
        f"make run, empty clone, empty HOME, {datetime.datetime.now(datetime.UTC).date()}, {platform.machine()}, {os.cpu_count()} CPUs"
    )
    print("| step | first start, s | second start, s |\n|---|---|---|")
    for step in [*STEPS.values(), "the first page is here"]:
        cells = [f"{said[step]:.1f}" if step in said else "-" for said in (first, second)]
        print(f"| {step} | {cells[0]} | {cells[1]} |")
    print(f"| Ctrl-C until all has ended | {ended:.1f} | |")
    if first["the first page is here"] > GOAL_SECONDS:
        print(f"missed: {first['the first page is here']:.0f} s [{GOAL_SECONDS:.0f}]")


if __name__ == "__main__":
    main()
