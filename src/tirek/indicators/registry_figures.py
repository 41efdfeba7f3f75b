"""The first figures: what the register itself tells of schools and their pupils."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tirek.indicators.definitions import KIND, SETTLEMENT, Indicator, register

SCHOOL_KINDS = ("school", "small_school")
GOOD_MBPS = 20
REGISTER = _("The register of this installation: institutions, enrolments and employments in force on the day.")
SCHOOLS, PEOPLE, EQUIPMENT = _("Schools"), _("Pupils and teachers"), _("Connectivity")


def schools(tables):
    institutions = tables["institutions"]
    return institutions.filter(institutions.kind.isin(SCHOOL_KINDS))


def schools_with_pupils(tables):
    """A row a school, with its pupils; a school without pupils has 0."""
    enrolments = tables["enrolments"]
    pupils = enrolments.group_by("org_no").agg(learners=enrolments.learners.sum())
    found = schools(tables)
    joined = found.left_join(
        pupils.rename(pupil_org="org_no"), found.org_no == pupils.rename(pupil_org="org_no").pupil_org
    )
    return joined.mutate(pupils=joined.learners.fill_null(0))


def schools_with_pupils_and_teachers(tables):
    """A row a school, with its pupils and those of its staff who teach."""
    staff = tables["staff"]
    teaching = staff.filter(staff.teaches == 1)
    teachers = teaching.group_by("org_no").agg(teachers=teaching.people.sum()).rename(teacher_org="org_no")
    found = schools_with_pupils(tables)
    joined = found.left_join(teachers, found.org_no == teachers.teacher_org)
    return joined.mutate(teachers=joined.teachers.fill_null(0))


def one(rows):
    import ibis

    return ibis.literal(1)


def pupils(rows):
    return rows.pupils


def teachers(rows):
    return rows.teachers


def rural_pupils(rows):
    return (rows.settlement == "rural").ifelse(rows.pupils, 0)


def support_schools(rows):
    return rows.is_support_school


def pupils_of_support_schools(rows):
    return (rows.is_support_school == 1).ifelse(rows.pupils, 0)


def schools_of_known_connection(rows):
    return (rows.connectivity.fill_null("") != "").ifelse(1, 0)


def schools_well_connected(rows):
    """Fibre or satellite with at least 20 Mbit/s (GOOD_MBPS)."""
    fixed = rows.connectivity.isin(("fibre", "satellite"))
    return (fixed & (rows.speed_mbps.fill_null(0.0) >= GOOD_MBPS)).ifelse(1, 0)


FIGURES = (
    Indicator(
        code="schools.count", title=_("Number of schools"), unit=_("schools"), topic=SCHOOLS, source=REGISTER,
        method=_("Schools and small schools that were open on the day."),
        rows=schools, numerator=one,
    ),
    Indicator(
        code="schools.pupils", title=_("Number of pupils"), unit=_("pupils"), topic=PEOPLE, source=REGISTER,
        method=_("Enrolments in schools and small schools in force on the day; a pupil has one at a time."),
        rows=schools_with_pupils, numerator=pupils, persons=("numerator",),
        counts_together="pupils",
    ),
    Indicator(
        code="schools.pupils_per_school", title=_("Pupils per school"), unit=_("pupils"), topic=SCHOOLS, source=REGISTER,
        method=_("Pupils enrolled on the day, divided by the number of open schools."),
        rows=schools_with_pupils, numerator=pupils, denominator=one, decimals=1, persons=("numerator",),
        counts_together="pupils",
    ),
    Indicator(
        code="schools.rural_pupils_share", title=_("Share of pupils in rural schools"), unit="%", topic=PEOPLE,
        method=_("Pupils enrolled in schools of rural settlements, of all pupils enrolled on the day."), source=REGISTER,
        rows=schools_with_pupils, numerator=rural_pupils, denominator=pupils, scale=100, decimals=1,
        persons=("numerator", "denominator"), part_of_whole=True, dimensions=(KIND,),
        follows="pupils", splits=SETTLEMENT,
    ),
    Indicator(
        code="schools.good_internet_share", title=_("Share of schools with good Internet"), unit="%", topic=EQUIPMENT,
        method=_("Schools connected by fibre or satellite with at least 20 Mbit/s, of the schools whose connection is known."),
        source=REGISTER, rows=schools, numerator=schools_well_connected, denominator=schools_of_known_connection,
        scale=100, decimals=1, better="more",
    ),
    Indicator(
        code="schools.pupils_per_teacher", title=_("Pupils per teacher"), unit=_("pupils"), topic=PEOPLE, source=REGISTER,
        method=_("Pupils enrolled on the day, divided by the people who teach in schools on that day, whatever their rate."),
        rows=schools_with_pupils_and_teachers, numerator=pupils, denominator=teachers, decimals=1,
        persons=("numerator", "denominator"),
        follows="pupils",
    ),
    Indicator(
        code="support_schools.count", title=_("Number of support schools"), unit=_("schools"), topic=SCHOOLS,
        method=_("Schools that were support schools on the day."), source=REGISTER,
        rows=schools, numerator=support_schools,
    ),
    Indicator(
        code="support_schools.pupils", title=_("Pupils of support schools"), unit=_("pupils"), topic=PEOPLE,
        method=_("Pupils enrolled on the day in schools that were support schools on that day."), source=REGISTER,
        rows=schools_with_pupils, numerator=pupils_of_support_schools, persons=("numerator",),
        counts_together="pupils", part_of="schools.pupils",
    ),
)  # fmt: skip


def register_all() -> None:
    for indicator in FIGURES:
        register(indicator)
