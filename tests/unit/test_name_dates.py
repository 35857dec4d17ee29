"""Dates that file names hold, and numbers that only look like dates."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import texts

from indexer.capture_time.names import PATTERNS, date_in_name

DIGIT = re.compile(r"\d")


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.example)
def test_every_example_is_found_by_its_own_pattern(pattern):
    found = date_in_name(pattern.example)

    assert found is not None
    assert (found.whose, found.is_utc, found.says) == (
        pattern.whose,
        pattern.is_utc,
        pattern.says,
    )


@pytest.mark.parametrize(
    ("name", "iso"),
    [
        ("PXL_20230901_220000123.jpg", "2023-09-01T22:00:00.123"),
        ("PXL_20230901_220000123.RAW-02.ORIGINAL.dng", "2023-09-01T22:00:00.123"),
        ("PXL_20230901_220000123~2.jpg", "2023-09-01T22:00:00.123"),
        ("PXL_20230901_220000123.PORTRAIT-01.COVER.jpg", "2023-09-01T22:00:00.123"),
        ("00000IMG_00000_BURST1550337630123_COVER.jpg", "2019-02-16T17:20:30.123"),
    ],
)
def test_pixel_and_burst_numbers_are_instants(name, iso):
    found = date_in_name(name)

    assert (found.moment.iso(), found.moment.offset_min, found.is_utc) == (iso, 0, True)
    assert found.is_camera_own
    assert not found.is_transfer


@pytest.mark.parametrize(
    ("name", "iso"),
    [
        ("IMG_20190216_172030.jpg", "2019-02-16T17:20:30"),
        ("img_20190216_172030.JPG", "2019-02-16T17:20:30"),
        ("IMG_20190216_172030_123.jpg", "2019-02-16T17:20:30.123"),
        ("IMG_20190216_172030123_HDR.jpg", "2019-02-16T17:20:30.123"),
        ("IMG_20190216_172030_HDR.jpg", "2019-02-16T17:20:30"),
        ("IMG_20190216_172030~2.jpg", "2019-02-16T17:20:30"),
        ("IMG_20190216_172030_00_001.insp", "2019-02-16T17:20:30"),
        ("Copy of IMG_20190216_172030 (2).jpg", "2019-02-16T17:20:30"),
        ("IMG20190216172030.jpg", "2019-02-16T17:20:30"),
        ("VID_20190216_172030.mp4", "2019-02-16T17:20:30"),
        ("MVIMG_20190216_172030.jpg", "2019-02-16T17:20:30"),
        ("PANO_20190216_172030.vr.jpg", "2019-02-16T17:20:30"),
        ("BURST20190216172030.jpg", "2019-02-16T17:20:30"),
        ("20190216_172030.jpg", "2019-02-16T17:20:30"),
        ("20190216_172030(0).jpg", "2019-02-16T17:20:30"),
        ("20210623_145059.mp4", "2021-06-23T14:50:59"),
        ("WP_20140315_12_30_45_Pro.jpg", "2014-03-15T12:30:45"),
        ("DJI_20230216172030_0001_D.MP4", "2023-02-16T17:20:30"),
        ("Screenshot_20190216-172030.png", "2019-02-16T17:20:30"),
        ("Screenshot_2019-02-16-17-20-30.png", "2019-02-16T17:20:30"),
        ("Screenshot_2019-02-16-17-20-30-123_com.whatsapp.jpg", "2019-02-16T17:20:30.123"),
        ("Screenshot 2019-02-16 172030.png", "2019-02-16T17:20:30"),
        ("Screenshot 2019-02-16 at 17.20.30.png", "2019-02-16T17:20:30"),
        ("Screen Shot 2019-02-16 at 9.05.00 AM.png", "2019-02-16T09:05:00"),
        ("Screenshot 2023-02-16 at 12.20.30\u202fAM.png", "2023-02-16T00:20:30"),
        ("Screenshot 2023-02-16 at 12.20.30\u202fPM (2).png", "2023-02-16T12:20:30"),
        ("Bildschirmfoto 2019-02-16 um 17.20.30.png", "2019-02-16T17:20:30"),
        ("Capture d\u2019écran 2019-02-16 à 17.20.30.png", "2019-02-16T17:20:30"),
        ("Captura de pantalla 2019-02-16 a las 17.20.30.png", "2019-02-16T17:20:30"),
        ("スクリーンショット 2019-02-16 17.20.30.png", "2019-02-16T17:20:30"),
    ],
)
def test_a_camera_or_phone_names_its_own_files_in_local_time(name, iso):
    found = date_in_name(name)

    assert (found.moment.iso(), found.moment.offset_min) == (iso, None)
    assert (found.is_camera_own, found.is_utc, found.is_transfer) == (True, False, False)


@pytest.mark.parametrize(
    ("name", "iso"),
    [
        ("IMG-20200105-WA0003.jpg", "2020-01-05"),
        ("VID-20200105-WA0003.mp4", "2020-01-05"),
        ("WhatsApp Image 2020-01-05 at 17.20.30.jpeg", "2020-01-05T17:20:30"),
        ("WhatsApp Image 2020-01-05 at 5.20.30 PM (3).jpeg", "2020-01-05T17:20:30"),
        ("signal-2019-02-16-172030.jpg", "2019-02-16T17:20:30"),
        ("signal-2019-02-16-17-20-30-123-1.jpg", "2019-02-16T17:20:30.123"),
        ("photo_2019-02-16_17-20-30 (2).jpg", "2019-02-16T17:20:30"),
        ("telegram_2020-01-30_09-57-18.jpg", "2020-01-30T09:57:18"),
    ],
)
def test_a_messenger_dates_the_transfer(name, iso):
    found = date_in_name(name)

    assert found.moment.iso() == iso
    assert (found.is_transfer, found.is_camera_own) == (True, False)


@pytest.mark.parametrize(
    ("name", "iso"),
    [
        ("2019-02-16 17.20.30.jpg", "2019-02-16T17:20:30"),
        ("2018-04-12 19_24_49.gif", "2018-04-12T19:24:49"),
        ("2019_02_16_17_20_30.jpg", "2019-02-16T17:20:30"),
        ("2019-02-16T17:20:30+0200.jpg", "2019-02-16T17:20:30"),
        ("holiday_20190216-172030.jpg", "2019-02-16T17:20:30"),
        ("201801261147521000.jpg", "2018-01-26T11:47:52.100"),
        ("2019-02-16.jpg", "2019-02-16"),
        ("2019.02.16 wedding.jpg", "2019-02-16"),
        ("20190216.jpg", "2019-02-16"),
        ("grandmother 1955-08-03.tif", "1955-08-03"),
        ("Photo 2019-02-16 at 17.20.30.jpg", "2019-02-16T17:20:30"),
    ],
)
def test_a_date_that_anybody_may_have_written_is_nobodys_own(name, iso):
    found = date_in_name(name)

    assert found.moment.iso() == iso
    assert (found.is_camera_own, found.is_transfer) == (False, False)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "IMG_1234.JPG",
        "DSC_0001.NEF",
        "GOPR0048.MP4",
        "P1010001.JPG",
        "13039_327707840323_8391837_n.jpg",
        "20120711_10150912345678901_1234567890_n.jpg",
        "20190216-5A3C-4B1D-9F00-20190216AAAA.jpg",
        "A8266C97-2019-0216-2019-001383286920.jpeg",
        "3f2a20190216bb7c.jpg",
        "IMG_20000101_000312.jpg",
        "VID_19700101_010000.mp4",
        "IMG_19800101_000000.jpg",
        "1920x1080.jpg",
        "wallpaper-2560x1440.png",
        "+49201512311530.jpg",
        "+20151231.vcf",
        "0049-2015-12-31.jpg",
        "IMG_20190231_172030.jpg",
        "IMG_20191301_172030.jpg",
        "20190200.jpg",
        "18991231_120000.jpg",
        "190216_172030.jpg",
        "16-02-19.jpg",
        "scan 000120190216.tif",
        "2019021.jpg",
        "201902160.jpg",
        "20190216172.jpg",
        "IMG_BURST155033763012.jpg",
        "BURST0000000000001.jpg",
        "wa-2019-02.jpg",
    ],
)
def test_what_only_looks_like_a_date_is_none(name):
    assert date_in_name(name) is None


def test_an_impossible_time_leaves_the_day():
    assert date_in_name("IMG_20190216_172099.jpg").moment.iso() == "2019-02-16"


def test_seventeen_hours_pm_are_seventeen_hours():
    found = date_in_name("WhatsApp Image 2020-01-05 at 17.20.30 PM.jpeg")

    assert found.moment.iso() == "2020-01-05T17:20:30"


@given(texts())
def test_no_text_raises(name):
    date_in_name(name)


_PIECES = st.sampled_from(
    [
        *(
            "IMG_",
            "PXL_",
            "BURST",
            "20190216",
            "172030",
            "123",
            "_",
            "-",
            ".",
            " at ",
            "2019-02-16",
        ),
        *("17.20.30", "Screenshot ", "WA0001", "jpg", "٣", "0", "99", "+", "(", "A", "a", " PM"),
    ]
)


@given(st.lists(_PIECES, max_size=9).map("".join))
def test_names_put_together_from_pieces_give_a_date_that_stands_in_them(name):
    found = date_in_name(name)

    if found is not None and not found.is_utc:
        assert str(found.moment.clock.year) in name


@given(
    example=st.sampled_from([pattern.example for pattern in PATTERNS]),
    digit=st.sampled_from("0179٣"),
    data=st.data(),
)
def test_digits_inside_longer_runs_never_match(example, digit, data):
    """A digit put in front of a date, or behind its last number, makes it another number."""
    found = date_in_name(example)
    written = re.search(r"(?:19|20)\d\d[-_.]?\d\d[-_.]?\d\d|\d{13}|\d\d-\d\d-20\d\d", example)
    end = written.end()
    while end < len(example) and DIGIT.match(example[end]):
        end += 1
    at = data.draw(st.sampled_from([written.start(), end]))
    longer = date_in_name(example[:at] + digit + example[at:])

    assert longer is None or longer.moment != found.moment
