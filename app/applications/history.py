"""Changes of an application's status, each written into its history in the same transaction."""

from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload

from app.accounts.models import User
from app.applications.models import Application, ApplicationEvent, ApplicationStatus
from app.applications.states import check_move
from app.core.auth import Role
from app.extensions import db


def change_status(application: Application, target: ApplicationStatus, *, actor: User) -> ApplicationEvent:
    """Move a locked application if its state and the actor's role allow it. Raises IllegalTransition."""
    source = ApplicationStatus(application.status)
    check_move(source, target, Role(actor.user_type))
    application.status = target
    return record(application, source, target, actor_id=actor.id)


def record(application: Application, source: ApplicationStatus | None, target: ApplicationStatus, *, actor_id: int | None) -> ApplicationEvent:
    """Note a change and return it, with its id."""
    event = ApplicationEvent(application_id=application.id, from_status=source, to_status=target, actor_id=actor_id)
    db.session.add(event)
    db.session.flush()
    return event


def events_of(application: Application) -> Select[ApplicationEvent]:
    """The changes of one application, with who made them."""
    query = select(ApplicationEvent).where(ApplicationEvent.application_id == application.id)
    return query.options(joinedload(ApplicationEvent.actor).lazyload(User.avatar_file))


def find_event(event_id: int) -> ApplicationEvent | None:
    """The change of that id."""
    return db.session.get(ApplicationEvent, event_id)
