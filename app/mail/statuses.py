"""When a refusal means that the address itself is no good, and not the message, the sender or the day (RFC 3463)."""

import re

_ENHANCED = re.compile(r"\b([245])\.([0-9]{1,3})\.([0-9]{1,3})\b")
# Replies to RCPT that speak of the mailbox (RFC 5321, 4.2.3): unavailable, not local, name not allowed.
_OF_MAILBOX = frozenset({550, 551, 553})


def is_dead(status: str) -> bool:
    """Whether an enhanced status says that there is no such address: 5.1.x, or that its mailbox is disabled: 5.2.1."""
    found = _ENHANCED.search(status)
    if found is None or found[1] != "5":
        return False
    subject, detail = int(found[2]), int(found[3])
    # 5.1.7 and 5.1.8 are about the sender's address.
    return (subject == 1 and detail not in {7, 8}) or (subject, detail) == (2, 1)


def refuses_address(code: int, words: str) -> bool:
    """The same of a reply to RCPT; one without an enhanced status is judged by its code. A policy (5.7.x) or a full mailbox (5.2.2) may change."""
    return is_dead(words) if _ENHANCED.search(words) else code in _OF_MAILBOX
