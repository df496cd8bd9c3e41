"""What can go wrong with an application or an interview."""

from app.core.problems import Conflict, Invalid, NotFound


class ApplicationNotFound(NotFound):
    code, detail = "application_not_found", "There is no such application that you can see."


class InterviewNotFound(NotFound):
    code, detail = "interview_not_found", "There is no such interview that you can see."


class NoFile(NotFound):
    code, detail = "no_file", "No CV was attached, and the résumé has no PDF yet."


class UnknownJob(Invalid):
    code = "unknown_job"

    def __init__(self) -> None:
        super().__init__({"job": "There is no such job that you can see."})


class JobClosed(Invalid):
    """The posting exists but was closed: the field is at fault, so it is a 400 with its own code."""

    code = "job_closed"

    def __init__(self) -> None:
        super().__init__({"job": "This job takes no more applications."})


class DeadlinePassed(Invalid):
    code = "deadline_passed"

    def __init__(self) -> None:
        super().__init__({"job": "The deadline of this job has passed."})


class UnknownResume(Invalid):
    code = "unknown_resume"

    def __init__(self) -> None:
        super().__init__({"resume": "There is no such résumé of yours."})


class NothingToShow(Invalid):
    code = "cv_required"

    def __init__(self) -> None:
        super().__init__({"cv_file": "Attach a CV or choose a résumé: you have no primary résumé to fall back on."})


class UnknownApplication(Invalid):
    code = "unknown_application"

    def __init__(self) -> None:
        super().__init__({"application": "There is no such application for a job of yours."})


class NotYours(Invalid):
    """The other side's fields in a change."""

    code = "invalid"

    def __init__(self, fields: list[str]) -> None:
        super().__init__(dict.fromkeys(fields, "You cannot set this field."))


class AlreadyApplied(Conflict):
    code, detail = "already_applied", "You have applied for this job already."


class IllegalTransition(Conflict):
    code, detail = "illegal_transition", "The application cannot move to this status now."


class UnderReview(Conflict):
    code, detail = "under_review", "The application is being looked at and cannot be changed any more."


class InterviewExists(Conflict):
    code, detail = "interview_exists", "This application has an interview already: change that one."


class InterviewClosed(Conflict):
    code, detail = "interview_closed", "This interview is over or cancelled and cannot be changed in this way."
