"""What is kept of teachers' growth, by subject."""

from tirek.cpd.models.awards import NOMINATED_NOW, AwardKind, Nomination, NominationState, NominationStep
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
from tirek.cpd.models.lessons import (
    Author,
    Edition,
    Lesson,
    LessonKind,
    Problem,
    Rating,
    Submission,
    SubmissionState,
    Use,
)
from tirek.cpd.models.reserve import (
    Appointment,
    Candidate,
    CandidateState,
    CandidateStep,
    Commissioner,
    Competition,
    Mark,
    Meeting,
    Mentoring,
    Stage,
)
from tirek.cpd.models.resources import Licence, Resource, ResourceFlag, ResourceKind
from tirek.cpd.models.visits import Guest, GuestStanding, Visit, VisitKind, VisitState

__all__ = [
    "ACTIVE", "COUNTS", "NOMINATED_NOW", "OPEN_STATES", "TARGETS", "Appeal", "Application", "ApplicationState",
    "ApplicationStep", "Appointment", "Attendance", "Audience", "Author", "AwardKind", "Candidate", "CandidateState",
    "CandidateStep", "CategoryRecord", "Certificate", "Cohort", "CohortState", "Commissioner", "Competition",
    "Course", "CourseKind", "Demand", "Edition", "Expert", "Flag", "Guest", "GuestStanding", "Held", "Lesson",
    "LessonKind", "Licence", "Mark", "Meeting", "Mentoring", "Nomination", "NominationState", "NominationStep",
    "Participation", "Place", "Problem", "Provider", "Rating", "Resource", "ResourceFlag", "ResourceKind", "Review",
    "Score", "Session", "Stage", "Standing", "Step", "Submission", "SubmissionState", "TeachingLanguage", "Topic",
    "Use", "Visit", "VisitKind", "VisitState", "Window",
]  # fmt: skip
