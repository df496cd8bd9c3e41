"""What the chat routes take and give."""

import unicodedata
from datetime import datetime
from typing import Annotated, Literal

from apiflask.fields import UploadFile
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from app.accounts.schemas import UserCard
from app.core.pagination import ListQuery
from app.core.schemas import Id, InModel, OutModel, empty_is_none
from app.core.time_ids import LARGEST, time_of
from app.jobs.schemas import JobCard
from app.messaging.models import Block, Conversation, Message, Participant

# Format characters have no shape of their own: zero-width spaces and joiners, marks of direction.
_UNSEEN = {"Cc", "Cf", "Zs", "Zl", "Zp"}


def _is_seen(text: str) -> str:
    if text and all(unicodedata.category(character) in _UNSEEN for character in text):
        raise ValueError("A message needs a character that can be seen.")
    return text


Content = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5000), AfterValidator(_is_seen)]
# A form sends its empty field along with the file.
OptionalContent = Annotated[Content | None, BeforeValidator(empty_is_none)]


class ConversationQuery(ListQuery):
    """The latest message first, which is the only order."""

    ordering: Literal["-last_message_at"] | None = None


class ConversationOpen(InModel):
    """Either `application_id`, or `partner_id` with the job's id; `message` is the first message."""

    application_id: Id | None = None
    partner_id: Id | None = None
    job_id: Id | None = None
    message: OptionalContent = None

    @model_validator(mode="after")
    def _one_way(self) -> "ConversationOpen":
        if (self.application_id is None) == (self.partner_id is None):
            raise ValueError("Send either application_id, or partner_id with job_id.")
        return self


class MessagePost(InModel):
    """The text under `message` or `content`; a file may stand alone."""

    message: OptionalContent = None
    content: OptionalContent = None
    attachment: UploadFile | None = None

    @model_validator(mode="after")
    def _something(self) -> "MessagePost":
        if self.message is not None and self.content is not None:
            raise ValueError("Send the text once, as message or as content.")
        if not self.text and self.attachment is None:
            raise ValueError("A message needs 1 to 5000 characters, or an attachment.")
        return self

    @property
    def text(self) -> str:
        return self.message or self.content or ""


class MessageOut(OutModel):
    id: int
    conversation: int
    sender: UserCard
    sender_id: int
    content: str
    attachment: str | None
    is_read: bool
    created_at: datetime

    @classmethod
    def of(cls, message: Message, participants: list[Participant]) -> "MessageOut":
        """The public view; it is read when the other side has read up to it."""
        sides = {side.user_id: side for side in participants}
        others = [side for side in participants if side.user_id != message.sender_id]
        return cls(
            id=message.id,
            conversation=message.conversation_id,
            sender=UserCard.model_validate(sides[message.sender_id].user),
            sender_id=message.sender_id,
            content=message.content,
            attachment=f"/api/v1/media/message/{message.id}/" if message.attachment_id else None,
            is_read=all(side.read_up_to >= message.id for side in others),
            created_at=message.created_at,
        )


class MessagePage(OutModel):
    """Newest first; `next` carries the cursor, or is null at the end."""

    next: str | None
    previous: str | None
    results: list[MessageOut]


class ConversationOut(OutModel):
    id: int
    participants: list[UserCard]
    partner: UserCard
    job: JobCard | None
    last_message: MessageOut | None
    unread_count: int
    last_message_at: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, conversation: Conversation, *, viewer_id: int, last_message: Message | None) -> "ConversationOut":
        """The conversation as one of its two participants sees it."""
        sides = conversation.participants
        mine = next(side for side in sides if side.user_id == viewer_id)
        other = next(side for side in sides if side.user_id != viewer_id)
        return cls(
            id=conversation.id,
            participants=[UserCard.model_validate(side.user) for side in sides],
            partner=UserCard.model_validate(other.user),
            job=JobCard.of(conversation.job) if conversation.job_id else None,
            last_message=MessageOut.of(last_message, sides) if last_message else None,
            unread_count=mine.unread,
            last_message_at=time_of(conversation.last_message_id) if conversation.last_message_id else None,
            created_at=conversation.created_at,
        )


class ReadMark(InModel):
    """The last message that was seen; without it, all of them."""

    up_to: Annotated[Id, Field(le=LARGEST)] | None = None


class BlockIn(InModel):
    user_id: Id


class BlockQuery(ListQuery):
    """The latest block first, which is the only order."""

    ordering: Literal["-created_at"] | None = None


class BlockOut(OutModel):
    """Who is blocked, and since when."""

    user: UserCard
    created_at: datetime

    @classmethod
    def of(cls, block: Block) -> "BlockOut":
        """The view of the one who blocks."""
        return cls(user=UserCard.model_validate(block.blocked), created_at=block.created_at)
