"""``tirek verify ledger``: does the ledger add up, and is everything sealed still what it was?"""

from __future__ import annotations


def verify_number(number: str) -> tuple[list[str], int]:
    """Lines to print and the exit code: 0 equal, 3 it differs."""
    from tirek.storage.setup import command_ready

    command_ready()
    from django.utils.translation import gettext as _

    from tirek.access.scope import loading
    from tirek.ledger.queries import last_seal, seals
    from tirek.ledger.queries.verification import differences, tampering

    with loading():
        faults = [*differences(), *tampering()]
        last, count = last_seal(), seals().count()
    if faults:
        return [*faults, _("The ledger differs from what was posted or sealed: %(n)s faults.") % {"n": len(faults)}], 3
    lines = [
        _("The ledger adds up: balances, turnovers and transactions equal their postings, and all balances make zero.")
    ]
    if last is None:
        lines.append(_("Nothing is sealed yet. The worker seals each night; tirek ledger seal does it now."))
    else:
        lines.append(
            _(
                "%(n)s seals stand, the last through L-%(last)s with the digest %(digest)s. Compare it with one noted elsewhere."
            )
            % {"n": count, "last": last.last_id, "digest": last.sha256}
        )
    return lines, 0
