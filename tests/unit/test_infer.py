"""From votes to the original, and how sure."""

from __future__ import annotations

from dataclasses import replace

import pytest
from builders import camera, digest, subject
from hypothesis import given
from hypothesis import strategies as st

from indexer.model import Confidence, Damage, Kind, Tags
from indexer.originals.habits import habits_of
from indexer.originals.infer import judge

EXIF = {"IFD0:Make": "Apple", "IFD0:Model": "iPhone X", "File:EncodingProcess": "0"}
EXPORT = {"JFIF:JFIFVersion": "1 1", **EXIF, "Photoshop:IPTCDigest": "00"}
TILED = {"Meta:PrimaryItemReference": "49", "QuickTime:CompatibleBrands": "mif1; heic"}
ONE_PIECE = {"Meta:PrimaryItemReference": "1", "QuickTime:CompatibleBrands": "mif1; heic"}
PHONE_FILM = {"Keys:Model": "iPhone X", "Track3:MetaFormat": "mebx"}


def tags(
    structure: dict[str, str], *, notes: bool = True, time: str = "2019:07:24 11:25:41", **changes
) -> Tags:
    made = camera(time=None, model="iPhone X", software="12.3", has_maker_note=notes, **changes)
    taken = {"ExifIFD:DateTimeOriginal": time}
    return replace(made, all={**structure, **taken, **made.all})


def won(*subjects) -> tuple[str, Confidence]:
    """Who wins and how sure; the answer may not depend on the order."""
    judgement, other = judge(subjects), judge(subjects[::-1])
    assert other.original is judgement.original
    return judgement.original.fact.name.decode(), judgement.confidence


HEIC = subject("IMG_1.HEIC", camera(has_maker_note=True, fraction="482", offset="+02:00"))
JPEG = subject("IMG_1.JPG", file=2)
SURE, LIKELY, AMBIGUOUS = Confidence.SURE, Confidence.LIKELY, Confidence.AMBIGUOUS


# --- the answers that must come out ------------------------------------------------------


@pytest.mark.parametrize("notes", [True, False], ids=["with notes", "without"])
def test_the_phones_heic_wins_over_the_larger_jpeg_made_of_it(notes):
    heic = subject("IMG_1.HEIC", tags(TILED), size=1_500_000, mtime_ns=9)
    export = subject("IMG_1.JPG", tags(EXPORT, notes=notes), file=2, size=9_000_000, mtime_ns=1)

    assert won(heic, export) == ("IMG_1.HEIC", SURE)


def test_a_compatible_jpeg_wins_over_the_heic_that_a_converter_made_of_it():
    jpeg = subject("IMG_1.JPG", tags(EXIF), size=9_000_000)
    made = subject("IMG_1.HEIC", tags(ONE_PIECE), file=2, size=1_500_000)

    assert won(jpeg, made) == ("IMG_1.JPG", SURE)


def test_a_compatible_jpeg_wins_over_a_stripped_heic():
    jpeg = subject("IMG_1.JPG", tags(EXIF))

    assert won(jpeg, subject("IMG_1.HEIC", Tags(), file=2)) == ("IMG_1.JPG", SURE)


def test_neighbours_tell_a_compatible_jpeg_from_a_macs_heic():
    jpeg, made = subject("IMG_1.JPG", tags(EXIF)), subject("IMG_1.HEIC", tags(TILED), file=2)
    others = [
        subject(f"IMG_{n}.JPG", tags(EXIF, time=f"2019:07:24 11:30:{n}"), file=n)
        for n in range(10, 13)
    ]

    judgement = judge([jpeg, made], habits=habits_of([jpeg, made, *others]))
    assert (judgement.original, judgement.confidence) == (jpeg, SURE)


def test_two_formats_that_nothing_tells_apart_are_ambiguous_and_heic_is_shown():
    heic = subject("IMG_1.HEIC", tags(TILED, notes=False))
    jpeg = subject("IMG_1.JPG", tags(EXIF | {"JFIF:JFIFVersion": "1 1"}, notes=False), file=2)

    judgement = judge([jpeg, heic])
    assert judgement.confidence is AMBIGUOUS
    assert "both are kept" in judgement.why


@pytest.mark.parametrize("model", ["iPhone 6s", "iPhone SE"])
def test_the_phones_jpeg_wins_over_a_heic_it_could_not_write(model):
    made = subject("a.heic", camera(model=model, has_maker_note=True))

    assert won(made, subject("a.jpg", camera(model=model), file=2)) == ("a.jpg", SURE)


def test_the_camera_of_a_time_before_heic_wrote_the_jpeg():
    heic, jpeg = (camera("2016:03:01 10:00:00", has_maker_note=True) for _ in range(2))

    assert won(subject("a.heic", heic), subject("a.jpg", jpeg, file=2)) == ("a.jpg", SURE)


def test_a_raw_wins_over_its_companion():
    raw = subject("DSC_1.NEF", camera(make="NIKON", model="D70"), width_px=3000, height_px=2000)
    jpeg = subject("DSC_1.JPG", camera(make="NIKON", model="D70", has_maker_note=True), file=2)

    assert won(raw, jpeg) == ("DSC_1.NEF", SURE)


def test_a_raw_wins_over_all_that_was_made_of_it():
    raw = subject("DSC_1.NEF", camera(make="NIKON", model="D70"))
    made = camera(software="Adobe Photoshop", all={"IFD0:OriginalRawFileName": "DSC_1.NEF"})
    tif = subject("DSC_1-Edit.tif", replace(made, derived_from="1"), file=3, kind=Kind.PICTURE)

    assert won(raw, subject("DSC_1.dng", made, file=2), tif) == ("DSC_1.NEF", SURE)


def test_the_larger_of_two_proraws_is_the_cameras():
    dng = camera(model="iPhone 12 Pro", content_identifier="U")
    small = subject("IMG_5.DNG", dng, file=2, width_px=2443, height_px=1832)

    assert judge([small, subject("IMG_5.DNG", dng)]).original.fact.width_px == 4032


def film(name: str, codec: str, structure: dict[str, str], **changes):
    own = Tags(make="Apple" if "Keys:Model" in structure else None,
               model=structure.get("Keys:Model"), all=structure)  # fmt: skip
    return subject(name, own, codec=codec, duration_ms=10_000, **changes)


def test_an_hevc_film_wins_over_its_h264_copy():
    hevc = film("a.mov", "hevc", PHONE_FILM, size=10)
    copy = film("a.mp4", "h264", {"Keys:Model": "iPhone X"}, file=2, size=1000)

    assert won(hevc, copy) == ("a.mov", SURE)


@pytest.mark.parametrize("encoder", [{}, {"Keys:Encoder": "Lavf58"}, {"Keys:Model": "iPhone X"}])
def test_an_h264_film_wins_over_a_later_hevc_copy(encoder):
    h264 = film("a.mov", "h264", PHONE_FILM)

    assert won(h264, film("a.mp4", "hevc", encoder, file=2))[0] == "a.mov"


def test_a_phone_without_hevc_recorded_the_h264_film():
    old = {**PHONE_FILM, "Keys:Model": "iPhone 6"}

    assert won(film("a.mov", "h264", old), film("b.mov", "hevc", old, file=2)) == ("a.mov", SURE)


def test_a_remux_by_a_converter_gives_way_to_the_cameras_container():
    remux = film("a.mp4", "h264", {"Keys:Encoder": "Lavf58"}, file=2, payload=digest(9))

    assert won(film("a.mov", "h264", PHONE_FILM, payload=digest(9)), remux) == ("a.mov", SURE)


def test_a_whole_file_wins_over_a_truncated_one():
    broken = subject("a.heic", camera(has_maker_note=True), damage=Damage.TRUNCATED)

    judgement = judge([broken, JPEG])
    assert judgement.original is JPEG
    assert not judgement.is_missing


def test_an_edit_is_never_the_original_while_an_unedited_member_exists():
    edit = subject("IMG_E0001.JPG", tags(EXIF, latitude=1.0, longitude=2.0), size=9_000_000)
    poor = subject("IMG_0001.JPG", Tags(), file=2, width_px=640, height_px=480)

    judgement = judge([edit, poor])
    assert judgement.original is poor


def test_a_motion_photo_keeps_its_film():
    told = {"XMP-GCamera:MotionPhoto": "1"}
    whole = subject("PXL_1.MP.jpg", tags(told), tail=digest(5), payload=digest(9))
    cut = subject("PXL_1.jpg", tags(told), file=2, payload=digest(9))

    assert won(whole, cut) == ("PXL_1.MP.jpg", SURE)


def test_the_library_of_photos_keeps_what_was_imported():
    uuid = "D1359D09-1373-4F3B-B0E3-1A4DE573E4A3"
    kept = subject(f"{uuid}.jpeg", folder_path=b"x.photoslibrary/originals/D")

    assert judge([kept, subject("a.jpg", file=2)]).original is kept


def test_of_two_heics_the_one_that_is_laid_out_as_the_phone_does_wins():
    again = {**TILED, "QuickTime:CompatibleBrands": "heic; mif1"}
    small = subject("IMG_1.HEIC", tags(again), file=2, size=1_950_000)

    assert won(subject("IMG_1 2.HEIC", tags(TILED), size=2_530_000), small) == (
        "IMG_1 2.HEIC",
        LIKELY,
    )


def test_a_camera_file_wins_over_one_that_was_turned_without_loss():
    coded = {"File:EncodingProcess": "0", "File:YCbCrSubSampling": "2 1"}
    lying = subject("a.jpg", tags({**EXIF, **coded}), orientation=6)
    turned = tags({**EXPORT, **coded, "File:YCbCrSubSampling": "1 2"})
    upright = subject("b.jpg", turned, file=2, width_px=3024, height_px=4032, orientation=1)

    assert won(lying, upright) == ("a.jpg", SURE)


@pytest.mark.parametrize(
    "copy",
    [
        subject("IMG-20200105-WA0003.jpg", Tags(), file=2, width_px=1600, height_px=1200),
        subject("13039_327712345_9_n.jpg", Tags(all={"IPTC:SpecialInstructions": "FBMD01"}), file=2),
        subject("IMG_1.JPG", tags(EXPORT), file=2, width_px=2048, height_px=1536),
        subject("IMG_1-medium.JPG", tags(EXPORT), file=2),
        subject("IMG_1 2.HEIC", tags(TILED, exif_width=4032, exif_height=3024), file=2,
                width_px=2566, height_px=3313),
        subject("IMG_1.JPG", replace(tags(EXPORT), derived_from="xmp.did:1"), file=2,
                width_px=3000, height_px=3000),
        subject("IMG_1.webp", tags({}), file=2, kind=Kind.PICTURE, extension="webp"),
    ],
    ids=["whatsapp", "facebook", "shared album", "medium", "crop", "lightroom", "webp"],
)  # fmt: skip
def test_the_cameras_file_wins_over_what_was_made_of_it(copy):
    assert won(subject("IMG_1.HEIC", tags(TILED)), copy) == ("IMG_1.HEIC", SURE)


# --- copies of one picture data ----------------------------------------------------------


def variant(name: str, own: Tags | None = None, **changes):
    return subject(name, own, payload=digest(9), **changes)


def test_between_copies_of_one_picture_data_nothing_is_in_doubt():
    judgement = judge([variant("a.jpg"), variant("b.jpg", file=2)])

    assert judgement.confidence is SURE
    assert "same picture data" in judgement.why


def test_a_third_that_may_be_the_cameras_leaves_the_doubt():
    copies = [variant("a.jpg"), variant("b.jpg", file=2), subject("c.jpg", file=3)]

    assert judge(copies).confidence is AMBIGUOUS


def test_the_fullest_record_wins_among_copies():
    full = variant("long name.jpg", camera(fraction="48", latitude=1.0, longitude=1.0), mtime_ns=9)

    assert won(full, variant("a.jpg", file=2, mtime_ns=1)) == ("long name.jpg", SURE)


def test_windows_padding_and_ratings_do_not_make_a_copy_richer():
    untouched = variant("IMG_1 copy.JPG", mtime_ns=9)
    padded = camera(
        all={"ExifIFD:OffsetSchema": "4114", "ExifIFD:Padding": "x", "IFD0:Rating": "5"}
    )

    assert won(untouched, variant("IMG_1.JPG", padded, file=2, mtime_ns=1))[0] == "IMG_1 copy.JPG"


def test_of_equal_records_the_honest_name_wins_then_the_oldest_then_the_path():
    lying = {"kind": Kind.PICTURE, "extension": "jpg"}
    honest = variant("a long name.jpg", mtime_ns=5)

    assert won(honest, variant("a.png", file=2, mtime_ns=1, **lying))[0] == "a long name.jpg"
    assert won(honest, variant("b.jpg", file=2, mtime_ns=9))[0] == "a long name.jpg"
    assert won(honest, variant("b.jpg", file=2, mtime_ns=5))[0] == "b.jpg"


def test_age_tells_nothing_between_formats():
    old, new = (subject("a.jpg", mtime_ns=n, file=1) for n in (1, 9))
    heic = subject("a.heic", tags(TILED, notes=False), file=2, mtime_ns=5)

    assert judge([old, heic]).original is judge([new, heic]).original is heic


# --- what is missing ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "left",
    [
        subject(damage=Damage.TRUNCATED),
        subject("IMG_E4120.JPG"),
        subject("IMG-20200105-WA0003.jpg", Tags()),
        subject("DSC_1.dng", camera(all={"IFD0:OriginalRawFileName": "DSC_1.NEF"})),
        subject("a.jpg", camera(software="Adobe Photoshop Lightroom 5")),
        subject("a.mp4", Tags(all={"ItemList:Encoder": "Lavf58.29.100"})),
    ],
    ids=["truncated", "edit", "messenger", "converted", "exported", "transcode"],
)
def test_a_copy_alone_is_the_best_that_is_left(left):
    judgement = judge([left])

    assert (judgement.original, judgement.is_missing) == (left, True)
    assert "the best that is left" in judgement.why
    assert judgement.confidence is Confidence.ONLY


@pytest.mark.parametrize(
    "own", [JPEG, HEIC, subject("a.png", Tags()), subject("a.nef"), subject("a.mov", Tags())]
)
def test_an_ordinary_file_alone_is_an_original(own):
    assert not judge([own]).is_missing


def test_of_copies_alone_the_largest_is_left():
    small = subject("IMG_E0001.JPG", tags(EXIF), width_px=2048, height_px=1536)
    large = subject("IMG_1-edited.jpg", Tags(), file=2)

    judgement = judge([small, large])
    assert (judgement.original, judgement.is_missing) == (large, True)


# --- what a person chose -----------------------------------------------------------------


def test_what_a_person_chose_wins_over_all_votes():
    judgement = judge([HEIC, JPEG], chosen=JPEG)

    assert (judgement.original, judgement.confidence) == (JPEG, SURE)
    assert not judgement.is_missing
    assert judgement.why == "A person chose it."


def test_a_person_may_choose_the_film():
    clip = subject("IMG_1.MOV", file=3)

    assert judge([JPEG, clip], chosen=clip).original is clip


# --- how the outcome is told -------------------------------------------------------------


def test_a_lone_content_is_the_only_one():
    judgement = judge([JPEG])

    assert (judgement.original, judgement.confidence) == (JPEG, Confidence.ONLY)


def test_level_evidence_is_ambiguous_and_says_so():
    judgement = judge([subject("a.jpg"), subject("b.jpg", file=2)])

    assert judgement.confidence is AMBIGUOUS
    assert "both are kept" in judgement.why


def level(name: str, structure: dict[str, str], **changes):
    return subject(name, Tags(all=structure), **changes)


@pytest.mark.parametrize(
    ("better", "other"),
    [
        (
            subject("long name.jpg", width_px=4040),
            subject("b.jpg", file=2),
        ),
        (
            level("long name.jpg", {"File:JPEGQualityEstimate": "95"}),
            level("b.jpg", {"File:JPEGQualityEstimate": "92"}, file=2),
        ),
        (
            level("long name.jpg", {"XMP-dc:Subject": "Berlin", "File:JPEGQualityEstimate": "90"}),
            level("b.jpg", {"File:JPEGQualityEstimate": "92"}, file=2),
        ),
        (
            level("long name.jpg", {}),
            level("b.png", {}, file=2, kind=Kind.PICTURE, extension="png"),
        ),
    ],
    ids=["pixels", "quality", "tags before quality", "format"],
)
def test_of_what_is_level_the_better_supported_is_shown(better, other):
    assert won(other, better) == ("long name.jpg", AMBIGUOUS)


def test_a_heic_that_nobody_is_known_to_have_written_is_not_shown_first():
    own = camera(make="motorola", model="moto g", has_maker_note=True)

    assert won(subject("a.heic", own), subject("long name.jpg", own, file=2))[0] == "long name.jpg"


def test_a_single_point_makes_it_likely():
    placed = subject("b.jpg", camera(latitude=1.0, longitude=1.0), file=2)

    assert won(subject("a.jpg"), placed) == ("b.jpg", LIKELY)


def test_the_strongest_word_is_part_of_why():
    assert "HEIC" in judge([HEIC, JPEG]).why


def test_a_film_beside_a_still_does_not_stand_for_the_shot():
    assert won(JPEG, subject("IMG_1.MOV", file=3))[0] == "IMG_1.JPG"


def test_a_film_alone_is_an_original():
    assert judge([subject("a.mov")]).original.fact.name == b"a.mov"


def test_a_poster_that_a_library_made_does_not_stand_for_the_film():
    uuid, library = "D1359D09-1373-4F3B-B0E3-1A4DE573E4A3", b"x.photoslibrary"
    clip = subject(f"{uuid}.mp4", folder_path=library + b"/originals/D")
    at = library + b"/resources/derivatives/masters/D"
    poster = subject(f"{uuid}_4_5005_c.jpeg", Tags(), file=2, folder_path=at)

    judgement = judge([poster, clip])
    assert judgement.original is clip


def test_the_votes_of_all_candidates_are_kept():
    judgement = judge([HEIC, JPEG])

    assert {vote.subject.content for vote in judgement.votes} == {1, 2}


# --- properties --------------------------------------------------------------------------


@st.composite
def shots(draw):
    """A handful of pictures of one shot, of any evidence."""
    structures = st.sampled_from([EXIF, EXPORT, TILED, ONE_PIECE, {}])
    made = []
    for number in range(1, draw(st.integers(2, 5)) + 1):
        own = tags(
            draw(structures),
            notes=draw(st.booleans()),
            latitude=draw(st.sampled_from([None, 1.0])),
        )
        ending = draw(st.sampled_from(["jpg", "heic", "dng", "mov"]))
        scale = draw(st.sampled_from([1, 2]))
        row = {
            "width_px": 4032 // scale,
            "height_px": 3024 // scale,
            "damage": draw(st.sampled_from([None, None, None, Damage.TRUNCATED])),
            "payload": draw(st.sampled_from([None, digest(90), digest(91)])),
        }
        made.append((ending, own, {**row, "file": number}))
    return made


def built(shot, name=lambda number: f"IMG_{number}", **changes):
    return [
        subject(f"{name(row['file'])}.{ending}", own, **{**row, **changes})
        for ending, own, row in shot
    ]


@given(shots(), st.randoms())
def test_the_order_of_members_decides_nothing(shot, random):
    members = built(shot)
    mixed = random.sample(members, len(members))

    one, other = judge(members), judge(mixed)
    assert (one.original, one.confidence, one.why) == (other.original, other.confidence, other.why)


@given(shots(), st.integers(1, 10**9))
def test_bytes_decide_nothing(shot, size):
    small, large = built(shot, size=1), built(shot, size=size)

    assert judge(small).original.content == judge(large).original.content


@given(shots())
def test_names_decide_only_between_equals(shot):
    one = judge(built(shot))
    other = judge(built(shot, name=lambda number: f"DSC0{9 - number}{'x' * number}"))

    assert one.confidence == other.confidence
    if one.original.content != other.original.content:
        standing = {
            s.content: sum(v.points for v in one.votes if v.subject is s)
            for s in (v.subject for v in one.votes)
        }
        loser = next((s for s in standing if s == other.original.content), None)
        assert standing.get(one.original.content) == standing.get(loser)


@given(shots())
def test_no_damaged_file_wins_over_a_whole_one(shot):
    members = built(shot)
    stills = [s for s in members if s.is_still] or members

    if any(s.fact.damage is None for s in stills):
        assert judge(members).original.fact.damage is None
