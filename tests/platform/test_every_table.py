"""Every table of the database against the policies that the models declare, and every role against seeded rows."""

from __future__ import annotations

import pytest
from access_world import FAR, NEIGHBOUR, SCHOOL, World, build
from django.apps import apps
from django.db import ProgrammingError, connection, transaction

from tirek.access.granted import scope_of_grant
from tirek.access.models import Grant, PersonRead, Session, User
from tirek.access.policies import RowScope
from tirek.access.roles import Role, ScopeKind
from tirek.access.scope import NOBODY, Scope, acting_as, loading, signing_in
from tirek.registry.models import Enrolment, Guardianship, Person
from tirek.storage.database import APP, COUNTRY, LOADER, OWN, SESSION_ROLES, SIGN_IN

pytestmark = pytest.mark.django_db

WITHOUT_POLICY = {
    "django_migrations": "names of migrations",
    "django_content_type": "names of models",
    "auth_permission": "names of Django's permissions, which nothing here asks",
    "auth_group": "unused: roles are grants",
    "auth_group_permissions": "unused: roles are grants",
    "pghistory_context": "a user's number, an address's name and a request's id; events point at it from every scope",
    "procrastinate_jobs": "the worker's queue; arguments are numbers of our own jobs, which have policies",
    "procrastinate_events": "the worker's queue",
    "procrastinate_periodic_defers": "the worker's queue",
    "procrastinate_workers": "the worker's queue",
}
# columns that make a table somebody's: none may be without row security
TELLING = {"org_no", "org_lo", "person_id", "user_id", "child_id", "guardian_id", "created_by", "iin_hash", "username"}


OPEN_TO_ALL = {
    "decision_rows_open": "published decisions of open kinds (figures) are public; they name no person",
    "verification_rows_open": "the verifications of those",
}


def ask(query: str, *parameters) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall()


def tables() -> dict[str, bool]:
    return dict(
        ask(
            "select relname, relrowsecurity from pg_class where relkind in ('r', 'p')"
            " and relnamespace = 'public'::regnamespace"
        )
    )


def scopes_of_models() -> dict[str, RowScope]:
    found = {}
    for model in apps.get_models(include_auto_created=True):
        for constraint in model._meta.constraints:
            if isinstance(constraint, RowScope):
                found[model._meta.db_table] = constraint
    return found


def test_every_table_has_row_security_or_a_reason():
    bare = {name for name, secured in tables().items() if not secured}
    new = bare - WITHOUT_POLICY.keys()
    assert not new, f"{sorted(new)} have no row policy. Put a RowScope in Meta.constraints, or say here why not."
    gone = WITHOUT_POLICY.keys() - bare
    assert not gone, f"{sorted(gone)} are named here without need."


def test_no_telling_column_stands_without_row_security():
    names = ", ".join(f"'{name}'" for name in sorted(TELLING))
    rows = ask(
        f"select table_name, column_name from information_schema.columns where table_schema = 'public'"
        f" and column_name in ({names})"
    )
    secured = tables()
    assert not [(table, column) for table, column in rows if not secured.get(table, True)]


def test_policies_are_those_of_the_models():
    have: dict[str, set[str]] = {}
    for table, policy in ask("select tablename, policyname from pg_policies where schemaname = 'public'"):
        have.setdefault(table, set()).add(policy)
    for table, scope in scopes_of_models().items():
        assert have.get(table) == set(scope.policies()), table


def test_every_model_of_ours_declares_its_scope():
    ours = [m for m in apps.get_models() if m.__module__.startswith("tirek.")]
    without = [m._meta.label for m in ours if m._meta.db_table not in scopes_of_models() and m._meta.managed]
    assert not without


@pytest.mark.parametrize("role", [APP, *SESSION_ROLES])
def test_no_role_of_the_program_passes_the_policies(role):
    rows = ask("select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb from pg_roles where rolname = %s", role)
    assert rows == [(False, False, False, False)]
    owned = ask("select relname from pg_class c join pg_roles r on r.oid = c.relowner where r.rolname = %s", role)
    assert not owned, "an owner passes its tables' policies"


def test_the_program_inherits_nothing_from_its_roles():
    assert ask("select rolinherit from pg_roles where rolname = %s", APP) == [(False,)]
    for role in SESSION_ROLES:
        assert ask("select pg_has_role(%s, %s, 'usage'), pg_has_role(%s, %s, 'set')", APP, role, APP, role) == [
            (False, True)
        ], role


def test_the_program_may_change_no_table_nor_policy():
    for statement in (
        "alter table registry_person disable row level security",
        "drop policy person_rows_range on registry_person",
        "create policy open on registry_person using (true)",
        "truncate registry_person",
        "set session authorization tirek_owner",
        "set role tirek_owner",
    ):
        with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.mark.parametrize("role", [APP, OWN, SIGN_IN])
@pytest.mark.parametrize("table", sorted(scopes_of_models()) if apps.ready else [])
def test_without_settings_nothing_is_seen(table, role):
    """Policies name no table's rows unless a setting says whose: also when the tables are full."""
    scope = scopes_of_models()[table]
    for key, clause in scope.policies().items():
        readers = clause.split(" using ")[0]
        if role not in readers.replace(",", " ").split():
            continue
        if key.endswith(("_public", "_sign_in")) or key in OPEN_TO_ALL:
            continue
        assert "current_setting" in clause, f"{table}: {key} lets {role} through without a setting"


@pytest.fixture
def world() -> World:
    return build()


SEEN = {
    Role.MINISTRY_ANALYST: {"Child", "Parent", "Neighbour", "Far", "Nowhere"},
    Role.REGIONAL_OFFICER: {"Child", "Parent", "Neighbour"},
    Role.DISTRICT_OFFICER: {"Child", "Parent"},
    Role.PROGRAMME_OFFICE: {"Child", "Parent", "Neighbour"},
    Role.SCHOOL_HEAD: {"Child", "Parent"},
    Role.SCHOOL_COORDINATOR: {"Child", "Parent"},
    Role.TEACHER: set(),
    Role.KINDERGARTEN_DIRECTOR: {"Child", "Parent"},
    Role.COLLEGE_DIRECTOR: {"Child", "Parent"},
    Role.PARENT: {"Child", "Parent"},
    Role.SPONSOR: set(),
    Role.AUDITOR: {"Child", "Parent", "Neighbour"},
    Role.ADMINISTRATOR: {"Child", "Parent"},
}


def scope_for(world: World, role: str) -> Scope:
    user = world.users[role]
    with signing_in():
        grant = Grant.objects.get(user=user)
    return scope_of_grant(grant, user.person_id)


@pytest.mark.parametrize("role", list(Role))
def test_each_role_sees_exactly_its_own_people(world, role):
    with acting_as(scope_for(world, role)):
        assert set(Person.objects.values_list("family_name", flat=True)) == SEEN[role]
        enrolled = set(Enrolment.objects.values_list("person_name", flat=True))
        assert enrolled == SEEN[role] & {"Child", "Neighbour", "Far"}
        assert Guardianship.objects.count() == (1 if "Child" in SEEN[role] else 0)


@pytest.mark.parametrize("role", list(Role))
def test_each_role_sees_the_users_it_administers_and_itself(world, role):
    with acting_as(scope_for(world, role)):
        seen = set(User.objects.values_list("username", flat=True))
    within = {name for name, user in world.users.items() if user.org_no == SCHOOL}
    assert seen == (within if role == Role.ADMINISTRATOR else {role})


@pytest.mark.parametrize("org_no", [NEIGHBOUR, FAR, 0])
def test_nobody_writes_outside_his_range(world, org_no):
    outside = Person(family_name="X", given_name="Y", sort_key="x", org_no=org_no)
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        acting_as(scope_for(world, Role.DISTRICT_OFFICER)),
    ):
        outside.save()


def test_a_row_is_not_moved_out_of_the_range(world):
    scope = scope_for(world, Role.DISTRICT_OFFICER)
    with pytest.raises(ProgrammingError, match="row-level security"), acting_as(scope):
        Person.objects.filter(family_name="Child").update(org_no=FAR)


def test_own_records_are_read_not_changed(world):
    with acting_as(scope_for(world, Role.PARENT)):
        assert Person.objects.filter(family_name="Child").update(given_name="Z") == 0


@pytest.mark.parametrize("scope", [NOBODY, Scope(OWN), Scope(lo=None, hi=5), Scope(lo=5, hi=None), Scope(SIGN_IN)])
def test_an_empty_setting_sees_nothing(world, scope):
    with acting_as(scope):
        assert Person.objects.count() == Enrolment.objects.count() == Guardianship.objects.count() == 0


def test_a_grant_needs_both_ends_inside(world):
    """A region's grant begins where its first district begins: one end alone would let it through."""
    admin = Scope(lo=10_000_000, hi=10_199_999, user_id=world.users[Role.ADMINISTRATOR].pk, role=Role.ADMINISTRATOR)
    with acting_as(admin):
        assert not Grant.objects.filter(scope_kind=ScopeKind.REGION).exists()
        assert Grant.objects.filter(scope_kind=ScopeKind.DISTRICT).exists()


def test_only_an_administrator_changes_grants(world):
    for role in (Role.DISTRICT_OFFICER, Role.MINISTRY_ANALYST, Role.SCHOOL_HEAD, Role.PARENT):
        with acting_as(scope_for(world, role)):
            assert Grant.objects.update(reason="mine") == 0


def test_nobody_gives_himself_a_grant_even_by_hand(world):
    from access_world import ALWAYS

    admin = world.users[Role.ADMINISTRATOR]
    for scope in (
        scope_for(world, Role.ADMINISTRATOR),
        Scope(LOADER, user_id=admin.pk),
        Scope(COUNTRY, user_id=admin.pk),
    ):
        with pytest.raises(ProgrammingError), acting_as(scope):
            Grant.objects.create(
                user=admin, role=Role.ADMINISTRATOR, scope_kind="district", org_lo=SCHOOL, org_hi=SCHOOL, valid=ALWAYS
            )


@pytest.mark.parametrize(
    "model", [PersonRead, *(m for m in apps.get_models() if hasattr(m, "pgh_tracked_model") and m.pgh_tracked_model)]
)
def test_journals_only_grow(world, model):
    with loading():
        if model is PersonRead:
            PersonRead.objects.create(user_id=1, page="x")
        if not model.objects.exists():
            pytest.skip("nothing was written there")
        for change in (
            lambda: model.objects.all().delete(),
            lambda: model.objects.update(**{_some_column(model): None}),
        ):
            with pytest.raises(Exception, match="Cannot"), transaction.atomic():
                change()


def _some_column(model) -> str:
    return "user_id" if model is PersonRead else "pgh_context"


def test_sessions_are_seen_by_their_user_only(world):
    from django.utils import timezone

    mine, other = world.users[Role.PARENT], world.users[Role.TEACHER]
    with signing_in():
        for user in (mine, other):
            Session.objects.create(
                session_key=f"k{user.pk}", session_data="", expire_date=timezone.now(), user_id=user.pk
            )
    with acting_as(scope_for(world, Role.PARENT)):
        assert list(Session.objects.values_list("user_id", flat=True)) == [mine.pk]
        assert Session.objects.filter(user_id=mine.pk).delete()[0] == 0
    with acting_as(scope_for(world, Role.MINISTRY_ANALYST)):
        assert Session.objects.count() == 0
