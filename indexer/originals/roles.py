"""What each member of a shot is to its original, with a sentence.

Pure. Which member is the original is infer.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from indexer.grouping.looks import UNSEEN
from indexer.grouping.names import Mark
from indexer.grouping.size import has_clearly_fewer_pixels, is_smaller
from indexer.model import Kind, Role
from indexer.originals.software import Software, kind_of, programs_of

if TYPE_CHECKING:
    from indexer.grouping.looks import Looks
    from indexer.grouping.subject import Subject

# Encoders and lost profiles leave up to 2.0 of 255, rarely 4 (perceptual/distance.py); an edit
# that is called re-encoded could be offered as superfluous, so the doubt is the edit's.
_CHANGED: Final = 2.5
# Between the better and the worse way of fitting colours: a picture that lost them can't give
# them back.
_LOST_COLOURS: Final = 4.0
# Difference as it is seen; encoders leave up to 2.6, a lost wide-gamut profile some 5.
_REPAINTED: Final = 8.0
_CUT: Final = 0.02  # of a film's length; transcodes lose a frame or two
_CUT_MS: Final = 1000
_DRAWN_IN: Final = 10.0  # the residual of the worst part: words, frames, stickers


def role_of(subject: Subject, original: Subject, looks: Looks = UNSEEN) -> tuple[Role, str]:
    """What a subject is to the original, and a sentence."""
    if subject.is_edit and not original.is_edit:
        return Role.EDIT, "Its name or place says that a person changed the picture."
    if subject.fact.payload and subject.fact.payload == original.fact.payload:
        return Role.SAME_PAYLOAD, "Its picture data equals the original's; its metadata differs."
    if not subject.is_still and original.is_still:
        return Role.LIVE_VIDEO, "It is the moving half of the original, a Live or motion photo."
    if subject.is_preview:
        return (
            Role.PREVIEW,
            "Its name or place says that it was made smaller, for a screen or mail.",
        )
    if subject.is_still and not original.is_still:
        return Role.PREVIEW, "It is a picture out of the film."
    if original.fact.kind is Kind.RAW and _is_companion(subject):
        return Role.RAW_COMPANION, "The camera wrote it beside its RAW."
    if Mark.BACK in subject.marks:
        return Role.RAW_COMPANION, "It is the back of the print, scanned with it."
    if not subject.is_still and _is_cut(subject, original):
        return Role.EDIT, "It shows only a part of the recording."
    change = _change(subject, original, looks)
    if change:
        return Role.EDIT, change
    if is_smaller(subject, original):
        return Role.RESIZED, "It shows the same shot with fewer pixels."
    if has_clearly_fewer_pixels(subject, original) and looks.same(subject, original):
        return (
            Role.RESIZED,
            "It shows the same shot with fewer pixels, squeezed into another shape.",
        )
    return Role.REENCODED, "It shows the same shot in another compression or format."


def _is_companion(subject: Subject) -> bool:
    """Whether a camera may have written it beside a RAW, rather than a program from it."""
    if subject.fact.kind is Kind.RAW or not subject.camera or subject.tags.derived_from:
        return False
    kinds = {kind_of(program, subject.tags.make) for program in programs_of(subject.tags)}
    return Software.EDITOR not in kinds


def _is_cut(subject: Subject, original: Subject) -> bool:
    one, other = subject.fact.duration_ms, original.fact.duration_ms
    return bool(one and other) and (other or 0) - (one or 0) > max(_CUT_MS, _CUT * (other or 0))


def _change(subject: Subject, original: Subject, looks: Looks) -> str | None:
    """A sentence about how the picture was changed on purpose; None: not visibly."""
    if not (subject.is_still and original.is_still):
        return None
    look = looks.weak(subject, original)
    if look is None:
        turn = looks.turned(subject, original)
        if turn:
            return f"It shows the original {turn}."
        is_cut = looks.knows(subject) and looks.knows(original)
        return "It shows only a part of the original, or something else." if is_cut else None
    if look.reverse - look.residual > _LOST_COLOURS:
        return "It lost the original's colours."
    if look.residual > _CHANGED or look.peak > _DRAWN_IN or look.change > _REPAINTED:
        return "Its colours or parts of it were changed: it looks different from the original."
    return None
