"""How often an anonymous asker may look something up: counted in the database, so that all workers count together."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import timedelta

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from tirek.access.addresses import client_address
from tirek.access.scope import signing_in
from tirek.storage.secrets import keyed_hash

COUNT = """
insert into access_tally as t (key, count, until) values (%s, 1, %s)
on conflict (key) do update set
  count = case when t.until < now() then 1 else t.count + 1 end,
  until = case when t.until < now() then excluded.until else t.until end
returning count
"""


def limited(name: str, *, times: int, seconds: int) -> Callable:
    """Mark a public view: ``@limited("certificate", times=30, seconds=60)``, per address; more get 429."""

    def mark(view: Callable) -> Callable:
        @functools.wraps(view)
        def counted(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            if count(name, client_address(request) or "", seconds) > times:
                response = render(request, "access/too_often.html", status=429)
                response["Retry-After"] = str(seconds)
                return response
            return view(request, *args, **kwargs)

        return counted

    return mark


def count(name: str, who: str, seconds: int) -> int:
    """How often, this time included, in the running span. The address is kept as a keyed hash."""
    key = keyed_hash(f"{name} {who}").hex()
    with signing_in(), connection.cursor() as cursor:
        cursor.execute(COUNT, [key, timezone.now() + timedelta(seconds=seconds)])
        return cursor.fetchone()[0]


def forget_old() -> None:
    """Called by the nightly work."""
    with signing_in(), connection.cursor() as cursor:
        cursor.execute("delete from access_tally where until < now() - interval '1 day'")


def passed(name: str, who: str) -> int:
    """How often it was counted in the running span, without counting again."""
    with signing_in(), connection.cursor() as cursor:
        cursor.execute(
            "select count from access_tally where key = %s and until >= now()", [keyed_hash(f"{name} {who}").hex()]
        )
        row = cursor.fetchone()
    return row[0] if row else 0
