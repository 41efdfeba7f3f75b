"""What was being done at an address, in words: the audit says this instead of the address's name."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

Words = dict[str, str | Promise]

REGISTRY: Words = {
    "search": gettext_lazy("Searching for institutions and people"),
    "registry:people": gettext_lazy("Searching for people"),
    "registry:person": gettext_lazy("Looking at a person's page"),
    "registry:person_tab": gettext_lazy("Looking at a person's page"),
    "registry:show_iin": gettext_lazy("Showing an identification number"),
    "registry:class": gettext_lazy("Looking at a class or group"),
    "registry:staff": gettext_lazy("Looking at the staff of an institution"),
    "registry:correct_person": gettext_lazy("Correcting a person's data"),
    "registry:transfer": gettext_lazy("Moving a learner to another institution"),
    "registry:leave": gettext_lazy("Ending an enrolment"),
    "registry:enrol": gettext_lazy("Enrolling a person"),
    "registry:employ": gettext_lazy("Recording an employment"),
    "registry:end_employment": gettext_lazy("Ending an employment"),
    "registry:add_guardian": gettext_lazy("Adding a guardian"),
    "registry:end_guardianship": gettext_lazy("Ending a guardianship"),
    "registry:add_pupil": gettext_lazy("Enrolling somebody new"),
    "registry:add_staff": gettext_lazy("Recording a new member of staff"),
    "registry:roll_over": gettext_lazy("Turning the school year"),
    "registry:open_institution": gettext_lazy("Opening an institution"),
    "registry:change_institution": gettext_lazy("Changing an institution's data"),
    "registry:close_institution": gettext_lazy("Closing an institution"),
    "registry:merge": gettext_lazy("Merging institutions"),
    "registry:split": gettext_lazy("Splitting an institution"),
    "registry:add_building": gettext_lazy("Adding a building"),
    "registry:change_building": gettext_lazy("Changing a building"),
    "registry:close_building": gettext_lazy("Closing a building"),
    "registry:add_room": gettext_lazy("Adding a room"),
    "registry:change_room": gettext_lazy("Changing a room"),
    "registry:close_room": gettext_lazy("Closing a room"),
}
ACCESS: Words = {
    "access:invite": gettext_lazy("Opening an account"),
    "access:give": gettext_lazy("Giving a role"),
    "access:end": gettext_lazy("Ending a role"),
    "access:act": gettext_lazy("Changing the state of an account"),
    "access:link": gettext_lazy("Making a link that sets a password"),
    "access:account_language": gettext_lazy("Choosing the language of an account"),
    "access:audit": gettext_lazy("Reading the audit of changes"),
    "access:reads": gettext_lazy("Reading the audit of looks at people"),
    "access:register_program": gettext_lazy("Registering a program"),
    "access:rotate_program": gettext_lazy("Giving a program a new secret"),
    "access:revoke_program": gettext_lazy("Ending a program's access"),
}
WORK: Words = {
    "tasks:ask": gettext_lazy("Asking institutions for something"),
    "tasks:answer": gettext_lazy("Answering a task"),
    "tasks:judge": gettext_lazy("Deciding on the answer to a task"),
    "tasks:remind": gettext_lazy("Reminding of a task"),
    "documents:download": gettext_lazy("Fetching a document"),
    "exchange:new_source": gettext_lazy("Adding a source of data"),
    "exchange:mapping": gettext_lazy("Saying what a file's columns mean"),
    "exchange:source": gettext_lazy("Handing in a file"),
    "exchange:decide": gettext_lazy("Deciding on a row of an import"),
    "exchange:act": gettext_lazy("Applying or undoing an import"),
    "exchange:export_file": gettext_lazy("Fetching an export"),
    "decisions:why": gettext_lazy("Asking why something was decided so"),
    "indicators:publish": gettext_lazy("Publishing figures"),
    "indicators:withdraw": gettext_lazy("Withdrawing figures"),
}
ASSESSMENT: Words = {
    "assessment:new": gettext_lazy("Making a test"),
    "assessment:answers": gettext_lazy("Handing in answers"),
    "assessment:template": gettext_lazy("Fetching the sheet for answers"),
    "assessment:papers": gettext_lazy("Fetching scanned papers"),
    "assessment:booklet": gettext_lazy("Looking at a booklet"),
    "assessment:booklet_pdf": gettext_lazy("Fetching a booklet for printing"),
    "assessment:school_report": gettext_lazy("Looking at a school's results"),
    "assessment:school_report_print": gettext_lazy("Printing a school's results"),
    "assessment:pupil_report": gettext_lazy("Looking at a pupil's result"),
    "assessment:pupil_report_print": gettext_lazy("Printing a pupil's result"),
    "assessment:why": gettext_lazy("Asking why a pupil has this result"),
    "assessment:research_fetch": gettext_lazy("Fetching a file for researchers"),
    "assessment:sitting": gettext_lazy("Looking at a sitting"),
    "assessment:sitting_codes": gettext_lazy("Issuing access codes"),
    "assessment:sitting_codes_paper": gettext_lazy("Printing access codes"),
    "assessment:bank_key": gettext_lazy("Looking at the key of an item"),
    "assessment:bank_edit": gettext_lazy("Changing an item of the bank"),
    "assessment:publish": gettext_lazy("Publishing results"),
    "assessment:withdraw": gettext_lazy("Withdrawing results"),
}
PAGES: Words = REGISTRY | ACCESS | WORK | ASSESSMENT
# where an address has no words of its own, the part of the site that it belongs to
PARTS: Words = {
    "registry": gettext_lazy("Working in the register"),
    "access": gettext_lazy("Working on accounts and roles"),
    "tasks": gettext_lazy("Working on tasks"),
    "documents": gettext_lazy("Working on documents"),
    "exchange": gettext_lazy("Importing or exporting"),
    "oneroster": gettext_lazy("A program asked by OneRoster"),
    "api": gettext_lazy("A program asked by the programming interface"),
    "assessment": gettext_lazy("Working on tests and results"),
    "sit": gettext_lazy("Sitting a test"),
    "indicators": gettext_lazy("Working on figures"),
    "decisions": gettext_lazy("Working on decisions"),
    "jobs": gettext_lazy("Following long work"),
    "account": gettext_lazy("Signing in, or changing one's own password"),
    "mfa": gettext_lazy("Setting up a second factor"),
    "oauth": gettext_lazy("A program fetched a token"),
}


def page_words(name: str) -> str:
    """Words for an address's name; those of its part of the site where it has none of its own."""
    if name in PAGES:
        return str(PAGES[name])
    part = name.split(":")[0] if ":" in name else name.split("_")[0]
    return str(PARTS.get(part, _("Working on a page of the site") if name else ""))


def cause_words(about: dict) -> str:
    """From what is kept beside a change: at which page, in which work or by which command it came about."""
    if about.get("url"):
        return page_words(about["url"])
    if number := about.get("import_id"):
        return _("Import %(number)s") % {"number": number}
    if number := about.get("undo_of_import"):
        return _("Undoing import %(number)s") % {"number": number}
    if number := about.get("forgotten_import"):
        return _("Forgetting import %(number)s") % {"number": number}
    if about.get("job"):
        return _("Work in the background")
    if about.get("command"):
        return _("At the server's command line")
    return ""
