"""``tirek verify audit``: is every row of the audit that was sealed still what it was, and was none put in?"""

from __future__ import annotations


def verify_number(number: str) -> tuple[list[str], int]:
    """Lines to print and the exit code: 0 equal, 3 it differs."""
    from tirek.storage.setup import command_ready

    command_ready()
    from django.utils.translation import gettext as _

    from tirek.access.queries_sealed import audit_seal_count, last_audit_seal
    from tirek.access.queries_verification import audit_tampering, erasures
    from tirek.access.scope import loading

    with loading():
        faults, erased = list(audit_tampering()), erasures()
        last, count = last_audit_seal(), audit_seal_count()
    if faults:
        return [*faults, *erased, _("The audit differs from what was sealed: %(n)s faults.") % {"n": len(faults)}], 3
    if last is None:
        return [_("Nothing of the audit is sealed yet. The worker seals each night; tirek audit seal does it now.")], 0
    stands = _(
        "The audit is what was sealed: %(n)s seals through %(day)s. The last has the digest %(digest)s. Compare it with one noted elsewhere."
    )
    return [*erased, stands % {"n": count, "day": last.through, "digest": last.sha256}], 0
