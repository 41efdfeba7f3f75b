"""What the database itself holds of the ledger: balances, floors, whole transactions, closed days. docs/adr/0009-ledger.md"""

from django.db import migrations

ROLES = "tirek_app, tirek_country, tirek_own, tirek_loader, tirek_sign_in"

# Sealing takes the lock alone: no transaction with a smaller number can still be on its way.
TAKE_PART = """
create function ledger_take_part() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock_shared(7461730);
    return null;
end $$;
create trigger ledger_take_part before insert on ledger_transaction
    for each statement execute function ledger_take_part();
"""

OPEN_BALANCE = """
create function ledger_open_balance() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into ledger_balance (account_id, is_floored, balance_tiyn, posting_count)
        select id, kind <> 'outside', 0, 0 from added;
    return null;
end $$;
create trigger ledger_open_balance after insert on ledger_account referencing new table as added
    for each statement execute function ledger_open_balance();
"""

# Once a statement, whatever the number of postings. Balances are locked in the order of their accounts, so that two who
# post at once wait for each other and never deadlock; a floor is judged on what is there after the wait.
KEEP_BALANCES = """
create function ledger_keep_balances() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
    closed date := (select max(closed_through) from ledger_seal);
    told text;
begin
    select string_agg(format('L-%s', a.transaction_id), ', ') into told from (
        select transaction_id, count(*) as n, sum(amount_tiyn) as total, min(line) as low, max(line) as high,
            min(booked_on) as first_day, max(booked_on) as last_day
        from added group by transaction_id
    ) a join ledger_transaction t on t.id = a.transaction_id
    where t.posting_count <> a.n or t.total_tiyn <> a.total or a.low <> 1 or a.high <> a.n
        or a.first_day <> t.booked_on or a.last_day <> t.booked_on;
    if told is not null then
        raise exception 'postings of % are not those the transaction announced: they come whole and once', told
            using errcode = '23514', constraint = 'ledger_whole_transaction';
    end if;

    if closed is not null and exists (select 1 from added where booked_on <= closed) then
        raise exception 'the ledger is closed through %', closed
            using errcode = '23514', constraint = 'ledger_closed_days', detail = closed::text;
    end if;

    select string_agg(c.code, ', ') into told from ledger_account c
    where c.closed_on is not null
        and c.id in (select source_id from added union select destination_id from added);
    if told is not null then
        raise exception 'closed accounts: %', told
            using errcode = '23514', constraint = 'ledger_closed_account', detail = told;
    end if;

    select string_agg(distinct format('L-%s', t.id), ', ') into told
    from added a join ledger_transaction t on t.id = a.transaction_id join ledger_transaction r on r.id = t.reverses_id
    left join ledger_posting p on p.transaction_id = r.id and p.line = a.line
    where t.posting_count <> r.posting_count or r.reverses_id is not null or p.id is null
        or p.source_id <> a.destination_id or p.destination_id <> a.source_id or p.amount_tiyn <> a.amount_tiyn;
    if told is not null then
        raise exception '% does not reverse what it says it reverses', told
            using errcode = '23514', constraint = 'ledger_reversal_swaps';
    end if;

    perform 1 from ledger_balance
    where account_id in (select source_id from added union select destination_id from added)
    order by account_id for update;

    with moved as (
        select account_id, sum(change) as change, count(*) as n from (
            select destination_id as account_id, amount_tiyn as change from added
            union all select source_id, -amount_tiyn from added
        ) m group by account_id
    ), short as (
        select c.code, -(b.balance_tiyn + m.change) as lacking
        from moved m join ledger_balance b using (account_id) join ledger_account c on c.id = m.account_id
        where b.is_floored and b.balance_tiyn + m.change < 0
    )
    select string_agg(format('%s=%s', code, lacking), ', ' order by code) into told from short;
    if told is not null then
        raise exception 'not enough money: %', told
            using errcode = '23514', constraint = 'ledger_balance_floor', detail = told;
    end if;

    update ledger_balance b set balance_tiyn = b.balance_tiyn + m.change, posting_count = b.posting_count + m.n
    from (
        select account_id, sum(change) as change, count(*) as n from (
            select destination_id as account_id, amount_tiyn as change from added
            union all select source_id, -amount_tiyn from added
        ) x group by account_id
    ) m where b.account_id = m.account_id;

    insert into ledger_turnover as t (account_id, day, in_tiyn, out_tiyn)
        select account_id, booked_on, sum(got), sum(gave) from (
            select destination_id as account_id, booked_on, amount_tiyn as got, 0 as gave from added
            union all select source_id, booked_on, 0, amount_tiyn from added
        ) m group by account_id, booked_on order by account_id, booked_on
    on conflict (account_id, day) do update
        set in_tiyn = t.in_tiyn + excluded.in_tiyn, out_tiyn = t.out_tiyn + excluded.out_tiyn;
    return null;
end $$;
create trigger ledger_keep_balances after insert on ledger_posting referencing new table as added
    for each statement execute function ledger_keep_balances();
"""

# Everything kept beside the postings, against the postings: no row is the proof. Numbers of accounts and transactions only.
DIFFERENCES = """
create function ledger_differences() returns table (what text, subject bigint, kept numeric, summed numeric)
language sql stable security definer set search_path = public, pg_temp as $$
    with moved as materialized (
        select destination_id as account_id, booked_on, amount_tiyn as got, 0::bigint as gave from ledger_posting
        union all select source_id, booked_on, 0, amount_tiyn from ledger_posting
    ), by_day as materialized (
        select account_id, booked_on as day, sum(got) as got, sum(gave) as gave, count(*) as n from moved group by 1, 2
    ), by_account as (
        select account_id, sum(got - gave) as balance, sum(n) as n from by_day group by 1
    )
    select 'balance', a.id, b.balance_tiyn::numeric, coalesce(s.balance, 0)
        from ledger_account a left join ledger_balance b on b.account_id = a.id left join by_account s on s.account_id = a.id
        where b.balance_tiyn is distinct from coalesce(s.balance, 0) or b.posting_count is distinct from coalesce(s.n, 0)
            or b.is_floored is distinct from (a.kind <> 'outside')
    union all
    select 'turnover', coalesce(t.account_id, d.account_id), t.in_tiyn - t.out_tiyn, d.got - d.gave
        from ledger_turnover t full join by_day d on d.account_id = t.account_id and d.day = t.day
        where t.in_tiyn is distinct from d.got or t.out_tiyn is distinct from d.gave
    union all
    select 'floor', account_id, balance_tiyn, 0 from ledger_balance where is_floored and balance_tiyn < 0
    union all
    select 'zero', null, 0, s.total from (select sum(balance_tiyn)::numeric as total from ledger_balance) s where s.total <> 0
    union all
    select 'transaction', t.id, t.total_tiyn, coalesce(p.total, 0)
        from ledger_transaction t left join (
            select transaction_id, sum(amount_tiyn) as total, count(*) as n, min(booked_on) as low, max(booked_on) as high
            from ledger_posting group by 1
        ) p on p.transaction_id = t.id
        where p.total is distinct from t.total_tiyn or p.n is distinct from t.posting_count
            or p.low is distinct from t.booked_on or p.high is distinct from t.booked_on
$$;
revoke execute on function ledger_differences() from public;
"""

RIGHTS = f"""
grant execute on function ledger_differences() to {ROLES};
revoke update, delete, truncate on ledger_transaction, ledger_posting, ledger_seal from {ROLES};
revoke insert, update, delete, truncate on ledger_balance, ledger_turnover from {ROLES};
"""

UNDO = """
drop trigger ledger_take_part on ledger_transaction;
drop trigger ledger_open_balance on ledger_account;
drop trigger ledger_keep_balances on ledger_posting;
drop function ledger_take_part();
drop function ledger_open_balance();
drop function ledger_keep_balances();
drop function ledger_differences();
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "\n".join((TAKE_PART, OPEN_BALANCE, KEEP_BALANCES, DIFFERENCES, RIGHTS)), reverse_sql=UNDO, elidable=False
        )
    ]
