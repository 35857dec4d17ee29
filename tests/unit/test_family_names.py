"""What names come down to, and what they say of their files."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from strategies import texts

from indexer.grouping.names import (
    bare,
    chapter,
    edit_base,
    family,
    is_copy_name,
    is_proxy_name,
    proxy_stems,
)

PIXEL = "PXL_20230901_220000123"
UUID = "7783E8E6-9CAC-40F3-BE22-81FB7051C266"


def peeled(name):
    found = family(name)
    return found.stem, {str(mark) for mark in found.marks}


@pytest.mark.parametrize(
    ("name", "marks"),
    [
        ("IMG_1234.JPG", ""),
        ("IMG_1234.HEIC.jpg", ""),
        ("IMG_1234.jpg_original", ""),
        ("IMG_1234 (2).JPG", "copy"),
        ("IMG_1234(2).JPG", "copy"),
        ("IMG_1234 copy.JPG", "copy"),
        ("IMG_1234 copy 2.JPG", "copy"),
        ("IMG_1234 Kopie.JPG", "copy"),
        ("IMG_1234 - Copy (3).JPG", "copy"),
        ("Copy of IMG_1234.JPG", "copy"),
        ("IMG_1234~2.JPG", "copy"),
        ("IMG_1234 1.HEIC", "copy"),
        ("IMG_1234-98765.JPG", "copy"),
        ("IMG_E1234.JPG", "edit"),
        ("IMG_E1234 (1).JPG", "edit copy"),
        ("IMG_1234-edited(1).jpg", "edit copy"),
        ("IMG_1234-Edit-2.tif", "edit"),
        ("IMG_1234-Enhanced-NR.dng", "edit"),
        ("IMG_1234-adjusted.JPG", "edit"),
        ("IMG_1234-COLLAGE.jpg", "edit"),
        ("IMG_1234-medium.JPG", "preview"),
        ("IMG_1234-thumb.JPG", "preview"),
        ("IMG_1234_Proxy.MP4", "preview"),
        ("IMG_1234-alternative.JPG", "variant"),
        ("IMG_1234-original.DNG", "variant"),
        ("IMG_1234_HEVC.MOV", "live"),
    ],
)
def test_a_name_comes_down_to_the_cameras(name, marks):
    assert peeled(name) == ("img_1234", set(marks.split()))


@pytest.mark.parametrize(
    "word",
    [
        *("edited", "bearbeitet", "modifié", "editado", "editat", "modificato", "bewerkt"),
        *("edytowane", "redigeret", "redigert", "redigerad", "muokattu", "upravené"),
        *("編集済み", "编辑", "편집됨"),
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_takeout_calls_an_edit_so_in_any_language(word, form):
    assert peeled(unicodedata.normalize(form, f"IMG_1-{word}.jpg")) == ("img_1", {"edit"})


def test_a_word_of_two_words_is_peeled_whole():
    assert peeled("IMG-20150125-WA0003-ha editado.jpg") == ("img-20150125-wa0003", {"edit"})


def test_takeouts_word_may_be_cut_where_names_are():
    stem = "Screenshot_2023-10-28-09-31-43-118_snapc"

    assert len(f"{stem}-edited"[:47]) == 47
    assert peeled(f"{stem}abc-edi.jpg") == (f"{stem}abc".casefold(), {"edit"})
    assert peeled("holiday-edi.jpg") == ("holiday-edi", set())


@pytest.mark.parametrize(
    ("name", "marks"),
    [
        (".jpg", ""),
        (".MP.jpg", "motion"),
        (".MP", "motion"),
        (".MP~2", "motion"),
        (".MP~2.jpg", "motion copy"),
        (".RAW-01.COVER.jpg", "mode cover"),
        (".RAW-01.MP.COVER.jpg", "mode motion cover"),
        (".RAW-02.ORIGINAL.dng", "mode source"),
        (".PORTRAIT.jpg", "mode"),
        (".PORTRAIT-modifié.jpg", "mode edit"),
        (".NIGHT.PORTRAIT-01.COVER.jpg", "mode cover"),
        (".LONG_EXPOSURE-02.ORIGINA.jpg", "mode source"),
        (".MOTION-02.ORIGINAL.mp4", "motion source"),
        (".PANO.jpg", "mode"),
    ],
)
def test_pixels_tags_are_peeled(name, marks):
    assert peeled(PIXEL + name) == (PIXEL.casefold(), set(marks.split()))


@pytest.mark.parametrize(
    ("name", "stem", "mark"),
    [
        (f"{UUID}_3.mov", UUID, "live"),
        (f"{UUID}_1_201_a.jpeg", UUID, "edit"),
        (f"{UUID}_2_100_a.mov", UUID, "edit"),
        (f"{UUID}_1_105_c.jpeg", UUID, "preview"),
        (f"{UUID}_4_5005_c.jpeg", UUID, "preview"),
        ("Trip_0001_a.jpg", "Trip_0001", "edit"),
        ("Trip_0001_b.jpg", "Trip_0001", "back"),
        ("MVC-005E.JPG", "MVC-005", "preview"),
        ("MVC-007A.MPG", "MVC-007", "memo"),
        ("FullSizeRender.jpg", "FullSizeRender", "edit"),
        ("FullSizeRender 2.jpg", "FullSizeRender", "edit"),
        ("DSC_0001_BURST20230709220904977_COVER.JPG", "DSC_0001_BURST20230709220904977", "cover"),
        ("IMG_20201112_111836850_BURST000_COVER_TOP.jpg", "IMG_20201112_111836850_BURST000", "cover"),
    ],
)  # fmt: skip
def test_other_programs_and_cameras_have_their_own(name, stem, mark):
    found = family(name)

    assert found.stem == stem.casefold()
    assert mark in found.marks


def test_mavicas_of_any_quality_share_their_number():
    assert {family(f"MVC-004{letter}.JPG").stem for letter in "SFXVM"} == {"mvc-004"}


@pytest.mark.parametrize(
    "name",
    [
        "credited.jpg",
        "edited.jpg",
        "family-mix.jpg",
        "2016.01.01-17.39.22.jpg",
        "IMG_20201112_111836850_BURST001.jpg",
        "G0020061.JPG",
        "IMG_3.jpg",
        "plan_b.jpg",
        "photo (2019).jpg",
        ".jpg",
        "IMG_EF1234.jpg",
    ],
)
def test_a_name_that_looks_like_it_is_left_alone(name):
    assert peeled(name) == (bare(name), set())


def test_both_forms_of_unicode_and_any_case_are_one_stem():
    assert family("ÉTÉ.JPG").stem == family(unicodedata.normalize("NFD", "été.jpg")).stem


@pytest.mark.parametrize(
    ("stem", "base"),
    [
        ("img_e4120", "img_4120"),
        ("wedding_edited", "wedding"),
        ("bild-bearbeitet", "bild"),
        ("img_4120", None),
        ("edited", None),
        ("credited", None),
    ],
)
def test_an_edits_name_tells_what_it_was_made_of(stem, base):
    assert edit_base(stem) == base


def test_a_copy_is_told_from_a_plain_name():
    assert is_copy_name("IMG_1 (1).JPG")
    assert not is_copy_name("IMG_1.JPG")
    assert not is_copy_name("IMG_E1234.JPG")


@given(texts().filter(bool))
def test_the_type_of_a_file_is_no_part_of_its_family(name):
    assert family(f"{name}.jpg") == family(f"{name}.heic")


# --- films -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("GX010048.MP4", ("gx0048", 1)),
        ("GX020048.MP4", ("gx0048", 2)),
        ("GH010128.mp4", ("gh0128", 1)),
        ("GS020135.360", ("gs0135", 2)),
        ("GOPR0048.MP4", ("gopr0048", 0)),
        ("GP010048.MP4", ("gopr0048", 1)),
        ("GL010128.LRV", ("gl0128", 1)),
        ("GOPR0048.JPG", None),
        ("G0020061.JPG", None),
        ("GX010048 copy.MP4", None),
        ("IMG_0048.MP4", None),
    ],
)
def test_a_gopro_film_is_a_chapter_of_its_recording(name, place):
    assert chapter(name) == place


@pytest.mark.parametrize(
    ("name", "stems"),
    [
        ("GL010128.LRV", {"gh010128", "gx010128", "gs010128"}),
        ("GOPR0048.LRV", {"gopr0048"}),
        ("DJI_0001.LRF", {"dji_0001"}),
        ("C0001S03.MP4", {"c0001"}),
        ("20230101_C0001T01.JPG", {"20230101_c0001"}),
        ("MVI_0001_Proxy.MP4", {"mvi_0001"}),
        (
            "LRV_20220110_121609_11_657.insv",
            {"vid_20220110_121609_00_657", "vid_20220110_121609_10_657"},
        ),
        ("LRV_20220101_094420_01_013.mp4", {"vid_20220101_094420_00_013"}),
        ("GX010128.MP4", set()),
        ("IMG_0001.MOV", set()),
    ],
)
def test_a_proxy_tells_the_name_of_its_film(name, stems):
    assert proxy_stems(name) == stems
    assert is_proxy_name(name) is bool(stems)
