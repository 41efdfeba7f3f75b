"""What is asked of schools about their rooms, as whole sentences."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tirek.tasks.kinds import Kind, register


def _work(told: dict) -> str:
    return reverse("facilities:work", args=[told["id"]])


def register_tasks() -> None:
    register(Kind("facilities.delivery", _("Confirm the delivery for room %(room)s: %(work)s"), _work))
    register(
        Kind("facilities.acceptance", _("Look at the finished work in room %(room)s and accept it: %(work)s"), _work)
    )
    register(
        Kind(
            "facilities.proposals",
            _("Decide on the differences between the register and the walk through the rooms: %(n)s"),
            lambda told: told["link"],
        )
    )
