"""Who sees a decision and its outcomes: the ordinary row scope, narrowed for drafts."""

from __future__ import annotations

from tirek.storage.database import APP, OWN, SIGN_IN
from tirek.storage.policies import RowScope

SETTLED = "state not in ('recording', 'draft')"
SIGNED_IN = "nullif(current_setting('app.user_id', true), '') is not null"


class DecisionScope(RowScope):
    """A decision is seen by whoever's territory covers all of its own; once published also by the person it is about.

    The head of a decision about many holds no personal data: once published it is read by everybody who is signed in,
    and that of an open kind by everybody.
    """

    def policies(self) -> dict[str, str]:
        clauses = super().policies()
        own = f"{self.name}_own"
        clauses[own] = clauses[own].replace("using (", f"using ({SETTLED} and ", 1)
        clauses[f"{self.name}_heads"] = (
            f"for select to {APP}, {OWN} using (person_id is null and {SETTLED} and {SIGNED_IN})"
        )
        clauses[f"{self.name}_open"] = f"for select to {APP}, {OWN}, {SIGN_IN} using (is_open and {SETTLED})"
        return clauses


class OutcomeScope(RowScope):
    """An outcome is seen within the scope of its institution or by its person, if the decision itself is seen.

    The list of decisions seen is short and read once a query, not once a row.
    """

    def policies(self) -> dict[str, str]:
        clauses = super().policies()
        seen = "decision_id in (select id from decisions_decision)"
        for key in ("range", "own"):
            name = f"{self.name}_{key}"
            clauses[name] = clauses[name].replace("using (", f"using ({seen} and ", 1)
        return clauses
