"""Take the picture of a published figure for the README: tools/screenshot.py ADDRESS, with the demonstration running."""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "figure.png"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]

with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
    page = browser.new_context(viewport={"width": 1200, "height": 810}, locale="en").new_page()
    page.goto(f"{sys.argv[1]}/accounts/login/")
    page.fill("[name=login]", sys.argv[2] if len(sys.argv) > 2 else "region")
    page.fill("[name=password]", "tirek-demo-2025")
    page.click("main button[type=submit], main form button")
    page.wait_for_url("**/home/**")
    page.goto(f"{sys.argv[1]}/figures/assessment.mathematics.4/?territory=470000000")
    page.wait_for_load_state("networkidle")
    PICTURE.parent.mkdir(exist_ok=True)
    page.screenshot(path=PICTURE)
    print(f"{PICTURE.name}: {PICTURE.stat().st_size // 1024} kB")
    browser.close()
