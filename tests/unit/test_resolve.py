"""How the capture time is chosen among clues, and that each other one is told why not."""

from __future__ import annotations

import pytest
from builders import NOW, camera

from indexer.capture_time.clues import (
    Clue,
    Trust,
    clues_of,
    clues_of_folders,
    clues_of_sidecar,
)
from indexer.capture_time.resolve import CaptureTime, resolve
from indexer.model import FileId, Tags, UnknownTime


def member(number: int, tags: Tags, name: str = "IMG_0001.JPG") -> list[Clue]:
    return clues_of(FileId(number), tags, name, NOW)


def time_of(*tags: Tags) -> CaptureTime:
    return resolve([member(number, own) for number, own in enumerate(tags, 1)])[0]


def film(**everything: str) -> Tags:
    return Tags(make="Apple", all={key.replace("_", ":", 1): v for key, v in everything.items()})


def local(time: CaptureTime) -> str | None:
    return None if time.moment is None else time.moment.iso()


def offset(time: CaptureTime) -> int | None:
    return None if time.moment is None else time.moment.offset_min


def test_nothing_known_is_said_to_be_unknown():
    time = time_of(Tags())

    assert (time.moment, time.unknown) == (None, UnknownTime.NO_TAG)
    assert time.confidence is Trust.NONE


def test_the_originals_own_record_wins_over_an_edits():
    time = time_of(camera("2019:07:14 16:02:11"), camera("2021:01:01 10:00:00"))

    assert local(time) == "2019-07-14T16:02:11"


def test_a_weak_clue_of_the_original_loses_to_a_cameras_record_in_another_member():
    header = film(QuickTime_CreateDate="2022:08:20 10:00:00")

    assert local(time_of(header, camera())) == "2019-07-14T16:02:11"


def test_the_creation_date_of_a_film_wins_over_the_header_of_its_export():
    tags = film(
        Keys_CreationDate="2019:02:12 15:27:12+08:00", QuickTime_CreateDate="2024:02:02 08:02:57"
    )

    time = time_of(tags)
    assert (local(time), offset(time)) == ("2019-02-12T15:27:12", 480)


def test_a_rejected_clue_gives_way_to_the_next():
    tags = camera("0000:00:00 00:00:00", all={"ExifIFD:CreateDate": "2019:07:14 16:02:11"})

    assert time_of(tags).source == "ExifIFD:CreateDate"


def test_a_modify_date_alone_is_no_capture_time():
    time = time_of(camera(None, all={"IFD0:ModifyDate": "2019:07:14 16:02:11"}))

    assert time.unknown is UnknownTime.NO_TAG


def test_the_zone_follows_from_the_satellites_of_the_same_file():
    gps = {"GPS:GPSDateStamp": "2019:07:14", "GPS:GPSTimeStamp": "08:02:10"}

    assert offset(time_of(camera(all=gps))) == 480


def test_the_satellites_of_another_file_give_no_zone():
    gps = Tags(all={"GPS:GPSDateStamp": "2019:07:14", "GPS:GPSTimeStamp": "08:02:10"})

    assert offset(time_of(camera(), gps)) is None


def test_a_still_takes_the_zone_of_its_live_movie():
    movie = film(Keys_CreationDate="2019:07:14 16:02:10-08:00")

    assert offset(time_of(camera(), movie)) == -480


def test_a_copy_of_another_hour_gives_no_zone():
    assert offset(time_of(camera(), camera("2019:07:14 18:02:11", offset="+02:00"))) is None


def test_a_zone_that_nothing_tells_stays_unknown():
    assert offset(time_of(camera())) is None


def test_a_films_instant_is_shown_on_the_local_clock_of_its_still():
    header = film(QuickTime_CreateDate="2019:07:14 23:30:00")
    still = camera(None, all={"XMP-xmp:CreateDate": "2019:07:15 01:30:00+02:00"})

    time = resolve([member(1, header), member(2, still)])[0]
    assert (local(time), offset(time)) == ("2019-07-15T01:30:00", 120)


def test_a_rejected_clue_lends_no_zone():
    header = film(QuickTime_CreateDate="2019:07:14 23:30:00")
    wrong = camera("1970:01:01 00:00:00", offset="+09:00")

    assert offset(time_of(header, wrong)) == 0


def test_an_instant_without_zone_is_given_in_utc_and_says_so():
    time = time_of(film(QuickTime_CreateDate="2020:05:11 14:18:35"))

    assert (local(time), offset(time)) == ("2020-05-11T14:18:35", 0)
    assert "the local clock is not known" in time.why


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (("0000:00:00 00:00:00", "2030:01:01 00:00:00"), UnknownTime.FUTURE),
        (("0000:00:00 00:00:00", "1970:01:01 00:00:00"), UnknownTime.EPOCH_DEFAULT),
        (("0000:00:00 00:00:00", "0000:00:00 00:00:00"), UnknownTime.ZERO),
    ],
)
def test_the_most_telling_reason_is_given(values, reason):
    tags = camera(values[0], all={"ExifIFD:CreateDate": values[1]})

    assert time_of(tags).unknown is reason


def test_a_place_gives_the_zone_of_its_clock():
    tags = Tags(
        latitude=51.5, longitude=-0.13, all={"ExifIFD:DateTimeOriginal": "2018:10:13 09:18:12"}
    )

    time, _ = resolve([member(1, tags)])

    assert time.moment is not None
    assert time.moment.offset_min == 60
    assert "Europe/London" in time.why


def test_place_and_satellites_that_disagree_tell_no_zone():
    tags = Tags(
        latitude=51.5,
        longitude=-0.13,
        all={
            "ExifIFD:DateTimeOriginal": "2018:10:13 09:18:12",
            "GPS:GPSDateStamp": "2018:10:13",
            "GPS:GPSTimeStamp": "05:18:12",
        },
    )

    time, _ = resolve([member(1, tags)])

    assert time.moment is not None
    assert time.moment.offset_min is None
    assert "+01:00" in time.why
    assert "+04:00" in time.why


def test_a_date_in_the_name_is_suggested_and_not_used():
    time, _ = resolve([member(1, Tags(), "2019-07-14 16.02.11.jpg")])

    assert time.moment is None
    assert time.suggestion == "2019-07-14T16:02:11"


def test_exactly_the_chosen_clue_is_marked_as_used():
    tags = camera(
        all={"ExifIFD:CreateDate": "2019:07:14 16:02:12", "XMP-exif:DateTimeOriginal": "x"}
    )

    _, judged = resolve([member(1, tags)])
    assert [j.clue.source for j in judged if j.is_used] == ["ExifIFD:DateTimeOriginal"]


def test_every_clue_says_what_became_of_it():
    tags = camera(all={"XMP-exif:DateTimeOriginal": "x", "IFD0:ModifyDate": "2020:01:01 00:00:00"})

    _, judged = resolve([member(1, tags)])
    assert {j.clue.source: j.says for j in judged} == {
        "ExifIFD:DateTimeOriginal": "used: the camera's record of the exposure",
        "XMP-exif:DateTimeOriginal": "rejected: it is no possible date",
        "IFD0:ModifyDate": "when the file was saved last, which an editor rewrites",
    }


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ("2019:07:14 16:02:11", "it agrees with the one that is used"),
        ("2019:07:14 17:02:11", "that of another file comes first"),
    ],
)
def test_the_record_in_another_file_says_whether_it_agrees(other, says):
    _, judged = resolve([member(1, camera()), member(2, camera(other))])

    [lost] = [j.says for j in judged if not j.is_used]
    assert lost == f"the camera's record of the exposure; {says}"


def test_another_tag_that_says_otherwise_says_what_ranks_above_it():
    tags = camera(all={"ExifIFD:CreateDate": "2019:07:14 16:05:00"})

    _, judged = resolve([member(1, tags)])
    assert [j.says.partition("; ")[2] for j in judged if not j.is_used] == [
        "ExifIFD:DateTimeOriginal ranks above it"
    ]


def test_an_instant_agrees_with_the_clock_that_its_zone_explains():
    tags = camera(all={"ExifIFD:OffsetTimeOriginal": "+02:00"})
    _, judged = resolve([[*member(1, tags), *takeout(1563112931)]])

    [lost] = [j.says for j in judged if j.clue.source == "JSON:PhotoTakenTimeTimestamp"]
    assert lost.endswith("; it agrees with the one that is used")


# --- clocks that nobody set ----------------------------------------------------------------

BORN = "2000:01:01 00:03:10"


def satellites(day: str, time: str) -> dict[str, str]:
    return {"GPS:GPSDateStamp": day, "GPS:GPSTimeStamp": time}


def takeout(timestamp: int, **more: str) -> list[Clue]:
    tags = Tags(all={"JSON:PhotoTakenTimeTimestamp": str(timestamp), **more})
    return clues_of_sidecar(FileId(90), tags, NOW)


def test_a_clock_at_its_start_is_not_believed():
    time = time_of(camera(BORN))

    assert time.unknown is UnknownTime.EPOCH_DEFAULT
    assert "1 January 2000" in time.why


@pytest.mark.parametrize("stamp", [("2000:01:01", "00:03:05"), ("1999:12:31", "23:03:05")])
def test_satellites_of_that_very_day_speak_for_a_clock(stamp):
    time = time_of(camera(BORN, all=satellites(*stamp)))

    assert local(time) == "2000-01-01T00:03:10"
    assert (time.confidence, time.was_doubted) == (Trust.LIKELY, True)
    assert "GPS:GPSDateTime shows that the clock was set" in time.why


def test_satellites_of_another_day_do_not():
    time = time_of(camera(BORN, all=satellites("2007:05:03", "10:00:00")))

    assert local(time) != "2000-01-01T00:03:10"


def test_a_phones_name_speaks_for_a_clock():
    own = camera("2015:01:01 00:03:10", make="Unknown")

    time, _ = resolve([member(1, own, "IMG_20150101_000310.jpg")])
    assert local(time) == "2015-01-01T00:03:10"


def test_what_repeats_an_unset_clock_is_no_witness_and_not_used():
    own = camera(BORN, all={"XMP-photoshop:DateCreated": "2000:01:01 00:03:10"})
    copied = takeout(946_684_990 - 3600)  # as Google reads it, in Berlin

    time, judged = resolve([[*member(1, own), *copied]])
    assert time.unknown is UnknownTime.EPOCH_DEFAULT
    assert "repeats ExifIFD:DateTimeOriginal" in next(
        j.says for j in judged if j.clue.source == "JSON:PhotoTakenTimeTimestamp"
    )


def test_googles_own_time_of_that_day_speaks_for_a_clock():
    own = camera("2015:01:01 00:03:10", make="GoPro")

    time, _ = resolve([[*member(1, own), *takeout(1_420_067_000)]])
    assert local(time) == "2015-01-01T00:03:10"


def test_what_it_would_be_if_the_clock_was_set_is_kept_for_neighbours():
    time = time_of(camera(BORN))

    assert time.if_clock_was_set is not None
    assert local(time.if_clock_was_set) == "2000-01-01T00:03:10"
    assert time_of(camera("1970:01:01 00:00:00")).if_clock_was_set is None


def test_the_name_is_used_where_the_clock_is_in_the_future():
    time, _ = resolve([member(1, camera("2030:01:01 00:00:00"), "20200101_101112.jpg")])

    assert (local(time), time.source) == ("2020-01-01T10:11:12", "file name")


# --- scans, months, days -------------------------------------------------------------------


def test_a_scan_is_undated_and_says_so():
    own = Tags(all={"ExifIFD:FileSource": "2", "ExifIFD:DateTimeOriginal": "2019:03:02 11:00:00",
                    "XMP-photoshop:DateCreated": "1985:08"})  # fmt: skip

    time = time_of(own)
    assert (time.moment, time.unknown) == (None, UnknownTime.NO_TAG)
    assert "the day of digitisation" in time.why
    assert time.suggestion == "1985-08"


def test_a_date_that_a_person_gave_a_scan_is_used():
    own = Tags(all={"ExifIFD:FileSource": "2", "ExifIFD:DateTimeOriginal": "2019:03:02 11:00:00",
                    "IPTC:DateCreated": "1985:08:03"})  # fmt: skip

    assert local(time_of(own)) == "1985-08-03"


def test_a_date_that_a_program_copied_from_the_scanner_is_not():
    own = Tags(all={"ExifIFD:FileSource": "2", "ExifIFD:DateTimeOriginal": "2019:03:02 11:00:00",
                    "XMP-photoshop:DateCreated": "2019:03:02 11:00:00"})  # fmt: skip

    assert time_of(own).moment is None


def test_a_day_of_the_original_gives_way_to_a_time_of_another_member():
    day = Tags(all={"IPTC:DateCreated": "2019:07:14"})

    assert local(time_of(day, camera())) == "2019-07-14T16:02:11"
    assert local(time_of(day)) == "2019-07-14"


def test_a_folder_suggests_where_nothing_else_does():
    folder = clues_of_folders(FileId(1), "2007/Rome", NOW)

    time, _ = resolve([[*member(1, camera(BORN)), *folder]])
    assert (time.suggestion, time.moment) == ("2007", None)
    assert time.suggestion_why is not None
    assert "2007" in time.suggestion_why


def test_a_messengers_name_is_suggested_and_says_what_it_dates():
    time, _ = resolve([member(1, Tags(), "IMG-20200105-WA0003.jpg")])

    assert (time.moment, time.suggestion) == (None, "2020-01-05")
    assert time.suggestion_why is not None
    assert "WhatsApp" in time.suggestion_why


# --- disagreement --------------------------------------------------------------------------


def test_two_programs_that_disagree_by_days_leave_it_open():
    own = Tags(all={"XMP-photoshop:DateCreated": "2015:02:17 17:30:01",
                    "IPTC:DateCreated": "2019:02:17"})  # fmt: skip

    time, judged = resolve([member(1, own)])
    assert (time.moment, time.unknown) == (None, UnknownTime.CONFLICT)
    assert time.suggestion == "2015-02-17T17:30:01"
    assert not any(j.is_used for j in judged)


@pytest.mark.parametrize(
    "own",
    [
        camera(all={"IPTC:DateCreated": "2015:02:17"}),
        Tags(all={"XMP-photoshop:DateCreated": "2019:07:14 23:00:00",
                  "IPTC:DateCreated": "2019:07:15"}),
        Tags(all={"XMP-photoshop:DateCreated": "1985:08:03", "XMP-xmp:CreateDate": "2019:07:15"}),
        Tags(make="Canon", all={"ExifIFD:CreateDate": "2019:07:14 16:02:11",
                                "IPTC:DateCreated": "2015:02:17"}),
    ],
)  # fmt: skip
def test_a_cameras_word_a_zone_and_a_weaker_source_are_no_conflict(own):
    assert time_of(own).unknown is None


def test_a_copy_whose_place_fits_its_clock_beats_one_that_was_moved():
    moved = camera("2019:07:14 18:02:11")
    right = Tags(
        latitude=41.9,
        longitude=12.5,
        all={"ExifIFD:DateTimeOriginal": "2019:07:14 16:02:11",
             **satellites("2019:07:14", "14:02:10")},
    )  # fmt: skip

    time = time_of(moved, right)
    assert (local(time), offset(time)) == ("2019-07-14T16:02:11", 120)


def test_a_moved_copy_does_not_beat_a_record_that_fits():
    right = Tags(
        latitude=41.9,
        longitude=12.5,
        all={"ExifIFD:DateTimeOriginal": "2019:07:14 16:02:11",
             **satellites("2019:07:14", "14:02:10")},
    )  # fmt: skip

    assert local(time_of(right, camera("2019:07:14 18:02:11"))) == "2019-07-14T16:02:11"


# --- Takeout -------------------------------------------------------------------------------


def test_googles_instant_gives_the_zone_of_the_cameras_clock():
    time, _ = resolve([[*member(1, camera()), *takeout(1_563_112_985)]])  # 14:03:05 UTC

    assert (local(time), offset(time), time.zone) == ("2019-07-14T16:02:11", 120, Trust.WEAK)


def test_google_that_reads_a_clock_as_utc_tells_no_zone():
    time, _ = resolve([[*member(1, camera()), *takeout(1_563_120_131)]])

    assert (local(time), offset(time)) == ("2019-07-14T16:02:11", None)


def test_google_and_another_record_that_disagree_tell_no_zone():
    own = camera(all={"IPTC:DateCreated": "2019:07:14", "IPTC:TimeCreated": "16:02:11-07:00"})

    time, _ = resolve([[*member(1, own), *takeout(1_563_112_985)]])
    assert (offset(time), time.is_zone_disputed) == (None, True)


def test_googles_instant_stands_alone_on_the_clock_of_its_place():
    place = {"JSON:GeoDataLatitude": "55.68", "JSON:GeoDataLongitude": "12.57"}

    time, _ = resolve([[*member(1, Tags()), *takeout(1_577_879_596, **place)]])
    assert (local(time), offset(time)) == ("2020-01-01T12:53:16", 60)


def test_googles_instant_without_a_place_is_in_utc():
    time, _ = resolve([[*member(1, Tags()), *takeout(1_577_879_596)]])

    assert (local(time), time.is_utc, time.zone) == ("2020-01-01T11:53:16", True, Trust.NONE)


# --- a bare UTC ----------------------------------------------------------------------------

BARE = {"XMP-photoshop:DateCreated": "2019:07:14 12:00:00Z"}


def test_a_bare_utc_is_no_zone_by_itself():
    time = time_of(Tags(all=BARE))

    assert (local(time), offset(time)) == ("2019-07-14T12:00:00", None)


def test_a_bare_utc_where_utc_is_kept_is_one():
    time = time_of(Tags(latitude=64.1, longitude=-21.9, all=BARE))  # Reykjavik

    assert (local(time), offset(time)) == ("2019-07-14T12:00:00", 0)


def test_a_bare_utc_that_the_satellites_confirm_is_an_instant():
    own = Tags(latitude=35.7, longitude=139.7,
               all={**BARE, **satellites("2019:07:14", "12:00:00")})  # fmt: skip

    time = time_of(own)
    assert (local(time), offset(time)) == ("2019-07-14T21:00:00", 540)


def test_a_bare_utc_elsewhere_leaves_the_zone_open():
    time = time_of(Tags(latitude=35.7, longitude=139.7, all=BARE))

    assert (local(time), offset(time)) == ("2019-07-14T12:00:00", None)


@pytest.mark.parametrize(
    ("time", "precision"),
    [("2019:07:14 16:02:11.5", "subsecond"), ("2019:07:14 16:02", "minute"), ("2019:07:14", "day")],
)
def test_a_time_says_how_precise_it_is(time, precision):
    assert time_of(camera(time)).precision == precision


def test_an_unknown_time_has_no_precision():
    assert time_of(Tags()).precision is None
