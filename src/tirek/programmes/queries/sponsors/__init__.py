"""Questions about sponsors' money."""

from tirek.programmes.queries.sponsors.becoming import Became, Room, became_of, photograph_of
from tirek.programmes.queries.sponsors.money import (
    Due,
    Totals,
    agreements_of,
    agreements_of_each,
    earmark_rows,
    earmarks_of_school,
    overdue_pledges,
    pledge_rows,
    sponsor,
    sponsor_of_user,
    sponsors,
    steps_of,
    totals,
    totals_of_each,
    users_of,
)

__all__ = [
    "Became",
    "Due",
    "Room",
    "Totals",
    "agreements_of",
    "agreements_of_each",
    "became_of",
    "earmark_rows",
    "earmarks_of_school",
    "overdue_pledges",
    "photograph_of",
    "pledge_rows",
    "sponsor",
    "sponsor_of_user",
    "sponsors",
    "steps_of",
    "totals",
    "totals_of_each",
    "users_of",
]
