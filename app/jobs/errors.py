"""What can go wrong with a posting."""

from app.core.problems import Conflict, Forbidden, NotFound


class JobNotFound(NotFound):
    code, detail = "job_not_found", "There is no such job, or it is not open to you."


class SavedJobNotFound(NotFound):
    code, detail = "saved_job_not_found", "There is no such saved job."


class IllegalMove(Conflict):
    code, detail = "illegal_transition", "The job's status does not allow this."


class JobDeleted(IllegalMove):
    code, detail = "job_deleted", "The job has been deleted. Restore it first."


class CompanyGone(IllegalMove):
    code, detail = "company_deleted", "The job's company has been deleted."


class DeadlinePassed(Conflict):
    code, detail = "deadline_passed", "The job's deadline is past. Set a later one first."


class NoCredits(Forbidden):
    code, detail = "no_credits", "You have too few posting credits left. Buy a package to publish more jobs."


class MembershipExpired(Forbidden):
    code, detail = "membership_expired", "Your membership has expired. Renew it to publish jobs."
