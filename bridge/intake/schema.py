"""The bot builder's contract in one place: what may be sent, and what the core makes of it."""

from bridge.intake.shapes import HandoffRequest, MessagesRequest, PatchRequest, WithdrawRequest
from bridge.intake.translate import Accepted, merge_patch, to_context, to_turns

__all__ = [
    "Accepted",
    "HandoffRequest",
    "MessagesRequest",
    "PatchRequest",
    "WithdrawRequest",
    "merge_patch",
    "to_context",
    "to_turns",
]
