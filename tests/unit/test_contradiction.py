"""What speaks against two stills being one press (ORIGINALS.md 2.3)."""

from __future__ import annotations

import pytest
from builders import camera, subject

from indexer.grouping.contradiction import are_numbered_apart, at_other_time, contradiction
from indexer.model import Tags


def two(one: dict, other: dict, names: tuple[str, str] = ("a.jpg", "a.heic")):
    return subject(names[0], camera(**one)), subject(names[1], camera(**other), file=2)


def against(one: dict, other: dict, names: tuple[str, str] = ("a.jpg", "a.heic")) -> str | None:
    a, b = two(one, other, names)
    assert contradiction(a, b) == contradiction(b, a)
    return contradiction(a, b)


def told(**tags: str) -> dict:
    return {"all": {name.replace("_", ":", 1): value for name, value in tags.items()}}


# --- cameras ----------------------------------------------------------------------------------


def test_different_cameras_are_different_presses():
    assert against({}, {"model": "iPhone 6"}) == "different cameras took them"


def test_a_camera_that_is_not_named_is_no_other_camera():
    assert contradiction(subject("a.heic"), subject("a.jpg", Tags())) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"make": "NIKON CORPORATION", "model": "NIKON D70"}, {"make": "Nikon", "model": "D70"}),
        ({"make": "Canon", "model": "Canon EOS 6D"}, {"make": "CANON", "model": "EOS  6D"}),
        ({"make": "Apple"}, {"make": None}),
    ],
)
def test_one_camera_spelled_in_two_ways_is_one(one, other):
    assert against(one, other) is None


def test_a_maker_without_a_model_is_no_other_camera():
    # Both must name the model for it to differ (2.3, 16).
    assert against({}, {"model": None}) is None


def test_different_serial_numbers_are_different_presses():
    one, other = told(ExifIFD_SerialNumber="123"), told(ExifIFD_SerialNumber="124")

    assert against(one, other) == "cameras with different serial numbers took them"


def test_a_serial_number_is_compared_with_the_same_tag_alone():
    one, other = told(ExifIFD_SerialNumber="123"), told(Nikon_SerialNumber="NO= 00123")

    assert against(one, other) is None


@pytest.mark.parametrize("other", ["", "0", "0000", "123 ", " 123"])
def test_a_serial_number_that_is_unset_or_padded_is_no_other(other):
    assert against(told(ExifIFD_SerialNumber="123"), told(ExifIFD_SerialNumber=other)) is None


# --- the moment -------------------------------------------------------------------------------


def test_different_fractions_are_different_presses():
    assert (
        against({"fraction": "016"}, {"fraction": "550"})
        == "the camera gave them different fractions of the second"
    )


def test_fractions_are_compared_at_the_coarser_precision():
    assert against({"fraction": "05"}, {"fraction": "054"}) is None


def test_a_fraction_that_one_side_lost_is_no_difference():
    assert against({}, {"fraction": "054"}) is None


@pytest.mark.parametrize("zeros", ["00", "000"])
def test_a_fraction_of_zeros_is_one_that_a_program_filled_in(zeros):
    # 00 is what writers put where they know no fraction; two copies of one press differ so.
    assert against({"fraction": "54"}, {"fraction": zeros}) is None


def test_the_phones_own_clock_tells_presses_apart():
    one, other = (
        told(Apple_RunTimeValue="97000000000000"),
        told(Apple_RunTimeValue="97000100000000"),
    )

    assert against(one, other) == "the phone's own clock tells them apart"
    assert against(one, told(Apple_RunTimeValue="97000000000001")) is None


# --- counts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tag",
    [
        "Nikon:ShutterCount", "Canon:FileNumber", "ExifIFD:ImageNumber", "Panasonic:SequenceNumber",
        "Sony:SequenceImageNumber", "FujiFilm:SequenceNumber", "Olympus:ImageCount",
    ],
)  # fmt: skip
def test_frames_that_the_camera_counted_are_different_presses(tag):
    assert against({"all": {tag: "1"}}, {"all": {tag: "2"}}) == (
        "the camera counted them as different frames"
    )


@pytest.mark.parametrize("other", ["", "0", "0042", "42 "])
def test_a_count_that_is_unset_or_filled_up_is_no_other(other):
    assert against(told(Nikon_ShutterCount="42"), told(Nikon_ShutterCount=other)) is None


def test_frames_of_a_burst_are_presses_of_their_own():
    names = ("IMG_2001.JPG", "IMG_2002.JPG")

    assert against({"burst_uuid": "B"}, {"burst_uuid": "B"}, names) == (
        "they are different frames of one burst"
    )


def test_a_frame_of_a_burst_and_its_own_copy_are_no_contradiction():
    names = ("IMG_2001.HEIC", "IMG_2001 (1).JPG")

    assert against({"burst_uuid": "B"}, {"burst_uuid": "B"}, names) is None


# --- exposure ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tag", "one", "other"),
    [
        ("ExifIFD:ExposureTime", "0.01", "0.02"),
        ("ExifIFD:FNumber", "4", "5.6"),
        ("ExifIFD:ISO", "100", "200"),
        ("ExifIFD:ExposureCompensation", "-2", "0"),
        ("ExifIFD:ExposureCompensation", "0", "0.333333"),
    ],
)
def test_frames_that_were_exposed_differently_are_different_presses(tag, one, other):
    said = against({"all": {tag: one}}, {"all": {tag: other}})

    assert said == "they were exposed differently, as the frames of a bracket are"


@pytest.mark.parametrize(
    ("tag", "one", "other"),
    [
        ("ExifIFD:ExposureTime", "0.016666", "0.0167"),
        ("ExifIFD:FNumber", "1.8", "1.79"),
        ("ExifIFD:ISO", "100", "100; 100"),
        ("ExifIFD:ISO", "100", ""),
        ("ExifIFD:ISO", "100", "0"),
        ("ExifIFD:ExposureTime", "0.01", "inf"),  # as ExifTool prints 1/0, and 0/0
        ("ExifIFD:ExposureTime", "0.01", "undef"),
    ],
)
def test_an_exposure_that_was_rounded_or_lost_is_no_other(tag, one, other):
    assert against({"all": {tag: one}}, {"all": {tag: other}}) is None


def test_an_hdr_picture_and_the_one_beside_it_are_different_presses():
    one, other = told(Apple_HDRImageType="3"), told(Apple_HDRImageType="4")

    assert against(one, other) == "one is the HDR picture, the other the one kept beside it"


# --- RAW --------------------------------------------------------------------------------------


def test_a_raw_and_its_companion_may_be_stamped_a_moment_apart():
    assert against({"fraction": "10"}, {"fraction": "20"}, ("a.nef", "a.jpg")) is None


def test_a_raw_and_a_picture_of_another_camera_are_different_presses():
    assert against({}, {"model": "iPhone 6"}, ("a.nef", "a.jpg")) == "different cameras took them"


@pytest.mark.parametrize("names", [("a.nef", "a.jpg"), ("a.nef", "b.nef")])
def test_a_raw_that_the_camera_counted_otherwise_is_another_press(names):
    # Only the fraction may differ, and only where name and count agree (2.3, 2).
    one, other = told(Nikon_ShutterCount="4711"), told(Nikon_ShutterCount="4712")

    assert against(one, other, names) == "the camera counted them as different frames"


def test_two_raws_of_two_moments_are_two_presses():
    assert against({"fraction": "10"}, {"fraction": "90"}, ("a.nef", "b.nef")) is not None


def test_three_raws_of_a_bracket_are_three_presses():
    one, other = told(ExifIFD_ExposureCompensation="-2"), told(ExifIFD_ExposureCompensation="0")

    assert against(one, other, ("a.nef", "b.nef")) is not None


# --- time and names ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("time", "is_other"),
    [
        ("2019:07:14 16:02:11", False),
        ("2019:07:14 18:02:11", False),  # two hours are a zone
        ("2019:07:14 21:47:12", False),  # Nepal, and a second of slack
        ("2019:07:14 16:02:12", True),
        ("2019:07:14 16:10:11", True),
        ("2019:07:16 16:02:11", True),
        ("2019:07:14", False),  # no time is no other time
        (None, False),
    ],
)
def test_another_time_is_one_that_no_zone_explains(time, is_other):
    one, other = subject("a.jpg"), subject("b.jpg", camera(time), file=2)

    assert at_other_time(one, other) is is_other
    assert at_other_time(other, one) is is_other


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("IMG_2001.JPG", "IMG_2002.JPG", True),
        ("DSC00001.JPG", "DSC00002.JPG", True),
        ("P1010001.JPG", "P1010002.JPG", True),
        ("G0020061.JPG", "G0020062.JPG", True),
        ("_MG_0001.JPG", "_MG_0002.JPG", True),
        ("IMG_2001.JPG", "IMG_2001.HEIC", False),
        ("IMG_2001.JPG", "IMG_2001 (1).JPG", False),
        ("IMG_4120.JPG", "IMG_E4120.JPG", False),
        ("IMG_2001.JPG", "DSC_2002.JPG", False),
        ("IMG_2001.JPG", "beach.jpg", False),
    ],
)
def test_counts_in_names_tell_frames_of_one_camera_apart(one, other, apart):
    a, b = subject(one, Tags()), subject(other, Tags(), file=2)

    assert are_numbered_apart(a, b) is apart
    assert are_numbered_apart(b, a) is apart
