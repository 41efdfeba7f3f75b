"""Every benchmark, one after another, each in a process of its own: python benchmarks/run.py [NAME ...]"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
NAMES = ("calibration", "imports", "pages", "startup")


def main() -> None:
    names = sys.argv[1:] or NAMES
    unknown = set(names) - set(NAMES)
    if unknown:
        raise SystemExit(f"There is no benchmark {', '.join(sorted(unknown))}. There are: {', '.join(NAMES)}.")
    failed = []
    for name in names:
        print(f"\n== {name} ==", flush=True)
        path = HERE / f"{name}.py"
        if not path.exists():
            print("not run: not written yet")
        elif subprocess.run([sys.executable, str(path)], check=False).returncode:
            failed.append(name)
    if failed:
        raise SystemExit(f"Failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
