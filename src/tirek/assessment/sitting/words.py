"""What the pupils' page says, in all its languages at once: it has to be able to say it without a connection."""

from __future__ import annotations

from django.utils import translation
from django.utils.translation import gettext as _

LANGUAGES = ("kk", "ru", "en")


def all_words() -> dict[str, dict[str, str]]:
    found = {}
    for language in LANGUAGES:
        with translation.override(language):
            found[language] = _entry() | _task() | _state() | _end() | _faults()
    return found


def _entry() -> dict[str, str]:
    return {
        "page": _("Test"),
        "language": _("Language"),
        "enter": _("Enter your code"),
        "code": _("Code"),
        "code_help": _(
            "Nine letters and digits from your slip, for example K7M-4PX-2AH. Capital or small does not matter."
        ),
        "go_on": _("Continue"),
        "is_it_you": _("Is this you?"),
        "initials": _("Initials"),
        "class": _("Class"),
        "number": _("Number on the list"),
        "test": _("Test"),
        "n_items": _("Tasks of the test"),
        "minutes": _("Minutes"),
        "yes_begin": _("Yes, begin"),
        "yes_go_on": _("Yes, go on"),
        "not_me": _("No, this is not me"),
        "time_runs": _("The time begins when you press the button."),
        "wait": _("One moment…"),
    }


def _task() -> dict[str, str]:
    return {
        "task_of": _("Task {n} of {total}"),
        "tasks": _("Tasks of the test"),
        "task": _("Task {n}"),
        "answered": _("answered"),
        "not_answered": _("not answered"),
        "marked": _("marked"),
        "choose_one": _("Choose one answer"),
        "choose_several": _("Choose all right answers"),
        "your_number": _("Your answer: a number"),
        "your_word": _("Your answer: a word or a few"),
        "your_text": _("Your answer"),
        "clear": _("Clear the answer"),
        "mark": _("Mark to look at again"),
        "unmark": _("Take the mark away"),
        "back": _("Back"),
        "next": _("Next"),
        "to_end": _("To the end"),
    }


def _state() -> dict[str, str]:
    return {
        "sent": _("Saved and sent"),
        "saved_here": _("Saved here, being sent…"),
        "offline": _("No connection. Everything is saved here and will be sent by itself."),
        "not_saved": _("This browser cannot keep answers. Stay connected and call the supervisor."),
        "time_left": _("Time left: {minutes} min"),
        "seconds_left": _("Time left: {seconds} s"),
        "more_time": _("You have been given more time."),
    }


def _end() -> dict[str, str]:
    return {
        "end": _("Have you finished?"),
        "all_answered": _("You have answered all tasks."),
        "n_open": _("Tasks without an answer:"),
        "n_marked": _("Tasks that you marked:"),
        "hand_in_note": _("After handing in you cannot change anything."),
        "hand_in": _("Hand in"),
        "back_to_tasks": _("Back to the tasks"),
        "handed_in": _("Your answers are handed in. Thank you!"),
        "time_over": _("The time is over. Your answers are handed in."),
        "closed_for_you": _("The supervisor has closed the sitting. Your answers are handed in."),
        "to_be_sent": _(
            "There is no connection. Leave this page open: your answers will be sent as soon as the connection is back."
        ),
        "all_sent": _("All answers have arrived."),
        "some_late": _("Some answers came too late and were not taken. Tell the supervisor."),
        "next_pupil": _("Next pupil"),
    }


def _faults() -> dict[str, str]:
    return {
        "no_code": _("This is not a whole code. Look at the slip again: a sign may be missing or wrong."),
        "unknown_code": _("No seat has this code. Look at the slip again."),
        "too_often": _("Too many wrong codes. Wait ten minutes."),
        "closed": _("This sitting is closed."),
        "too_early": _("This sitting has not begun yet."),
        "absent": _("This seat is marked absent. Ask the supervisor."),
        "done": _("This seat has been handed in."),
        "in_use": _("This seat is open at another device. Ask the supervisor for leave to go on here."),
        "lost_seat": _(
            "Your seat is now open at another device, so nothing more is taken from this one. Ask the supervisor."
        ),
        "over": _("The time is over."),
        "no_connection": _("There is no connection. To begin, you need one. Try again."),
        "something": _("Something went wrong. Try again, or ask the supervisor."),
    }
