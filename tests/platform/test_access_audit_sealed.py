"""The audit against the database's owner: what was sealed and is changed behind the triggers' back is found and named."""

from __future__ import annotations

import datetime as dt
import threading
from contextlib import contextmanager

import polars as pl
import psycopg
import pytest
from django.db import InternalError, ProgrammingError, connection, connections
from django.utils import timezone

from tirek.access import queries_sealed
from tirek.access.commands.verify import verify_number
from tirek.access.models import AccountAction, AuditErasure, AuditSeal, PersonRead, User
from tirek.access.queries_verification import audit_tampering
from tirek.access.scope import because, loading
from tirek.access.services import sealing
from tirek.site.checks_database import audit as doctor
from tirek.storage import sealed
from tirek.storage.database import connection_arguments

DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def days(committed_db, tmp_path, monkeypatch):
    """Two users, a change by one of them, three looks; all committed, as of today."""
    monkeypatch.setattr(sealed, "folder", lambda: tmp_path / "sealed")
    with loading():
        head, other = (User.objects.create(username=name, full_name=name) for name in ("head", "other"))
    with because(user=head.pk, role="head"), loading():
        User.objects.filter(pk=other.pk).update(full_name="renamed")
        for person in (1, 2, 3):
            PersonRead.objects.create(user_id=head.pk, role="head", page="x", person_id=person)
    yield
    connections["owner"].close()


def seal(days: int = 1) -> AuditSeal | None:
    """As if so many days had passed."""
    return sealing.seal_audit(now=timezone.now() + days * DAY)


def faults() -> list[str]:
    with loading():
        return list(audit_tampering())


@contextmanager
def as_owner():
    """With triggers switched off, as only the owner can."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("set session_replication_role = replica")
        yield cursor
        cursor.execute("set session_replication_role = origin")


def today() -> str:
    return timezone.localdate().isoformat()


def test_days_are_sealed_once_and_in_a_chain():
    first = seal()
    assert first.through == timezone.localdate()
    assert {part["table"]: part["rows"] for part in first.parts} == {"access_userevent": 3, "access_personread": 3}
    assert seal() is None
    with loading():
        PersonRead.objects.create(page="y", person_id=4)
    assert seal() is None, "today is sealed through already: what is written now bears a sealed day only in this test"
    third = seal(days=4)  # the worker slept for two days
    assert (third.previous_sha256, third.starts, third.through) == (first.sha256, first.ends, first.through + 3 * DAY)
    assert third.parts == []


def test_nothing_personal_is_in_the_files():
    for part in seal().parts:
        frame = sealed.unseal(sealed.Sealed.from_dict(part["file"]))
        assert dict(frame.schema) == {"number": pl.Int64, "day": pl.Date, "digest": pl.String}


def test_an_untouched_audit_has_no_faults():
    seal()
    assert faults() == []
    lines, code = verify_number("audit")
    assert code == 0
    assert "1 seals through" in lines[-1]


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("update access_personread set person_id = 9 where person_id = 2", "access_personread: row 2, or who made it, was altered"),
        ("update access_personread set at = at + interval '9 days' where person_id = 2", "access_personread: row 2, or who made it, was altered"),
        ("delete from access_personread where person_id = 3", "access_personread: row 3 was taken out"),
        ("update access_userevent set full_name = 'other' where full_name = 'renamed'", "access_userevent: row 3, or who made it, was altered"),
        ("delete from access_userevent", "access_userevent: row 1 was taken out"),
        ("insert into access_personread (at, role, kind, org_no, page, rows, query, reason, request_id)"
         " values (now(), '', 'record', 0, 'x', 1, '', '', '')", "access_personread: row 4 was put in after its day was sealed"),
        ("insert into access_accountaction (at, subject_id, action, reason, org_no) select now() - interval '3 days', id, 'end', '', 0"
         " from access_user where username = 'head'", "access_accountaction: row 1 was put in after its day was sealed"),
        ("update pghistory_context set metadata = jsonb_set(metadata, '{user}', '99')", "access_userevent: row 3, or who made it, was altered"),
    ],
)  # fmt: skip
def test_each_change_by_the_owner_is_found(statement, told):
    seal()
    with as_owner() as cursor:
        cursor.execute(statement)
        assert cursor.rowcount >= 1
    found = faults()
    assert any(line.endswith(f"{told}.") for line in found), found
    day = (timezone.localdate() - 3 * DAY).isoformat() if "interval '3 days'" in statement else today()
    assert found[0].startswith(f"{day}, ")
    assert verify_number("audit")[1] == 3


def test_a_row_taken_out_and_another_put_in_are_both_found():
    seal()
    with as_owner() as cursor:
        cursor.execute("delete from access_personread where person_id = 1")
        cursor.execute("insert into access_personread (at, role, kind, org_no, page, rows, query, reason, request_id)"
                       " values (now(), '', 'record', 0, 'x', 1, '', '', '')")  # fmt: skip
    assert [line.partition(": ")[2] for line in faults()] == [
        "row 1 was taken out.", "row 4 was put in after its day was sealed.",
    ]  # fmt: skip


def test_a_seal_or_its_file_changed():
    first, second = seal(), seal(days=2)
    assert second.previous_sha256 == first.sha256
    with as_owner() as cursor:
        cursor.execute("update access_auditseal set row_count = row_count - 1 where id = %s", [first.pk])
    assert faults() == [
        f"The seal through {first.through} does not follow from the one before it: one was changed, taken out or put in."
    ]
    with as_owner() as cursor:
        cursor.execute("delete from access_auditseal where id = %s", [first.pk])
    assert f"The seal through {second.through} does not follow" in faults()[0]
    with as_owner() as cursor:
        cursor.execute("delete from access_auditseal")
    third = seal(days=3)
    path = sealed.path_of(third.parts[0]["file"]["sha256"])
    path.write_bytes(b"x")
    assert "was changed after it was sealed" in faults()[0]


def test_the_program_itself_changes_no_seal():
    seal()
    for statement in ("update access_auditseal set row_count = 0", "delete from access_auditseal"):
        with pytest.raises((InternalError, ProgrammingError)), loading(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_many_rows_come_in_parts_that_stand_together(monkeypatch):
    monkeypatch.setattr(queries_sealed, "ROWS_AT_ONCE", 2)
    made = seal()
    assert [part["rows"] for part in made.parts if part["table"] == "access_personread"] == [2, 1]
    assert faults() == []
    with as_owner() as cursor:
        cursor.execute("delete from access_personread where person_id = 2")
    assert [line.partition(", ")[2] for line in faults()] == ["access_personread: row 2 was taken out."]


def test_days_follow_each_other_though_numbers_overlap():
    """Yesterday's long transaction wrote numbers above those of today's first ones."""
    with as_owner() as cursor:
        cursor.execute("update access_personread set at = at - interval '2 days' where person_id in (1, 3)")
    first = sealing.seal_audit(now=timezone.now() - DAY)
    assert [(part["first"], part["last"], part["rows"]) for part in first.parts] == [(1, 3, 2)]
    second = seal()
    assert [(p["first"], p["last"]) for p in second.parts if p["table"] == "access_personread"] == [(2, 2)]
    assert faults() == []


def test_a_day_waits_for_the_transactions_that_began_in_it():
    """What they write bears the day they began: sealed too early, it would look as if it had been put in."""
    arguments = connection_arguments(connection.settings_dict)
    with psycopg.connect(**arguments) as other:
        other.execute("select 1")  # a transaction of the program is open since now
        early = seal()
        assert early.through == timezone.localdate() - DAY
    assert seal().through == timezone.localdate()


def test_sealing_twice_at_once_makes_one_seal():
    made = []

    def run():
        made.append(seal())
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seal()
    with loading():
        assert AuditSeal.objects.filter(through=timezone.localdate()).count() == 1
    assert faults() == []


def test_a_column_that_comes_later_changes_nothing_and_one_that_goes_is_told():
    seal()
    with connections["owner"].cursor() as cursor:
        cursor.execute("alter table access_personread add column new_one text default 'x'")
    assert faults() == []
    with loading():
        made = AuditSeal.objects.get()
    gone = queries_sealed.columns_gone(queries_sealed.Source("t", "id", "at", ("at",)), made.parts[0]["columns"])
    assert "id" in gone


class TestErasing:
    def test_what_an_act_allows_is_no_fault_and_is_told_each_time(self):
        seal()
        sealing.record_erasure(
            table="access_personread", numbers=[2], act="Act 12 of 3 May 2026", by="A", now=timezone.now()
        )
        with as_owner() as cursor:
            cursor.execute("delete from access_personread where person_id = 2")
        lines, code = verify_number("audit")
        assert code == 0
        assert "access_personread: the rows 2 may be erased. Act 12 of 3 May 2026" in lines[0]
        with as_owner() as cursor:
            cursor.execute("delete from access_personread where person_id = 1")
        assert [line.partition(": ")[2] for line in faults()] == ["row 1 was taken out."]

    def test_by_a_day(self):
        seal()
        tomorrow = timezone.localdate() + DAY
        sealing.record_erasure(table="access_personread", before=tomorrow, act="Act 13", by="A", now=timezone.now())
        with as_owner() as cursor:
            cursor.execute("delete from access_personread")
        assert faults() == []

    def test_the_record_of_an_erasure_is_sealed_too(self):
        sealing.record_erasure(table="access_personread", numbers=[2], act="Act 14", by="A", now=timezone.now())
        made = seal()
        assert [one["act"] for one in made.erasures] == ["Act 14"]
        assert seal(days=2).erasures == []
        with as_owner() as cursor:
            cursor.execute("update access_auditerasure set numbers = '[1, 2, 3]'")
        with loading():
            number = AuditErasure.objects.get().pk
        assert faults() == [f"The erasure {number} of the seal through {made.through} was altered or taken out."]

    @pytest.mark.parametrize(
        ("what", "told"),
        [
            ({"table": "access_user", "numbers": [1]}, "no table of the audit"),
            ({"table": "access_personread", "numbers": [1], "act": " "}, "Name the act"),
            ({"table": "access_personread"}, "either a day or"),
        ],
    )
    def test_what_says_too_little_is_refused(self, what, told):
        with pytest.raises(sealing.ErasureRefused, match=told):
            sealing.record_erasure(**({"act": "Act", "by": "A", "now": timezone.now()} | what))


def test_the_doctor_tells_the_last_sealed_day_and_the_gap():
    assert "nothing of it is sealed" in next(doctor()).says
    sealing.seal_audit(now=timezone.now() - 4 * DAY)
    (finding,) = doctor()
    assert (finding.state, "4 days since are not" in finding.says) == ("look", True)
    seal(days=0)
    assert next(doctor()).state == "good"


def test_actions_on_accounts_are_sealed():
    with loading():
        AccountAction.objects.create(subject=User.objects.first(), action="invite")
    assert "access_accountaction" in {part["table"] for part in seal().parts}
