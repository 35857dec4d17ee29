"""What ties two contents into one shot by bytes and identifiers (ORIGINALS.md 2.1, 1 to 6 and 9)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from builders import camera, digest, fact, flat_look, look, looks, subject

from indexer.grouping.components import join
from indexer.grouping.edges import edges
from indexer.grouping.evidence import by_bytes_and_names, once
from indexer.grouping.looks import UNSEEN
from indexer.grouping.subject import preference
from indexer.model import Kind, RootRole, Tags

LIVE = "1EA799FF-8384-4BC4-87AA-139A814D9125"
OTHER_LIVE = "51F2BEF7-431A-4D31-8AC1-3284A57826AE"
UNIQUE = "7f3a91c0d2e84b56a1f09c3e5d7b2846"


def kinds(*subjects, seen=UNSEEN) -> list[str]:
    return [edge.kind for edge in once(by_bytes_and_names(subjects, seen))]


def shots(*subjects, seen=UNSEEN) -> set[frozenset[int]]:
    pairs = edges(subjects, seen)
    return {frozenset(s.content for s in group.subjects) for group in join(subjects, pairs, seen)}


def alone(*numbers: int) -> set[frozenset[int]]:
    return {frozenset({number}) for number in numbers}


# --- picture data -----------------------------------------------------------------------------


def test_equal_picture_data_is_evidence():
    assert kinds(
        subject("a.jpg", Tags(), payload=digest(9)), subject("b.jpg", file=2, payload=digest(9))
    ) == ["same-payload"]


def test_two_files_without_payload_have_nothing_in_common():
    assert kinds(subject("a.jpg", Tags()), subject("b.jpg", Tags(), file=2)) == []


def test_any_number_of_files_may_share_their_picture_data():
    crowd = [subject(f"{i}.jpg", Tags(), file=i, payload=digest(0)) for i in range(1, 60)]

    assert kinds(*crowd) == ["same-payload"] * 58


@pytest.mark.parametrize(
    ("name", "found"), [("b.jpg", []), ("a (1).jpg", ["same-payload-of-little"])]
)
def test_equal_data_of_an_empty_picture_needs_a_name_or_a_time_in_common(name, found):
    one = subject("a.jpg", Tags(), payload=digest(9))
    other = subject(name, Tags(), file=2, payload=digest(9))

    assert kinds(one, other, seen=looks((one, flat_look()), (other, flat_look()))) == found


def test_a_place_holder_of_a_few_pixels_proves_as_little():
    # Sample files keep a camera's metadata and a picture of 8 x 8.
    tiny = {"payload": digest(9), "width_px": 8, "height_px": 8}
    one = subject("Canon.jpg", camera(make="Canon", model="EOS"), **tiny)
    other = subject("Nikon.jpg", camera(make="NIKON", model="D70"), file=2, **tiny)

    assert kinds(one, other) == ["same-payload-of-little"]
    assert shots(one, other) == {frozenset({1}), frozenset({2})}


def test_two_black_frames_of_two_moments_are_two_presses():
    one = subject("IMG_1.JPG", payload=digest(9))
    other = subject("IMG_2.JPG", camera("2019:07:14 17:00:00"), file=2, payload=digest(9))

    assert shots(one, other, seen=looks((one, flat_look(0)), (other, flat_look(0)))) == alone(1, 2)


@pytest.mark.parametrize("stranger", [1, 2, 3])
def test_an_empty_picture_of_another_camera_does_not_part_two_that_agree(stranger):
    tags = {number: camera() for number in (1, 2, 3)} | {stranger: camera(model="iPhone 6")}
    three = [subject(f"{n}.jpg", tags[n], file=n, payload=digest(9)) for n in (1, 2, 3)]
    seen = looks(*((s, flat_look()) for s in three))

    assert shots(*three, seen=seen) == {frozenset({1, 2, 3} - {stranger}), frozenset({stranger})}


def test_pictures_that_decode_to_the_same_pixels_are_one():
    one = subject("a.png", Tags(), pixels=digest(9))
    other = subject("b.jpg", camera(), file=2, pixels=digest(9))

    assert kinds(one, other) == ["same-pixels"]


def test_equal_pixels_of_an_empty_picture_are_no_evidence():
    one, other = (
        subject(n, Tags(), file=i, pixels=digest(9)) for i, n in ((1, "a.png"), (2, "b.png"))
    )

    assert kinds(one, other, seen=looks((one, flat_look()), (other, flat_look()))) == []


# --- identifiers ------------------------------------------------------------------------------


def test_a_still_and_a_film_of_one_identifier_are_a_live_photo():
    still = subject("IMG_1.HEIC", camera(content_identifier=LIVE))
    film = subject("other.MOV", Tags(content_identifier=LIVE), file=2, folder=2)

    assert kinds(still, film) == ["content-identifier"]


def test_two_films_of_one_identifier_are_one_recording():
    tags = Tags(content_identifier=LIVE)

    assert kinds(subject("a.mov", tags), subject("a.mp4", tags, file=2)) == ["content-identifier"]


def test_two_stills_of_one_identifier_are_a_picture_and_its_edit():
    tags = camera(content_identifier=LIVE)

    assert kinds(subject("IMG_1.HEIC", tags), subject("b.jpg", tags, file=2)) == [
        "content-identifier"
    ]


def test_an_identifier_holds_although_a_program_wrote_another_time():
    still = subject("IMG_1.HEIC", camera(content_identifier=LIVE))
    edited = subject("b.jpg", camera("2021:01:01 10:00:00", content_identifier=LIVE), file=2)

    assert shots(still, edited) == {frozenset({1, 2})}


def test_the_halves_of_live_photos_find_each_other_under_swapped_names():
    first = subject("img(1).jpg", camera("2019:07:14 16:02:11", content_identifier=OTHER_LIVE))
    second = subject("img.jpg", camera("2019:07:14 18:30:00", content_identifier=LIVE), file=2)
    film_tags = camera(
        None, content_identifier=OTHER_LIVE, all={"Keys:CreationDate": "2019:07:14 16:02:10"}
    )
    film = subject("img.mov", film_tags, file=3, duration_ms=2900)

    assert shots(first, second, film) == {frozenset({1, 3}), frozenset({2})}


def test_another_identifier_is_no_contradiction():
    # Downloads of one asset were met with different identifiers (ORIGINALS.md 2.3, 14).
    one = subject("IMG_1.HEIC", camera(content_identifier=LIVE))
    other = subject("IMG_1.JPG", camera(content_identifier=OTHER_LIVE), file=2)

    assert shots(one, other) == {frozenset({1, 2})}


def test_two_stills_that_share_a_film_are_still_two_shots():
    # One film, exported twice with other metadata; each copy names its own still (2.3, 10).
    stills = [
        subject("IMG_1.HEIC", camera("2019:07:14 16:02:11", content_identifier=LIVE)),
        subject("IMG_2.HEIC", camera("2019:07:14 16:02:13", content_identifier=OTHER_LIVE), file=2),
    ]
    films = [
        subject("IMG_1.MOV", Tags(content_identifier=LIVE), file=3, payload=digest(9)),
        subject("IMG_2.MOV", Tags(content_identifier=OTHER_LIVE), file=4, payload=digest(9)),
    ]

    assert {frozenset(shot & {1, 2}) for shot in shots(*stills, *films)} - {frozenset()} == alone(
        1, 2
    )


def test_a_value_that_too_many_files_share_identifies_nothing():
    tags = Tags(content_identifier=OTHER_LIVE)
    crowd = [subject(f"{i}.jpg", tags, file=i) for i in range(1, 60)]

    assert kinds(*crowd) == []


def test_a_film_that_a_motion_photo_carries_belongs_to_it():
    still = subject("PXL_1.MP.jpg", tail=digest(2))
    film = subject("PXL_1.MP.mp4", Tags(), file=2, folder=2)

    assert kinds(still, film) == ["motion-film"]


def test_a_still_is_no_motion_photos_film():
    assert kinds(subject("a.jpg", tail=digest(2)), subject("b.jpg", Tags(), file=2)) == []


def test_the_files_of_one_asset_of_a_photos_library_are_one_shot():
    uuid = "E9BC5C36-7CD1-40A1-A72B-8B8FAC227D51"
    library = b"My.photoslibrary"
    original = subject(f"{uuid}.jpeg", Tags(), folder_path=library + b"/originals/E")
    render = subject(
        f"{uuid}_1_201_a.jpeg", Tags(), file=2, folder_path=library + b"/resources/renders/E"
    )
    preview = subject(
        f"{uuid}_4_5005_c.jpeg",
        Tags(),
        file=3,
        folder_path=library + b"/resources/derivatives/masters/E",
    )
    elsewhere = subject(
        f"{uuid}.jpeg", Tags(), file=4, folder_path=b"Other.photoslibrary/originals/E"
    )

    assert kinds(original, render, preview) == ["photos-asset"] * 2
    assert (render.is_edit, preview.is_preview, original.is_edit) == (True, True, False)
    assert kinds(original, elsewhere) == []


# --- lineage ----------------------------------------------------------------------------------


def test_an_editors_history_ties_what_was_made_to_what_it_was_made_of():
    source = subject("DSC_1.NEF", camera(document_id="xmp.did:A"))
    made = subject("poster.jpg", Tags(document_id="xmp.did:B", derived_from="xmp.did:A"), file=2)

    assert kinds(source, made) == ["derived-from"]


def test_a_document_that_is_its_own_source_proves_nothing():
    tags = Tags(document_id="xmp.did:A", derived_from="xmp.did:A")

    assert kinds(subject("a.jpg", tags), subject("b.jpg", tags, file=2)) == []


def test_a_history_that_fits_two_files_tells_neither():
    sources = [subject(f"{i}.jpg", Tags(document_id="A"), file=i) for i in (1, 2)]

    assert kinds(*sources, subject("c.jpg", Tags(derived_from="A"), file=3)) == []


def test_an_editors_history_outweighs_a_clock_that_a_person_set_right():
    # A history is above what contradictions may block (ORIGINALS.md 2.3: they block 6 to 13).
    source = subject("DSC_1.NEF", camera("2018:01:01 00:10:00", document_id="A"))
    export = subject("poster.jpg", camera("2019:07:14 16:02:11", derived_from="A"), file=2)

    assert shots(source, export) == {frozenset({1, 2})}


def test_a_template_that_many_were_made_from_is_no_shot():
    template = subject("card.png", Tags(document_id="A"))
    start = datetime(2019, 7, 14, 16, 2, 11)  # noqa: DTZ001 - a camera's clock
    cards = [
        subject(
            f"card {i}.jpg",
            camera(f"{start + timedelta(days=i):%Y:%m:%d %H:%M:%S}", derived_from="A"),
            file=i,
        )
        for i in range(2, 12)
    ]

    assert shots(template, *cards) == alone(*range(1, 12))


def test_a_converted_negative_belongs_to_the_raw_that_it_names():
    raw = subject("DSC_1.NEF", camera(make="Nikon", model="D70"))
    tags = camera(make="Nikon", model="D70", all={"IFD0:OriginalRawFileName": "DSC_1.NEF"})
    converted = subject("2019-07-14 trip.dng", tags, file=2)

    assert shots(raw, converted) == {frozenset({1, 2})}


# --- identifiers of the press -----------------------------------------------------------------


def test_one_random_identifier_in_one_second_is_one_press():
    one = subject("a.jpg", camera(image_unique_id=UNIQUE))
    other = subject("b.jpg", camera(image_unique_id=UNIQUE), file=2)

    assert kinds(one, other) == ["unique-id"]


def test_one_random_identifier_in_two_seconds_is_no_evidence():
    one = subject("a.jpg", camera(image_unique_id=UNIQUE))
    other = subject("b.jpg", camera("2019:07:14 16:02:12", image_unique_id=UNIQUE), file=2)

    assert kinds(one, other) == []


@pytest.mark.parametrize(
    "value",
    [
        "L12XLLD01VM",  # Samsung's camera modules
        "C12LSII00SM C12LSJI01GM",
        "OCEE09",
        "h",
        "0111",
        "00000000000000000000000000000111",
        "000000000000000000000000001a2b3c",  # a counter, filled up with zeros
    ],
)
def test_what_a_module_or_a_counter_writes_is_no_identifier(value):
    one, other = (
        subject(n, camera(image_unique_id=value), file=i) for i, n in ((1, "a.jpg"), (2, "b.jpg"))
    )

    assert kinds(one, other) == []


def test_an_identifier_that_many_seconds_share_is_a_modules():
    frames = [
        subject(f"x{i}.jpg", camera(f"2019:07:14 16:02:1{i}", image_unique_id=UNIQUE), file=i)
        for i in range(6)
    ]
    same_second = subject("y.jpg", camera("2019:07:14 16:02:10", image_unique_id=UNIQUE), file=7)

    assert shots(*frames, same_second) == alone(0, 1, 2, 3, 4, 5, 7)


def test_one_count_of_one_camera_in_one_second_is_one_press():
    one, other = (
        subject(n, camera(all={"Nikon:ShutterCount": "4711"}), file=i, folder=i)
        for i, n in ((1, "DSC_1.JPG"), (2, "trip.png"))
    )

    assert kinds(one, other) == ["same-count"]


def test_two_counts_of_one_camera_tie_a_pair_once():
    # Evidence holds one sentence of a kind for each pair.
    counts = {"Nikon:ShutterCount": "4711", "ExifIFD:ImageNumber": "12"}
    one, other = (subject(n, camera(all=counts), file=i) for i, n in ((1, "a.jpg"), (2, "b.jpg")))

    assert kinds(one, other) == ["same-count"]


def test_a_pair_of_two_libraries_is_tied_once():
    uuid = "E9BC5C36-7CD1-40A1-A72B-8B8FAC227D51"
    libraries = (b"One.photoslibrary", b"Two.photoslibrary")

    def kept(name: str, area: bytes, file: int):
        one, other = (
            fact(name, file=file + i, content=file, folder=file + i, folder_path=where + area)
            for i, where in enumerate(libraries)
        )
        made = subject(name, Tags(), file=file, folder_path=one.folder_path)
        return type(made)(made.content, (one, other), made.tags, made.clues)

    original = kept(f"{uuid}.jpeg", b"/originals/E", 1)
    render = kept(f"{uuid}_1_201_a.jpeg", b"/resources/renders/E", 3)

    assert kinds(original, render) == ["photos-asset"]


def test_a_count_of_nothing_is_no_evidence():
    one, other = (
        subject(n, camera(all={"Nikon:ShutterCount": "0"}), file=i)
        for i, n in ((1, "a.jpg"), (2, "b.jpg"))
    )

    assert kinds(one, other) == []


def test_a_place_within_a_sequence_counts_no_frames_of_the_camera():
    # Sony says 1 of every picture that is no burst's.
    one, other = (
        subject(f"DSC0000{i}.JPG", camera(all={"Sony:SequenceImageNumber": "1"}), file=i)
        for i in (1, 2)
    )

    assert shots(one, other) == alone(1, 2)


def test_every_edge_says_why_in_a_sentence():
    one = subject("a.jpg", camera(all={"Canon:FileNumber": "1000042"}))
    other = subject("b.jpg", camera(all={"Canon:FileNumber": "1000042"}), file=2)

    [found] = by_bytes_and_names([one, other], UNSEEN)

    assert found.says == "iPhone 12 counted both as its frame 1000042."


# --- copies ----------------------------------------------------------------------------------


def test_the_copy_that_stands_for_all_is_named_plainly_and_oldest():
    facts = [
        fact("IMG_1.JPG", file=1, root_role=RootRole.BACKUP),
        fact("IMG_1.png", file=2, extension="jpg", kind=Kind.PICTURE),
        fact("IMG_1 (1).JPG", file=3),
        fact("IMG_1.JPG", file=4, mtime_ns=1_600_000_000 * 10**9),
        fact("IMG_1.JPG", file=5, folder_path=b"a/longer/path"),
        fact("IMG_1.JPG", file=6),
    ]

    assert [f.file for f in sorted(facts, key=preference)] == [6, 5, 4, 3, 2, 1]


def test_no_two_paths_are_preferred_alike():
    one, other = fact("a.jpg", root_path=b"/a"), fact("a.jpg", file=2, root_path=b"/b")

    assert preference(one) != preference(other)


def test_one_identifier_of_two_times_and_two_pictures_is_a_programs_mistake():
    one = subject("a.heic", camera(content_identifier=LIVE))
    other = subject("b.heic", camera("2019:07:15 09:00:00", content_identifier=LIVE), file=2)

    seen = looks((one, look(1)), (other, look(2)))
    assert shots(one, other, seen=seen) == {frozenset({1}), frozenset({2})}
