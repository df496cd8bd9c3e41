"""What the open pages of a conversation's two people are told."""

from app.events.pending import Event
from app.events.service import announce, announce_unread, count_unread_by
from app.messaging.models import Conversation, Message
from app.messaging.schemas import MessageOut

count_unread_by("messages", "SELECT sum(unread) FROM conversation_participants mine WHERE mine.user_id = news.user_id AND mine.unread > 0")


def posted(message: Message, conversation: Conversation) -> None:
    """A new message, as the conversation shows it; to its writer's other pages too."""
    shown = MessageOut.of(message, conversation.participants).model_dump(mode="json")
    announce(Event(side.user_id, "message", shown) for side in conversation.participants)
    for side in conversation.participants:
        if side.user_id != message.sender_id:
            announce_unread(side.user_id)


def read(conversation: Conversation, user_id: int, up_to: int) -> None:
    """`user_id` has seen everything up to the message `up_to`: the writer sees the receipt, the reader's other pages follow."""
    mark = {"conversation": conversation.id, "user_id": user_id, "up_to": up_to}
    announce(Event(side.user_id, "conversation_read", mark) for side in conversation.participants)
    announce_unread(user_id)
