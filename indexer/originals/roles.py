"""What each member of a shot is to its original, with a sentence.

Pure. Which member is the original is infer.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.grouping.size import is_smaller
from indexer.model import Kind, Role

if TYPE_CHECKING:
    from indexer.grouping.subject import Subject


def role_of(subject: Subject, original: Subject) -> tuple[Role, str]:
    """What a subject is to the original, and a sentence."""
    if subject.is_edit and not original.is_edit:
        return Role.EDIT, "Its name or place says that a person changed the picture."
    if subject.fact.payload and subject.fact.payload == original.fact.payload:
        return Role.SAME_PAYLOAD, "Its picture data equals the original's; its metadata differs."
    if not subject.is_still and original.is_still:
        return Role.LIVE_VIDEO, "It is the moving half of the original's Live Photo."
    if subject.is_preview:
        return Role.PREVIEW, "A Photos library made it for the screen."
    if original.fact.kind is Kind.RAW and subject.fact.kind is not Kind.RAW:
        return Role.RAW_COMPANION, "The camera wrote it beside its RAW."
    if is_smaller(subject, original):
        return Role.RESIZED, "It shows the same shot with fewer pixels."
    return Role.REENCODED, "It shows the same shot in another compression or format."
