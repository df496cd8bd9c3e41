"""`/chats/conversations/`: conversations of the signed-in user, and the files in them."""

from apiflask import APIBlueprint
from flask import Response, g

from app.core.auth import current_actor, require
from app.core.contract import accepts, answers_also, queries, returns, returns_file
from app.core.cursors import CursorQuery, next_link
from app.core.idempotency import idempotent, remember
from app.core.pagination import Page, page, page_of
from app.core.rates import counts_created, rate_limit
from app.core.storage import send
from app.core.unit_of_work import unit_of_work
from app.core.uploads import read_attachment
from app.messaging import service
from app.messaging.models import Conversation
from app.messaging.schemas import ConversationOpen, ConversationOut, ConversationQuery, MessageOut, MessagePage, MessagePost, ReadMark
from app.notifications.schemas import Count

blp = APIBlueprint("messaging", __name__, tag="Messages")
ConversationPage = page_of(ConversationOut)


@blp.get("/chats/conversations/")
@require()
@queries(ConversationQuery)
@returns(ConversationPage)
def list_conversations(query: ConversationQuery) -> Page[ConversationOut]:
    """Your conversations, the latest message first."""
    actor = current_actor()
    conversations, total = service.list_conversations(actor.id, limit=query.limit, offset=query.offset)
    latest = service.last_messages(conversations)

    def to_out(found: Conversation) -> ConversationOut:
        return ConversationOut.of(found, viewer_id=actor.id, last_message=latest.get(found.id))

    return page(ConversationPage, conversations, total, query, to_out)


def _counts_opened_or_sent(response: Response) -> bool:
    """A message in a conversation that was there already answers 200, and is a message all the same."""
    return counts_created(response) or g.get("message_was_sent", False)


@blp.post("/chats/conversations/")
@require()
@idempotent
@rate_limit("MESSAGE_SEND_RATE", counts=_counts_opened_or_sent, shared=True)
@accepts(ConversationOpen)
@returns(ConversationOut, 201)
@answers_also(200, "The pair has one already.", ConversationOut)
def open_conversation(data: ConversationOpen) -> Response:
    """Open a conversation with the other side of an application: 201, or 200 when the pair has one about this job."""
    actor = current_actor()
    with unit_of_work():
        if data.application_id is not None:
            opened = service.open_about_application(actor, data.application_id)
        else:
            opened = service.open_with_partner(actor, data.partner_id or 0, data.job_id)
        if data.message:
            service.post_message(actor, opened.conversation, data.message)
        answer = remember(_out(opened.conversation, actor.id), 201 if opened.is_new else 200)
    g.message_was_sent = bool(data.message)
    return answer


@blp.get("/chats/conversations/<int:conversation_id>/")
@require()
@returns(ConversationOut)
def get_conversation(conversation_id: int) -> ConversationOut:
    """One of your conversations."""
    user_id = current_actor().id
    return _out(service.get_conversation(user_id, conversation_id), user_id)


@blp.delete("/chats/conversations/<int:conversation_id>/")
@require()
@returns(None)
def hide_conversation(conversation_id: int) -> None:
    """Take a conversation off your own list until the next message; the other side keeps it."""
    user_id = current_actor().id
    with unit_of_work():
        service.hide(user_id, service.get_conversation(user_id, conversation_id))


@blp.get("/chats/conversations/<int:conversation_id>/messages/")
@require()
@queries(CursorQuery)
@returns(MessagePage)
def list_messages(conversation_id: int, query: CursorQuery) -> MessagePage:
    """The messages, newest first; `next` carries a cursor."""
    conversation = service.get_conversation(current_actor().id, conversation_id)
    rows = service.list_messages(conversation, before_id=query.before_id, limit=query.limit, offset=query.offset)
    shown = rows[: query.limit]
    following = next_link(query.limit, shown[-1].id) if len(rows) > query.limit else None
    return MessagePage(next=following, previous=None, results=[MessageOut.of(row, conversation.participants) for row in shown])


@blp.post("/chats/conversations/<int:conversation_id>/messages/")
@require()
@idempotent
@rate_limit("MESSAGE_SEND_RATE", counts=_counts_opened_or_sent, shared=True)
@accepts(MessagePost, multipart=True)
@returns(MessageOut, 201)
def post_message(conversation_id: int, data: MessagePost) -> Response:
    """Write to the other side: 1 to 5000 characters, a file, or both. Sent again under its `Idempotency-Key`, it is one message."""
    actor = current_actor()
    attachment = read_attachment(data.attachment) if data.attachment else None
    with unit_of_work():
        conversation = service.get_conversation(actor.id, conversation_id)
        return remember(MessageOut.of(service.post_message(actor, conversation, data.text, attachment), conversation.participants), 201)


@blp.post("/chats/conversations/<int:conversation_id>/read/")
@require()
@accepts(ReadMark)
@returns(ConversationOut)
def mark_read(conversation_id: int, data: ReadMark) -> ConversationOut:
    """You have seen everything in this conversation, or everything up to a message; the other side sees it by `is_read`."""
    user_id = current_actor().id
    with unit_of_work():
        conversation = service.get_conversation(user_id, conversation_id)
        service.mark_read(user_id, conversation, data.up_to)
        return _out(conversation, user_id)


@blp.get("/chats/unread-count/")
@require()
@returns(Count)
def unread_count() -> Count:
    """How many messages to you are unread, over all conversations."""
    return Count(count=service.count_unread(current_actor().id))


@blp.get("/media/message/<int:message_id>/")
@require()
@returns_file("*/*")
def get_attachment(message_id: int) -> Response:
    """The file that came with a message of one of your conversations."""
    return send(service.get_attachment(current_actor().id, message_id))


def _out(conversation: Conversation, viewer_id: int) -> ConversationOut:
    latest = service.last_messages([conversation]).get(conversation.id)
    return ConversationOut.of(conversation, viewer_id=viewer_id, last_message=latest)
