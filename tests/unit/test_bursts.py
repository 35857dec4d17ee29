"""Shots that belong together without being one: bursts and brackets."""

from __future__ import annotations

from builders import camera, fact, subject

from indexer.grouping.bursts import bursts
from indexer.model import Tags

TIMES = ("2019:07:14 16:02:11", "2019:07:14 16:02:12", "2019:07:14 16:02:14")


def bracket(number: int, time: str = TIMES[0], **tags):
    told = {"ExifIFD:ExposureMode": "2", **tags.pop("all", {})}
    return [subject(f"DSC_{number}.NEF", camera(time, all=told, **tags), file=number)]


def hdr(number: int, kind: str, time: str = TIMES[0]):
    return [
        subject(f"IMG_{number}.JPG", camera(time, all={"Apple:HDRImageType": kind}), file=number)
    ]


def partition(found: list[str | None]) -> list[list[int]]:
    """The places of each set, and nothing about its name."""
    return [
        [i for i, name in enumerate(found) if name == told]
        for told in dict.fromkeys(found)
        if told is not None
    ]


def test_frames_of_one_burst_are_a_set_that_the_camera_named():
    shots = [[subject(f"{i}.jpg", camera(burst_uuid="B"), file=i)] for i in (1, 2)]

    assert bursts([*shots, [subject("c.jpg", file=3)]]) == ["B", "B", None]


def test_a_shot_is_in_the_burst_of_any_of_its_files():
    shot = [subject("a.jpg", Tags()), subject("b.jpg", camera(burst_uuid="B"), file=2)]

    assert bursts([shot]) == ["B"]


def test_frames_of_a_bracket_are_a_set():
    found = bursts([bracket(i, time) for i, time in enumerate(TIMES, 1)])

    assert partition(found) == [[0, 1, 2]]


def test_a_sets_name_does_not_depend_on_the_order_of_shots():
    shots = [bracket(i, time) for i, time in enumerate(TIMES, 1)]

    assert bursts(shots[::-1]) == bursts(shots)[::-1]


def test_brackets_of_two_moments_are_two_sets():
    times = (*TIMES, "2019:07:14 16:05:11", "2019:07:14 16:05:12")

    assert partition(bursts([bracket(i, t) for i, t in enumerate(times, 1)])) == [[0, 1, 2], [3, 4]]


def test_brackets_of_two_cameras_are_two_sets():
    shots = [bracket(i, TIMES[0], serial=serial) for i, serial in enumerate("ABAB", 1)]

    assert partition(bursts(shots)) == [[0, 2], [1, 3]]


def test_a_frame_of_a_bracket_alone_is_no_set():
    assert bursts([bracket(1), bracket(2, "2019:07:14 17:00:00")]) == [None, None]


def test_an_hdr_picture_and_the_one_beside_it_are_a_set():
    assert partition(bursts([hdr(1, "3"), hdr(2, "4"), hdr(3, "0")])) == [[0, 1]]


def test_a_bracket_without_a_time_is_no_set():
    assert bursts([bracket(1, "2019:07:14"), bracket(2, "2019:07:14")]) == [None, None]


def test_a_frame_of_a_burst_stays_in_it():
    shots = [bracket(1, burst_uuid="B"), bracket(2, burst_uuid="B"), bracket(3), bracket(4)]

    found = bursts(shots)

    assert found[:2] == ["B", "B"]
    assert partition(found) == [[0, 1], [2, 3]]


def test_pictures_that_follow_quickly_are_no_bracket_of_themselves():
    assert (
        bursts([[subject(f"{i}.jpg", camera(t), file=i)] for i, t in enumerate(TIMES)])
        == [None] * 3
    )


def test_no_shots_are_no_sets():
    assert bursts([]) == []


# --- chapters ---------------------------------------------------------------------------------


def chapter(name: str, number: int, **changes):
    return [subject(name, Tags(make="GoPro"), file=number, **changes)]


def test_chapters_of_one_recording_are_a_set():
    names = ("GX010048.MP4", "GX020048.MP4", "GX010049.MP4", "IMG_0048.MOV")

    assert partition(bursts([chapter(n, i) for i, n in enumerate(names, 1)])) == [[0, 1]]


def test_chapters_in_two_folders_are_of_two_recordings():
    # The counter wraps.
    shots = [chapter("GX010048.MP4", 1), chapter("GX020048.MP4", 2, folder=2)]

    assert bursts(shots) == [None, None]


def test_chapters_are_found_whichever_copy_stands_for_them():
    first, [second] = chapter("GX010048.MP4", 1), chapter("GX020048.MP4", 2)
    backup = fact("GX020048.MP4", file=3, folder=2, content=second.content)
    copied = type(second)(second.content, (backup, *second.files), second.tags, second.clues)

    assert partition(bursts([first, [copied]])) == [[0, 1]]
