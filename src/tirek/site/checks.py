"""What ``tirek doctor`` looks at, and what ``/ready`` asks: each check says what it found and what to do."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata, util
from pathlib import Path

from tirek.storage import secrets
from tirek.storage.database import home

GOOD, LOOK, BAD = "good", "look", "bad"
DISK_BAD_BYTES, DISK_LOOK_BYTES = 500 * 2**20, 5 * 2**30
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Finding:
    """What a check found: ``good``, ``look`` (works, but see the advice) or ``bad``."""

    subject: str
    state: str
    says: str
    advice: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


def examine(checks: list[Callable[[], Iterator[Finding]]]) -> Iterator[Finding]:
    """Run every check; one that breaks is a finding too."""
    for check in checks:
        subject = check.__name__.replace("_", " ")
        try:
            yield from check()
        except Exception as error:
            yield Finding(subject, BAD, f"{type(error).__name__}: {error}", "The checks after this one may say more.")


def python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    if not (3, 11) <= sys.version_info < (3, 14):
        yield Finding("python", BAD, f"Python {version}", "Tirek runs on Python 3.11, 3.12 and 3.13.")
    else:
        yield Finding("python", GOOD, f"Python {version} at {sys.executable}, {os.cpu_count()} processors")
    if sys.getfilesystemencoding() != "utf-8":
        yield Finding("python", BAD, "File names are not UTF-8.", "Set LANG=C.UTF-8 for the service.")


def packages() -> Iterator[Finding]:
    from packaging.requirements import Requirement

    wrong = []
    for line in metadata.requires("tirek") or []:
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            found = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(found, prereleases=True):
            wrong.append(f"{requirement.name} {found} instead of {requirement.specifier}")
    if wrong:
        yield Finding("packages", BAD, "; ".join(wrong), "Install requirements.lock again: make clean, make run.")
    else:
        yield Finding("packages", GOOD, f"Tirek {metadata.version('tirek')} and everything it needs")


def folders() -> Iterator[Finding]:
    place = home()
    if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
        yield Finding("home", BAD, f"{place} cannot be written.", "Run as its owner, or name another in TIREK_HOME.")
        return
    yield Finding("home", GOOD, f"{place} (TIREK_HOME)")
    free = shutil.disk_usage(place).free
    state = BAD if free < DISK_BAD_BYTES else LOOK if free < DISK_LOOK_BYTES else GOOD
    yield Finding("disk", state, f"{free / 2**30:.1f} GB free", "" if state == GOOD else "Free some space.")


def keys() -> Iterator[Finding]:
    folder = secrets.folder()
    for path in (folder / name for name in secrets.KEY_NAMES):
        if not path.exists():
            yield Finding(
                "keys", LOOK, f"{path.name} is not made yet.", "It is made at its first use; then back it up."
            )
        elif path.stat().st_size != secrets.KEY_BYTES:
            yield Finding("keys", BAD, f"{path} has a wrong size.", "Restore it from your copy of the keys.")
        elif stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield Finding("keys", BAD, f"Others may read {path}.", f"Run: chmod 600 {path}")
        else:
            yield Finding("keys", GOOD, f"{path.name} is there and private")


def sealed_files() -> Iterator[Finding]:
    from tirek.storage import sealed

    count, broken = 0, []
    for path in sealed.folder().glob("??/*"):
        if path.name.startswith(".draft-"):
            continue
        count += 1
        try:
            sealed.read(path.name)
        except (sealed.SealBroken, OSError):
            broken.append(path.name)
    if broken:
        names = ", ".join(broken[:3])
        yield Finding(
            "sealed files", BAD, f"{len(broken)} of {count} changed: {names}", "Restore them from the backup."
        )
    else:
        yield Finding("sealed files", GOOD, f"{count}, each as it was sealed")


def documents() -> Iterator[Finding]:
    if not util.find_spec("typst"):
        yield Finding("documents", BAD, "Typst is missing.", "Install requirements.lock again.")
        return
    root = Path(__file__).resolve().parents[1]
    fonts = sorted({path.stem.split("-")[0] for path in root.rglob("*.[to]tf")})
    if fonts:
        yield Finding("documents", GOOD, f"Typst with the fonts {', '.join(fonts)}")
    else:
        yield Finding("documents", BAD, "The fonts are missing.", "Install Tirek again: Noto Sans comes with it.")


def browser() -> Iterator[Finding]:
    found = next((name for name in BROWSERS if shutil.which(name)), None)
    if found:
        yield Finding("browser", GOOD, f"{found}, for the browser tests")
    else:
        yield Finding("browser", LOOK, "No chromium.", "Only the browser tests need it: apt-get install chromium")


MACHINE = [python, packages, folders, keys, sealed_files, documents, browser]
