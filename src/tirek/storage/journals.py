"""Tables that only grow, and tables that only the database writes: rights that the program's roles do not have.

``prepare`` grants the program's roles the usual rights on every table. Afterwards, and whenever it has run again, these are
taken back from tables that say so by a trigger of theirs: ``append_only_journal`` (no UPDATE, DELETE or TRUNCATE) and
``written_by_database`` (reading only). The triggers refuse the change to everybody, the owner too; the missing rights refuse
it to a program whose trigger somebody has switched off.
"""

from __future__ import annotations

import psycopg

from tirek.storage.database import APP, SESSION_ROLES, connection_arguments

REVOKE = f"""
do $$
declare found record;
begin
    for found in
        select c.oid::regclass as name, bool_or(t.tgname like 'pgtrigger_written_by_database_%') as kept
        from pg_trigger t join pg_class c on c.oid = t.tgrelid
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
            and (t.tgname like 'pgtrigger_append_only_journal_%' or t.tgname like 'pgtrigger_written_by_database_%')
        group by c.oid
    loop
        execute format('revoke update, delete, truncate on %s from {", ".join((APP, *SESSION_ROLES))}', found.name);
        if found.kept then
            execute format('revoke insert on %s from {", ".join((APP, *SESSION_ROLES))}', found.name);
        end if;
    end loop;
end $$
"""  # noqa: S608


def take_rights_back(settings: dict) -> None:
    """After ``prepare`` and the migrations: as the owner; repeatable."""
    with psycopg.connect(**connection_arguments(settings), autocommit=True) as connection:
        connection.execute(REVOKE)
