"""PostgreSQL refuses to run as root: how root starts it as somebody else without changing any folder's mode."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

ADVICE = "Run Tirek as an ordinary user, or name another server in DATABASE_URL."


class EmbeddedError(RuntimeError):
    """The embedded server cannot run here; the message says what to do."""


@dataclass(frozen=True)
class Runner:
    """Who runs PostgreSQL: a prefix of its command line, and the account that must own its files."""

    prefix: tuple[str, ...] = ()
    account: pwd.struct_passwd | None = None

    def command(self, command: list[str]) -> list[str]:
        return [*self.prefix, *command]

    def own(self, path: Path) -> None:
        """Give a file or folder of ours to the account. A link is not followed."""
        if self.account:
            os.chown(path, self.account.pw_uid, self.account.pw_gid, follow_symlinks=False)


def runner(data: Path | None = None) -> Runner:
    """The present user; for root the owner of ``data``, or else the account postgres, or else nobody."""
    if os.getuid() != 0:
        return Runner()
    account = _account(data)
    return Runner(_prefix(account), account)


def user_name() -> str:
    """The system's name of the present user, by which PostgreSQL recognises us on its socket."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        raise EmbeddedError(
            f"User {os.getuid()} has no name on this machine (no line in /etc/passwd), so PostgreSQL cannot recognise "
            "it. Add one, or name another server in DATABASE_URL."
        ) from None


def _account(data: Path | None) -> pwd.struct_passwd:
    if data is not None and data.exists():
        owner = data.stat().st_uid
        if owner == 0:
            raise EmbeddedError(f"The folder {data} belongs to root, who may not run PostgreSQL. {ADVICE}")
        with contextlib.suppress(KeyError):
            return pwd.getpwuid(owner)
        raise EmbeddedError(f"The folder {data} belongs to user {owner}, who has no name on this machine. {ADVICE}")
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise EmbeddedError(f"Root may not run PostgreSQL, and there is neither an account postgres nor nobody. {ADVICE}")


def _prefix(account: pwd.struct_passwd) -> tuple[str, ...]:
    """Drop root, keeping only the right to pass through folders: then the parents' modes need no change."""
    setpriv = shutil.which("setpriv", path=os.environ.get("PATH", "") + ":/usr/bin:/bin")
    if setpriv is None:
        raise EmbeddedError(
            "Root may not run PostgreSQL, and the program setpriv (Debian package util-linux), which would start it as "
            f"{account.pw_name}, is missing. Install it. Or: {ADVICE}"
        )
    bare = (
        setpriv, f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups",
        "--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override",
    )  # fmt: skip
    # PostgreSQL asks access(2) for its own programs, which looks at capabilities only with this bit
    said = ""
    for prefix in ((*bare, "--securebits=+no_setuid_fixup"), bare):
        done = subprocess.run([*prefix, "true"], capture_output=True, text=True, check=False, cwd="/")  # noqa: S603
        if done.returncode == 0:
            return prefix
        said = done.stderr.strip()
    raise EmbeddedError(f"Root may not run PostgreSQL, and may not become {account.pw_name} here ({said}). {ADVICE}")
