"""Row policies, one line a model.

``RowScope`` is a constraint: put it in ``Meta.constraints`` and migrations make the policies. Who a row belongs to is
``org_no``, the number of an institution in tree order: a territory is a range of numbers, so one comparison decides.

A setting that is empty or absent lets nothing through. Why the expressions look as they do (no ``or``, no sub-select, no
function per row): docs/adr/0003-row-policies.md.
"""

from __future__ import annotations

from typing import Any

from django.db.models.constraints import BaseConstraint

from tirek.storage.database import APP, COUNTRY, LOADER, OWN, SIGN_IN

IN_RANGE = (
    "{column} between nullif(current_setting('app.lo', true), '')::int"
    " and nullif(current_setting('app.hi', true), '')::int"
)
IN_OWN = "{column} = any(nullif(current_setting('app.ids', true), '')::bigint[])"
IS_USER = "{column} = nullif(current_setting('app.user_id', true), '')::bigint"
IN_ROLE = "current_setting('app.role', true) = '{role}'"


class RowScope(BaseConstraint):
    """Who sees and changes which rows of a table.

    Parameters
    ----------
    name
        Prefix of the policies' names; unique in the database.
    org
        Column of the institution's number: rows in the range of the asker's territory are seen and changed.
    org_hi
        Second column, when a row is itself a range (a grant, a territory): both ends must lie in the asker's range.
    role
        Only askers who work in this role have the rows of their range or country (grants: administrators).
    own
        Column of a person's id: rows of the asker's own persons (a parent's children, a teacher's pupils) are seen.
    user
        Column of a user's id: the asker's own rows are seen and changed (tasks, settings).
    user_reads
        The asker's own rows are only seen (nobody gives himself a grant).
    public
        Everybody reads every row; ``org`` then limits changes only.
    sign_in
        The sign-in role reads and changes every row (users, grants).
    """

    def __init__(
        self,
        *,
        name: str,
        org: str | None = "org_no",
        org_hi: str | None = None,
        role: str | None = None,
        own: str | None = None,
        user: str | None = None,
        user_reads: bool = False,
        public: bool = False,
        sign_in: bool = False,
    ):
        super().__init__(name=name)
        self.org, self.org_hi, self.role = org, org_hi, role
        self.own, self.user, self.user_reads = own, user, user_reads
        self.public, self.sign_in = public, sign_in

    def _options(self) -> dict[str, Any]:
        names = ("org", "org_hi", "role", "own", "user", "user_reads", "public", "sign_in")
        return {name: getattr(self, name) for name in names}

    def policies(self) -> dict[str, str]:
        """Name of each policy and its ``create policy`` clause after the table's name."""
        clauses = {
            "country": f"to {COUNTRY} using ({self._in_role() or 'true'})",
            "loader": f"to {LOADER} using (true)",
        }
        if self.org:
            ends = [IN_RANGE.format(column=column) for column in (self.org, self.org_hi) if column]
            clauses["range"] = f"to {APP} using ({' and '.join(filter(None, [*ends, self._in_role()]))})"
        if self.own:
            clauses["own"] = f"for select to {OWN} using ({IN_OWN.format(column=self.own)})"
        if self.user:
            command = "for select " if self.user_reads else ""
            clauses["user"] = f"{command}to {APP}, {OWN}{self._country()} using ({IS_USER.format(column=self.user)})"
        if self.public:
            clauses["public"] = f"for select to {APP}, {OWN}, {SIGN_IN} using (true)"
        if self.sign_in:
            clauses["sign_in"] = f"to {SIGN_IN} using (true)"
        return {f"{self.name}_{key}": clause for key, clause in clauses.items()}

    def _in_role(self) -> str:
        return IN_ROLE.format(role=self.role) if self.role else ""

    def _country(self) -> str:
        """Where the country's role does not see everything, its own rows must be let through as well."""
        return f", {COUNTRY}" if self.role else ""

    def create_sql(self, model, schema_editor) -> str:
        table = schema_editor.quote_name(model._meta.db_table)
        lines = [f"alter table {table} enable row level security"]
        lines += [f"create policy {name} on {table} {clause}" for name, clause in self.policies().items()]
        return "; ".join(lines)

    def constraint_sql(self, model, schema_editor) -> None:
        """Called when the table is created in the same migration: queue, or Django would make no policy and say nothing."""
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))

    def remove_sql(self, model, schema_editor) -> str:
        table = schema_editor.quote_name(model._meta.db_table)
        return "; ".join(f"drop policy if exists {name} on {table}" for name in self.policies())

    def validate(self, model, instance, exclude=None, using=None) -> None:
        """The database decides; a form has nothing to check."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RowScope) and self.name == other.name and self._options() == other._options()

    __hash__ = BaseConstraint.__hash__

    def deconstruct(self):
        path, args, kwargs = super().deconstruct()
        defaults = RowScope(name=self.name)._options()
        kwargs.update({key: value for key, value in self._options().items() if value != defaults[key]})
        return path, args, kwargs
