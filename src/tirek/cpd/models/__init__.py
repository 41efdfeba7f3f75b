"""What is kept of teachers' growth, by subject."""

from tirek.cpd.models.certificates import Certificate
from tirek.cpd.models.certification import (
    OPEN_STATES,
    TARGETS,
    Appeal,
    Application,
    ApplicationState,
    ApplicationStep,
    CategoryRecord,
    Expert,
    Review,
    Window,
)
from tirek.cpd.models.cohorts import (
    ACTIVE,
    COUNTS,
    Attendance,
    Cohort,
    CohortState,
    Participation,
    Score,
    Session,
    Standing,
    Step,
)
from tirek.cpd.models.courses import Audience, Course, CourseKind, Place, Provider, TeachingLanguage, Topic
from tirek.cpd.models.demands import Demand, Flag, Held

__all__ = [
    "ACTIVE", "COUNTS", "OPEN_STATES", "TARGETS", "Appeal", "Application", "ApplicationState", "ApplicationStep",
    "Attendance", "Audience", "CategoryRecord", "Certificate", "Cohort", "CohortState", "Course", "CourseKind", "Demand",
    "Expert", "Flag", "Held", "Participation", "Place", "Provider", "Review", "Score", "Session", "Standing", "Step",
    "TeachingLanguage", "Topic", "Window",
]  # fmt: skip
