"""What the page for walks says, in all its languages at once: it has to be able to say it without a connection."""

from __future__ import annotations

from django.utils import translation
from django.utils.translation import gettext as _

LANGUAGES = ("kk", "ru", "en")


def all_words() -> dict[str, dict[str, str]]:
    found = {}
    for language in LANGUAGES:
        with translation.override(language):
            found[language] = _list() | _room() | _pictures() | _state() | _faults()
    return found


def _list() -> dict[str, str]:
    return {
        "page": _("Walk through the rooms"),
        "seen_of": _("Seen: {seen} of {all} rooms"),
        "which": _("Which rooms are shown"),
        "all_rooms": _("All rooms"),
        "rooms_left": _("Not yet seen"),
        "all_seen": _("Every room has been seen."),
        "room": _("Room {number}"),
        "room_named": _("Room {number}, {name}"),
        "new_room": _("A room that is not on the list"),
        "building_floor": _("{building}, floor {floor}"),
        "not_in_register": _("not on the list"),
        "n_pictures": _("Photographs: {n}"),
        "n_places": _("Places: {n}"),
        "report_room": _("Report a room that is not on the list"),
        "finish": _("Look it over and close the walk"),
        "finish_help": _("Closing needs a connection. Until then everything stays on this phone."),
        "first_time": _(
            "Open this page once with a connection: the list of rooms comes to this phone, and from then on it works without."
        ),
    }


def _room() -> dict[str, str]:
    return {
        "back": _("All rooms"),
        "is_absent": _("There is no such room"),
        "how_is_it": _("How is the room?"),
        "condition_good": _("Good"),
        "condition_good_means": _("Nothing to repair."),
        "condition_fair": _("Fair"),
        "condition_fair_means": _("Worn; paint or small repairs are enough."),
        "condition_poor": _("Poor"),
        "condition_poor_means": _("Walls, floor, windows or wiring need repair."),
        "condition_unusable": _("Unusable"),
        "condition_unusable_means": _("Closed or dangerous: nobody may learn here."),
        "what_is_there": _("What is there?"),
        "count_help": _("Count what works. Leave empty what you did not count."),
        "should_be": _("should be: {n}"),
        "all_there": _("all there"),
        "all_there_of": _("All there: {item}"),
        "one_less": _("One less: {item}"),
        "one_more": _("One more: {item}"),
        "no_standard": _("No standard of equipment is set for rooms of this kind."),
        "note": _("Note"),
        "done": _("Done, next room"),
        "later": _("Go on later"),
        "kept": _("Kept on this phone."),
        "number": _("Number on the door"),
        "purpose": _("What is it for?"),
        "building": _("Building"),
        "floor": _("Floor"),
        "choose": _("choose"),
        "reported_help": _("It is reported to whoever keeps the register of rooms; that person decides."),
        "two_versions": _("Two phones say different things of this room. Look at both and take the one that is right."),
        "version_of": _("{who}, {time}"),
        "take_this": _("This one is right"),
    }


def _pictures() -> dict[str, str]:
    return {
        "pictures": _("Photographs"),
        "pictures_help": _(
            "Show the room, not people. The phone makes the pictures small; where they were taken is left out."
        ),
        "add_pictures": _("Add photographs"),
        "keep_place": _("Keep the place where they are taken"),
        "preparing": _("Preparing photograph {n} of {all}…"),
        "pictures_kept": _("Kept on this phone."),
        "remove": _("Remove"),
        "picture_broken": _(
            "The photograph “{name}” is damaged: a part of it is missing. Take it again. Nothing else was lost."
        ),
        "picture_no_picture": _(
            "“{name}” is not a photograph that can be read. Choose a JPEG, PNG, WebP or HEIC picture."
        ),
        "picture_heic_large": _(
            "“{name}” is a HEIC photograph too large for this browser. On the iPhone choose Settings, Camera, Formats, “Most"
            " compatible”, and take it again."
        ),
        "picture_not_saved": _("“{name}” could not be kept: the phone has no room left. Free some, then add it again."),
    }


def _state() -> dict[str, str]:
    return {
        "state_none": _("not yet seen"),
        "state_draft": _("begun"),
        "state_waiting": _("waits to be sent"),
        "state_sent": _("sent"),
        "state_elsewhere": _("seen by another phone"),
        "state_conflict": _("two versions"),
        "state_refused": _("not taken"),
        "rooms_sent": _("{sent} of {all} rooms sent."),
        "pictures_sent": _("{sent} of {all} photographs sent."),
        "all_sent": _("Everything is sent."),
        "offline": _("No connection: everything is kept on this phone and goes as soon as there is one."),
        "signed_out": _("You are signed out: everything is kept on this phone. Sign in to send it."),
        "sign_in": _("Sign in"),
        "sign_in_first": _("Sign in first. What this phone keeps is not lost."),
        "some_refused": _("Not taken by the server: {n}. Open them to see why."),
        "of_others": _(
            "Another user has {n} records on this phone that are not sent. They go when that user signs in here."
        ),
        "not_saved": _("This phone has no room left: the last change is not kept. Free some, then save again."),
        "no_storage": _("This browser keeps nothing (private window?). Open the page in an ordinary window."),
    }


def _faults() -> dict[str, str]:
    return {
        "fault_condition": _("Say how the room is: choose one of the four pictures."),
        "fault_number": _("Give the number on the door."),
        "fault_purpose": _("Say what the room is for."),
    }
