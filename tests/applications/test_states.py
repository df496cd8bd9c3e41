"""Every move of an application, for every role, against the rules written down once more."""

import pytest

from app.applications.errors import IllegalTransition, InterviewClosed
from app.applications.models import ApplicationStatus, InterviewStatus
from app.applications.states import check_interview_move, check_move
from app.core.auth import Role

LEGAL = {
    (Role.RECRUITER, "PENDING"): "REVIEWING INTERVIEW_SCHEDULED OFFER_EXTENDED ACCEPTED REJECTED",
    (Role.RECRUITER, "REVIEWING"): "INTERVIEW_SCHEDULED OFFER_EXTENDED ACCEPTED REJECTED",
    (Role.RECRUITER, "INTERVIEW_SCHEDULED"): "OFFER_EXTENDED ACCEPTED REJECTED",
    (Role.RECRUITER, "OFFER_EXTENDED"): "ACCEPTED REJECTED",
    (Role.CANDIDATE, "PENDING"): "WITHDRAWN",
    (Role.CANDIDATE, "REVIEWING"): "WITHDRAWN",
    (Role.CANDIDATE, "INTERVIEW_SCHEDULED"): "WITHDRAWN",
    (Role.CANDIDATE, "OFFER_EXTENDED"): "WITHDRAWN",
}
MOVES = [(role, source, target) for role in Role for source in ApplicationStatus for target in ApplicationStatus]
INTERVIEW_LEGAL = {("SCHEDULED", "COMPLETED"), ("SCHEDULED", "CANCELLED"), ("CANCELLED", "SCHEDULED")}


@pytest.mark.parametrize(("role", "source", "target"), MOVES)
def test_a_move_is_legal_exactly_when_the_table_says_so(role: Role, source: ApplicationStatus, target: ApplicationStatus) -> None:
    legal = target.value in LEGAL.get((role, source.value), "").split()

    if legal:
        check_move(source, target, role)
    else:
        with pytest.raises(IllegalTransition):
            check_move(source, target, role)


@pytest.mark.parametrize(("source", "target"), [(source, target) for source in InterviewStatus for target in InterviewStatus])
def test_an_interview_moves_as_its_table_says(source: InterviewStatus, target: InterviewStatus) -> None:
    if (source.value, target.value) in INTERVIEW_LEGAL:
        check_interview_move(source, target)
    else:
        with pytest.raises(InterviewClosed):
            check_interview_move(source, target)
