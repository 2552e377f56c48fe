"""What must not be read in a chat, a log or a mail is replaced by a short label."""

from bridge.handoffs.redaction.masking import mask, mask_document

__all__ = ["mask", "mask_document"]
