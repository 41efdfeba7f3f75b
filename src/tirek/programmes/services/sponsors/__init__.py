"""What changes sponsors' money. The right is checked first, the sponsor's or earmark's row is the lock, the ledger has the last word."""

from tirek.programmes.services.sponsors.agreements import (
    Promise,
    add_pledge,
    add_user,
    change_sponsor,
    enter_agreement,
    enter_sponsor,
    remove_user,
    set_public,
)
from tirek.programmes.services.sponsors.earmarks import close_earmark, earmark, move_earmark
from tirek.programmes.services.sponsors.letters import issue_statement, remind_of_pledge
from tirek.programmes.services.sponsors.orders import commit, on_work_accepted, pay, release, reverse_payment
from tirek.programmes.services.sponsors.tranches import receive, return_unspent, reverse_tranche

__all__ = [
    "Promise",
    "add_pledge",
    "add_user",
    "change_sponsor",
    "close_earmark",
    "commit",
    "earmark",
    "enter_agreement",
    "enter_sponsor",
    "issue_statement",
    "move_earmark",
    "on_work_accepted",
    "pay",
    "receive",
    "release",
    "remind_of_pledge",
    "remove_user",
    "return_unspent",
    "reverse_payment",
    "reverse_tranche",
    "set_public",
]
