"""A small load generator: clients that keep their connection and ask one page after another."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Load:
    """What a round of load gave: sorted milliseconds of each request, and requests a second."""

    milliseconds: np.ndarray
    rate: float
    failed: int

    def quantile(self, share: float) -> float:
        return float(np.quantile(self.milliseconds, share)) if len(self.milliseconds) else float("nan")


def ask(port: int, paths: Iterable[str], cookie: str, *, clients: int = 16, seconds: float = 8.0) -> Load:
    """Ask pages for some seconds. An answer that is not 200 counts as failed."""
    return asyncio.run(_ask(port, itertools.cycle(paths), cookie, clients, seconds))


async def _ask(port: int, paths, cookie: str, clients: int, seconds: float) -> Load:
    took: list[float] = []
    failures: list[str] = []
    began = time.perf_counter()
    await asyncio.gather(*(_client(port, paths, cookie, began + seconds, took, failures) for _ in range(clients)))
    if failures:
        print("    failed:", failures[0])
    return Load(np.sort(np.array(took)) * 1000, len(took) / (time.perf_counter() - began), len(failures))


async def _client(port: int, paths, cookie: str, until: float, took: list[float], failures: list[str]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < until:
        path = next(paths)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n".encode())
        asked = time.perf_counter()
        status = await _answer(reader)
        took.append(time.perf_counter() - asked)
        if status != 200:
            failures.append(f"{status} {path}")
    writer.close()


async def _answer(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head.split(b" ", 2)[1])
    if b"content-length:" in head:
        await reader.readexactly(int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]))
    elif b"transfer-encoding: chunked" in head:
        while size := int((await reader.readline()).split(b";")[0], 16):
            await reader.readexactly(size + 2)
        await reader.readline()
    return status
