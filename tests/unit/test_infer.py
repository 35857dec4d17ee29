"""From votes to the original, how sure, and what the others are to it."""

from __future__ import annotations

from builders import camera, digest, subject

from indexer.model import Confidence, Damage, Role, Tags
from indexer.originals.infer import Judgement, judge


def roles(judgement: Judgement) -> dict[bytes, Role]:
    return {s.fact.name: role for s, role, _ in judgement.roles}


HEIC = subject("IMG_1.HEIC", camera(has_maker_note=True, fraction="482", offset="+02:00"))
JPEG = subject("IMG_1.JPG", file=2)


def test_a_lone_content_is_the_only_one():
    judgement = judge([JPEG])

    assert (judgement.original, judgement.confidence) == (JPEG, Confidence.ONLY)


def test_the_phones_heic_wins_over_its_export_and_surely():
    judgement = judge([JPEG, HEIC])

    assert (judgement.original, judgement.confidence) == (HEIC, Confidence.SURE)
    assert roles(judgement) == {b"IMG_1.JPG": Role.REENCODED}


def test_the_phones_jpeg_wins_over_a_heic_it_could_not_write():
    old = {"model": "iPhone 6s"}
    judgement = judge([subject("a.heic", camera(**old)), subject("a.jpg", camera(**old), file=2)])

    assert judgement.original.fact.name == b"a.jpg"


def test_level_evidence_is_ambiguous_and_says_so():
    judgement = judge([subject("a.jpg"), subject("b.jpg", file=2)])

    assert judgement.confidence is Confidence.AMBIGUOUS
    assert "both are kept" in judgement.why


def test_the_order_of_members_decides_nothing():
    others = [subject("a.jpg"), subject("b.jpg", file=2), subject("c.jpg", file=3)]

    assert judge(others).original is judge(others[::-1]).original


def test_a_truncated_heic_loses_to_a_whole_jpeg():
    broken = subject("a.heic", camera(has_maker_note=True), damage=Damage.TRUNCATED)

    judgement = judge([broken, JPEG])
    assert judgement.original is JPEG
    assert not judgement.is_missing


def test_a_damaged_file_alone_is_the_best_that_is_left():
    judgement = judge([subject(damage=Damage.TRUNCATED)])

    assert judgement.is_missing
    assert "the best that is left" in judgement.why


def test_an_edit_alone_is_the_best_that_is_left():
    assert judge([subject("IMG_E4120.JPG")]).is_missing


def test_a_film_beside_a_still_is_its_moving_half():
    assert roles(judge([JPEG, subject("IMG_1.MOV", file=3)])) == {b"IMG_1.MOV": Role.LIVE_VIDEO}


def test_a_film_alone_is_an_original():
    assert judge([subject("a.mov")]).original.fact.name == b"a.mov"


def test_a_poster_that_a_library_made_does_not_stand_for_the_film():
    uuid, library = "D1359D09-1373-4F3B-B0E3-1A4DE573E4A3", b"x.photoslibrary"
    film = subject(f"{uuid}.mp4", folder_path=library + b"/originals/D")
    at = library + b"/resources/derivatives/masters/D"
    poster = subject(f"{uuid}_4_5005_c.jpeg", Tags(), file=2, folder_path=at)

    judgement = judge([poster, film])
    assert judgement.original is film
    assert roles(judgement) == {poster.fact.name: Role.PREVIEW}


def test_each_role_is_what_the_member_is_to_the_original():
    raw = subject("a.nef", payload=digest(9))
    others = [
        subject("a.jpg", file=2),
        subject("a_edited.jpg", file=3),
        subject("a2.nef", file=4, payload=digest(9)),
    ]

    assert roles(judge([*others, raw])) == {
        b"a.jpg": Role.RAW_COMPANION,
        b"a_edited.jpg": Role.EDIT,
        b"a2.nef": Role.SAME_PAYLOAD,
    }


def test_a_smaller_copy_is_resized():
    small = subject("IMG_1.JPG", Tags(), file=2, width_px=1024, height_px=768)

    assert roles(judge([HEIC, small])) == {b"IMG_1.JPG": Role.RESIZED}


def test_every_member_is_told_why_it_has_its_role():
    assert all(says.endswith(".") for _, _, says in judge([HEIC, JPEG]).roles)


def test_the_votes_of_all_candidates_are_kept():
    judgement = judge([HEIC, JPEG])

    assert {vote.subject.content for vote in judgement.votes} == {1, 2}
