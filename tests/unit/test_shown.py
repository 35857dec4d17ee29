"""What a member shows beside the others: turned, mirrored, without colours, a part."""

from __future__ import annotations

import pytest
from builders import camera, look, looks, picture, subject
from PIL import Image, ImageOps

from indexer.grouping.looks import UNSEEN
from indexer.model import Tags
from indexer.originals.infer import judge
from indexer.originals.rules import ballot
from indexer.perceptual.image_hash import fingerprint

MIRROR, QUARTER = Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_90
A, B, C = (subject(f"{name}.jpg", file=number) for number, name in enumerate("abc", 1))


def rules(one, seen) -> set[str]:
    members = [A, B, C] if seen is UNSEEN else [A, B, C][: len(seen.fingerprints)]
    return {vote.rule for vote in ballot(members, seen=seen)[one.content]}


def grey() -> Image.Image:
    return ImageOps.grayscale(picture(1)).convert("RGB")


@pytest.mark.parametrize(("turn", "rule"), [(MIRROR, "mirrored"), (QUARTER, "shown-turned")])
@pytest.mark.parametrize("odd", [A, B, C], ids="abc")
def test_the_way_that_most_show_is_the_right_one(turn, rule, odd):
    seen = looks(*((s, look(1, turn=turn if s is odd else None)) for s in (A, B, C)))

    assert rules(odd, seen) == {rule}
    assert all(rules(other, seen) == set() for other in (A, B, C) if other is not odd)


def test_of_two_nobody_knows_which_is_mirrored():
    seen = looks((A, look(1)), (B, look(1, turn=MIRROR)))

    assert rules(A, seen) == rules(B, seen) == set()


def test_the_mirrored_one_is_not_the_original():
    short = subject("m.jpg", file=4)
    seen = looks((short, look(1, turn=MIRROR)), *((s, look(1)) for s in (A, B, C)))

    assert judge([short, A, B, C], seen=seen).original is not short
    assert judge([short, A, B, C]).original is A


def test_colours_that_are_lost_do_not_come_back():
    seen = looks((A, look(1)), (B, fingerprint(grey())))

    assert rules(B, seen) == {"colours-lost"}
    assert rules(A, seen) == set()


def test_a_grey_shot_lost_nothing():
    seen = looks((A, fingerprint(grey())), (B, fingerprint(grey())))

    assert rules(A, seen) == rules(B, seen) == set()


def test_colours_that_a_program_gave_to_an_old_print_tell_nothing():
    scan, coloured = subject("a.jpg", Tags()), subject("b.jpg", Tags(), file=2)
    seen = looks((scan, fingerprint(grey())), (coloured, look(1)))

    assert ballot([scan, coloured], seen=seen)[scan.content] == ()


def test_fewer_pixels_in_another_shape_are_a_part():
    cut = subject("b.jpg", file=2, width_px=3900, height_px=2600)
    seen = looks((A, look(1)), (cut, look(1, 0.01)))

    cast = ballot([A, cut], seen=seen)
    assert [vote.rule for vote in cast[cut.content]] == ["cropped"]
    assert cast[A.content] == ()


def test_what_looks_otherwise_is_not_called_a_part():
    other = subject("b.jpg", file=2, width_px=3900, height_px=2600)

    assert ballot([A, other], seen=looks((A, look(1)), (other, look(2))))[other.content] == ()


def test_what_nobody_looked_at_tells_nothing():
    assert rules(A, UNSEEN) == set()


# --- turned, as the tags tell -----------------------------------------------------------------


def turned(one, *others) -> bool:
    return any(vote.rule == "turned" for vote in ballot([one, *others])[one.content])


def test_sides_that_are_exchanged_beside_those_that_the_camera_told_were_turned():
    told = camera(exif_width=4032, exif_height=3024)
    upright = subject("b.jpg", told, file=2, width_px=3024, height_px=4032, orientation=6)

    assert turned(upright, subject("a.jpg", told, orientation=1))
    assert not turned(subject("a.jpg", told, orientation=1), upright)


def test_a_copy_that_a_program_laid_on_its_side_does_not_speak_against_the_others():
    first = {"File:EncodingProcess": "0", "JFIF:JFIFVersion": "1 1"}
    jfif = camera(time=None, all={**first, "ExifIFD:DateTimeOriginal": "2019:07:14 16:02:11"})
    laid = subject("b.jpg", jfif, file=2, width_px=3024, height_px=4032, orientation=6)
    nameless = subject("c.jpg", Tags(), file=3, width_px=3024, height_px=4032, orientation=6)

    assert not turned(A, laid)
    assert not turned(subject("a.jpg", Tags()), nameless)
