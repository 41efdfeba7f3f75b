"""Settings die with their transaction: many askers of different scopes share few connections, and nothing leaks."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections

from tirek.access.scope import NOBODY, Scope, acting_as, current_scope, loading
from tirek.registry.models import Person
from tirek.storage.database import COUNTRY, OWN

THREADS, REQUESTS = 16, 600


@pytest.fixture
def people(committed_db, django_db_blocker):
    with django_db_blocker.unblock():
        with loading():
            made = Person.objects.bulk_create(
                Person(family_name=f"P{n}", given_name="x", sort_key=f"{n:03}", org_no=n) for n in range(100)
            )
        yield [person.pk for person in made]
        connections["default"].close()


def ask(case: tuple[Scope, int, bool]) -> str:
    """One request's worth; gives what is wrong, or nothing."""
    scope, expected, breaks = case
    try:
        if leaked := _left_over():
            return f"a connection came with {leaked}"
        try:
            with acting_as(scope):
                found = Person.objects.count()
                if found != expected:
                    return f"{scope} saw {found}, not {expected}"
                if breaks:
                    raise ZeroDivisionError
        except ZeroDivisionError:
            pass
        if current_scope() != NOBODY:
            return "the scope outlived its block"
        return "rows without a scope" if Person.objects.count() else ""
    finally:
        connection.close()  # back to the pool, as at the end of a request


def _left_over() -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "select concat_ws(',', nullif(current_setting('app.lo', true), ''), nullif(current_setting('app.ids', true), ''),"
            " nullif(current_setting('app.user_id', true), ''), nullif(current_user::text, session_user::text))"
        )
        return cursor.fetchone()[0]


def test_mixed_scopes_through_the_pool_leak_nothing(people, django_db_blocker):
    chance = random.Random(7)
    cases = []
    for number in range(REQUESTS):
        lo, hi = sorted((chance.randrange(100), chance.randrange(100)))
        own = tuple(chance.sample(people, 3))
        scope, expected = chance.choice(
            [
                (Scope(lo=lo, hi=hi, user_id=number), hi - lo + 1),
                (Scope(COUNTRY, user_id=number), 100),
                (Scope(OWN, person_ids=own, user_id=number), 3),
                (NOBODY, 0),
            ]
        )
        cases.append((scope, expected, chance.random() < 0.2))
    with django_db_blocker.unblock(), ThreadPoolExecutor(THREADS) as threads:
        wrong = [fault for fault in threads.map(ask, cases) if fault]
    assert not wrong, wrong[:5]


@pytest.fixture
def plain_owner(committed_db):
    """An owner as a hosted server gives one: may create roles and databases, nothing more. Roles are the server's:
    the session roles exist already and were made by somebody else."""
    import psycopg

    from tirek.storage.database import OWNER, connection_arguments, connection_settings

    superuser = connection_arguments(connection_settings(OWNER), "postgres")
    with psycopg.connect(**superuser, autocommit=True) as server:
        server.execute("drop database if exists test_hosted")
        server.execute("drop role if exists test_hosted_owner")
        server.execute("create role test_hosted_owner login createrole createdb")
        server.execute("create database test_hosted owner test_hosted_owner")
        try:
            yield connection_settings(OWNER) | {"USER": "test_hosted_owner", "NAME": "test_hosted"}, superuser
        finally:
            server.execute("drop database if exists test_hosted with (force)")
            server.execute("drop role if exists test_hosted_owner")


def test_an_owner_who_is_no_superuser_prepares_a_database(plain_owner):
    import psycopg

    from tirek.storage.database import APP, connection_arguments, prepare

    settings, _superuser = plain_owner
    prepare(settings, create=False)
    prepare(settings, create=False)
    with psycopg.connect(**connection_arguments(settings), autocommit=True) as owner:
        owner.execute("create table t (org_no int); insert into t values (1)")
        owner.execute("alter table t enable row level security")
    with psycopg.connect(**connection_arguments(settings | {"USER": APP})) as program:
        assert program.execute("select count(*) from t").fetchone() == (0,)


def test_roles_that_would_let_rows_through_are_refused(plain_owner):
    import psycopg

    from tirek.storage.database import APP, COUNTRY, RolesNotSafe, check_roles

    _settings, superuser = plain_owner
    for breaks, mends in (
        (f"grant {COUNTRY} to {APP} with inherit true", f"grant {COUNTRY} to {APP} with inherit false"),
        (f"alter role {COUNTRY} bypassrls", f"alter role {COUNTRY} nobypassrls"),
    ):
        with psycopg.connect(**superuser) as server:
            check_roles(server)
            server.execute(breaks)
            with pytest.raises(RolesNotSafe):
                check_roles(server)
            server.execute(mends)
            check_roles(server)
            server.rollback()
