"""Pages on a slow telephone: a 3G line and a processor four times slower, as Chromium's own tools imitate them.

    tirek serve --demonstration &                      # or any demonstration that is served already
    python benchmarks/telephone.py                     # asks http://localhost:8000
    python benchmarks/telephone.py --address http://localhost:8101 --rounds 7 --json

First paint is the first text on the screen; usable is when the page's own scripts have run (DOMContentLoaded has ended:
all of ours are deferred), and a form sent before that would be sent by the browser itself. "Again" is the next visit,
with style sheets, scripts and font in the browser's store.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
from urllib.parse import quote

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"]
# WebPageTest's "3G": 1.6 Mbit/s down, 768 kbit/s up, 300 ms there and back
LINE = {"offline": False, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 768e3 / 8, "latency": 300}
SLOWER = 4
PASSWORD = "tirek-demo-2025"  # everybody knows it: docs/manual/demonstration.md
GOAL_PAINT, GOAL_AGAIN = 3000.0, 1800.0
TIMES = """() => {
    const visit = performance.getEntriesByType("navigation")[0];
    const paint = performance.getEntriesByName("first-contentful-paint")[0];
    const all = [visit, ...performance.getEntriesByType("resource")];
    return {paint: paint ? paint.startTime : null, usable: visit.domContentLoadedEventEnd,
            bytes: all.reduce((sum, one) => sum + one.transferSize, 0)};
}"""


def pages(browser: Browser, address: str) -> tuple[dict, dict[str, str]]:
    """A head's session, and the addresses to measure."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{address}/accounts/login/")
    page.fill("[name=login]", "head")
    page.fill("[name=password]", PASSWORD)
    page.locator("main form button").first.click()
    page.wait_for_url("**/home/")
    institution = page.locator("#scope a").get_attribute("href")
    state = context.storage_state()
    context.close()
    search = f"/people/?q={quote('Самалов')}"
    return state, {"home": "/home/", "institution": institution, "person search": search, "sitting": "/sit/"}


def visit(browser: Browser, state: dict, url: str) -> tuple[dict, dict]:
    """The first visit with an empty store, and the next one."""
    context = browser.new_context(storage_state=state, viewport={"width": 360, "height": 740}, is_mobile=True)
    page = context.new_page()
    slow_down(page)
    page.goto(url, wait_until="load")
    first = settled(page)
    page.goto(url, wait_until="load")
    again = settled(page)
    context.close()
    return first, again


def slow_down(page: Page) -> None:
    tools = page.context.new_cdp_session(page)
    tools.send("Network.enable")
    tools.send("Network.emulateNetworkConditions", LINE)
    tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})


def settled(page: Page) -> dict:
    page.wait_for_timeout(500)
    return page.evaluate(TIMES)


def measure(address: str, rounds: int) -> dict:
    found: dict[str, dict] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        state, wanted = pages(browser, address)
        for name, path in wanted.items():
            who = {} if name == "sitting" else state
            visits = [visit(browser, who, address + path) for _ in range(rounds)]
            found[name] = {
                f"{when}_{what}": statistics.median(pair[number][what] for pair in visits)
                for number, when in enumerate(("first", "again"))
                for what in ("paint", "usable", "bytes")
            }
        browser.close()
    return found


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--address", default="http://localhost:8000")
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    found = measure(given.address.rstrip("/"), given.rounds)
    if given.json:
        print(json.dumps({"machine": platform.platform(), "rounds": given.rounds, "pages": found}, indent=1))
    else:
        print("page             first: paint  usable  bytes      again: paint  usable  bytes")
        for name, row in found.items():
            first = f"{row['first_paint']:9,.0f} ms {row['first_usable']:7,.0f} ms {row['first_bytes'] / 1024:6.0f} KiB"
            again = f"{row['again_paint']:9,.0f} ms {row['again_usable']:7,.0f} ms {row['again_bytes'] / 1024:6.0f} KiB"
            print(f"{name:16} {first} {again}")
    slow = [n for n, r in found.items() if r["first_paint"] > GOAL_PAINT or r["again_paint"] > GOAL_AGAIN]
    if slow:
        print(
            f"goal missed ({GOAL_PAINT:,.0f} ms first, {GOAL_AGAIN:,.0f} ms again): {', '.join(slow)}", file=sys.stderr
        )


if __name__ == "__main__":
    main()
