"""What a person wants to be told, and by which channel: defaults, and the choices that differ from them.

Every channel that a type has is on until somebody turns it off; one that it has not cannot be turned on, since nothing would ever come.
Whoever tells people something asks `wants` at the moment of telling. What concerns the security of an account (confirming an address, a
new password) is no notification type: those mails always go out, and so does a receipt.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, any_, delete, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Mapped, mapped_column

from app.core.problems import Invalid
from app.extensions import Model, db
from app.notifications.models import NotificationType


class Channel(StrEnum):
    """In the application, a mail at once, or a line of the daily mail."""

    IN_APP = "in_app"
    MAIL = "mail"
    DIGEST = "digest"


Choices = dict[NotificationType, dict[Channel, bool]]

_MAILED = {
    NotificationType.APPLICATION_RECEIVED,
    NotificationType.APPLICATION_STATUS_CHANGED,
    NotificationType.INTERVIEW_SCHEDULED,
    NotificationType.INTERVIEW_REMINDER,
    NotificationType.PAYMENT_SUCCEEDED,
    NotificationType.RESUME_READY,
}
_DIGESTED = {NotificationType.JOB_MATCH}

DEFAULTS: Choices = {kind: {Channel.IN_APP: True, Channel.MAIL: kind in _MAILED, Channel.DIGEST: kind in _DIGESTED} for kind in NotificationType}
# The mail of a payment is its receipt, which a buyer is owed.
ALWAYS = frozenset({(NotificationType.PAYMENT_SUCCEEDED, Channel.MAIL)})


class NotificationPreference(Model):
    """One choice that differs from the default."""

    __tablename__ = "notification_preferences"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    type: Mapped[NotificationType] = mapped_column(db.String(32), primary_key=True)
    channel: Mapped[Channel] = mapped_column(db.String(16), primary_key=True)
    enabled: Mapped[bool]


def wants(person_ids: Collection[int], type: NotificationType, channel: Channel) -> set[int]:
    """Those of `person_ids` who want to hear of `type` by `channel`. One query, however many they are."""
    people = set(person_ids) if DEFAULTS[type][channel] else set()
    if not people or (type, channel) in ALWAYS:
        return people
    among = NotificationPreference.user_id == any_(literal(sorted(people), ARRAY(BigInteger)))
    turned_off = (NotificationPreference.type == type, NotificationPreference.channel == channel, ~NotificationPreference.enabled)
    return people - set(db.session.scalars(select(NotificationPreference.user_id).where(among, *turned_off)))


def list_channels() -> dict[NotificationType, list[Channel]]:
    """The channels that each type has."""
    return {kind: [channel for channel, is_offered in channels.items() if is_offered] for kind, channels in DEFAULTS.items()}


def get_preferences(user_id: int) -> Choices:
    """Every type and channel, as this person has it."""
    choices = {kind: dict(channels) for kind, channels in DEFAULTS.items()}
    turned_off = select(NotificationPreference).where(NotificationPreference.user_id == user_id, ~NotificationPreference.enabled)
    for row in db.session.scalars(turned_off):
        choices[NotificationType(row.type)][Channel(row.channel)] = False
    return choices


def set_preferences(user_id: int, changes: Mapping[NotificationType, Mapping[Channel, bool]]) -> None:
    """Change what is named, leave the rest. Raises Invalid for what cannot be turned off, or on, and changes nothing then."""
    named = {(kind, channel): enabled for kind, channels in changes.items() for channel, enabled in channels.items()}
    refused = {place: "This cannot be turned off." for place in ALWAYS if named.get(place) is False}
    refused |= {
        (kind, channel): "There is nothing of this kind." for (kind, channel), enabled in named.items() if enabled and not DEFAULTS[kind][channel]
    }
    if refused:
        raise Invalid({f"preferences.{kind}.{channel}": reason for (kind, channel), reason in sorted(refused.items())})
    # Sorted, so that two requests of one person lock the rows in the same order.
    for (kind, channel), enabled in sorted(named.items()):
        _set(user_id, kind, channel, enabled=enabled)


def _set(user_id: int, kind: NotificationType, channel: Channel, *, enabled: bool) -> None:
    place = {"user_id": user_id, "type": kind, "channel": channel}
    if enabled == DEFAULTS[kind][channel]:
        db.session.execute(delete(NotificationPreference).filter_by(**place))
    else:
        chosen = insert(NotificationPreference).values(**place, enabled=enabled)
        key = (NotificationPreference.user_id, NotificationPreference.type, NotificationPreference.channel)
        db.session.execute(chosen.on_conflict_do_update(index_elements=key, set_={"enabled": enabled}))
