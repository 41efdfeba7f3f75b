"""Numbers of institutions move in journals, too: as the owner, and nothing else in them."""

from django.db import migrations

MOVE = """
create function move_journal(journal regclass, low int, high int, step int) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    numbers text[];
    moved bigint;
begin
    if not exists (
        select 1 from pg_trigger where tgrelid = journal and tgname like 'pgtrigger_append_only_journal_%'
    ) then
        raise exception '% is no journal', journal;
    end if;
    execute format('lock table %s in share row exclusive mode', journal);
    select array_agg(attname::text order by attname) into numbers from pg_attribute
        where attrelid = journal and attnum > 0 and not attisdropped and attname in ('org_no', 'org_lo', 'org_hi');
    execute format('update %s set %s where %s', journal,
        (select string_agg(format('%1$I = %1$I + %2$s', name, step), ', ') from unnest(numbers) name),
        (select string_agg(format('%I between %s and %s', name, low, high), ' and ') from unnest(numbers) name));
    get diagnostics moved = row_count;
    return moved;
end $$;
revoke execute on function move_journal(regclass, int, int, int) from public;
grant execute on function move_journal(regclass, int, int, int) to tirek_loader;
"""


class Migration(migrations.Migration):
    dependencies = [("storage", "0001_initial")]

    operations = [
        migrations.RunSQL(MOVE, reverse_sql="drop function move_journal(regclass, int, int, int)", elidable=False)
    ]
