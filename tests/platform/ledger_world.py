"""Accounts of a programme's money, and short ways to post."""

from __future__ import annotations

import datetime as dt

from access_world import REGION, SCHOOL

from tirek.access.scope import loading
from tirek.ledger.services import Entry, Line, open_accounts, post
from tirek.ledger.services.accounts import NewAccount

NOW = dt.datetime(2025, 11, 21, 10, tzinfo=dt.UTC)
ACCOUNTS = {
    "sponsor": ("outside", REGION), "fund": ("fund", REGION), "earmark": ("earmark", REGION),
    "committed": ("commitment", (SCHOOL, SCHOOL)), "paid": ("paid", (SCHOOL, SCHOOL)),
}  # fmt: skip


def open_all(suffix: str = "", user_ids: tuple[int, ...] = ()) -> None:
    with loading():
        open_accounts(
            accounts=[
                NewAccount(
                    code + suffix, kind, f"{code} қазақша", f"{code} по-русски", code, org, f"holder{suffix}", user_ids
                )
                for code, (kind, org) in ACCOUNTS.items()
            ],
            by=None,
            now=NOW,
        )


def entry(key: str, *lines: tuple[str, str, int], **more) -> Entry:
    return Entry(
        key=key, code="ledger.by_hand", parameters={"reason": key}, lines=tuple(Line(*x) for x in lines), **more
    )


def move(key: str, *lines: tuple[str, str, int], **more):
    with loading():
        return post(entry=entry(key, *lines, **more), by=None, now=NOW)
