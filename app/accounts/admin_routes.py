"""`/admin/`: what admins do to accounts, each recorded in the audit log."""

from apiflask import APIBlueprint

from app.accounts import service
from app.accounts.schemas import Profile
from app.core.auth import Role, current_actor, require
from app.core.contract import returns
from app.core.unit_of_work import unit_of_work

blp = APIBlueprint("admin", __name__, tag="Administration")


@blp.post("/admin/recruiters/<int:user_id>/approve/")
@require(Role.ADMIN)
@returns(Profile)
def approve_recruiter(user_id: int) -> Profile:
    """Let a recruiter sign in; approving twice changes nothing."""
    with unit_of_work():
        return Profile.model_validate(service.approve_recruiter(current_actor().id, user_id))


@blp.post("/admin/users/<int:user_id>/deactivate/")
@require(Role.ADMIN)
@returns(Profile)
def deactivate(user_id: int) -> Profile:
    """Shut an account out at once: its tokens stop working."""
    with unit_of_work():
        return Profile.model_validate(service.deactivate(current_actor().id, user_id))
