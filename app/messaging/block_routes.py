"""`/chats/blocks/`: whom the signed-in user does not want to hear from."""

from apiflask import APIBlueprint

from app.core.auth import current_actor, require
from app.core.contract import accepts, queries, returns
from app.core.pagination import Page, page, page_of, paginate
from app.core.unit_of_work import unit_of_work
from app.messaging import blocking
from app.messaging.models import Block
from app.messaging.schemas import BlockIn, BlockOut, BlockQuery

blp = APIBlueprint("blocks", __name__, tag="Messages")
BlockPage = page_of(BlockOut)
_ORDERINGS = {"created_at": Block.created_at}


@blp.get("/chats/blocks/")
@require()
@queries(BlockQuery)
@returns(BlockPage)
def list_blocks(query: BlockQuery) -> Page[BlockOut]:
    """Whom you have blocked, the latest first. Who has blocked you is not told."""
    rows, total = paginate(blocking.listing(current_actor().id), query, orderings=_ORDERINGS, tie=Block.blocked_id)
    return page(BlockPage, rows, total, query, BlockOut.of)


@blp.post("/chats/blocks/")
@require()
@accepts(BlockIn)
@returns(None)
def block(data: BlockIn) -> None:
    """Stop messages between you and another person, both ways."""
    with unit_of_work():
        blocking.block(current_actor().id, data.user_id)


@blp.delete("/chats/blocks/<int:user_id>/")
@require()
@returns(None)
def unblock(user_id: int) -> None:
    """Take a block of yours back."""
    with unit_of_work():
        blocking.unblock(current_actor().id, user_id)
