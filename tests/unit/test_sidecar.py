"""Which media file a sidecar speaks about."""

from __future__ import annotations

import pytest

from indexer.metadata.sidecar import partner


def partner_of(sidecar: str, *media: str) -> str | None:
    return partner(sidecar, {name.casefold(): name for name in media})


@pytest.mark.parametrize(
    ("sidecar", "media"),
    [
        ("IMG_1.xmp", "IMG_1.JPG"),
        ("IMG_1.JPG.xmp", "IMG_1.JPG"),
        ("img_1.AAE", "IMG_1.HEIC"),
        ("IMG_O1234.AAE", "IMG_1234.HEIC"),
        ("holiday_O.AAE", "holiday.heic"),
        ("MVI_0314.THM", "MVI_0314.AVI"),
        ("IMG_1.jpg.json", "IMG_1.jpg"),
        ("P.jpg.supplemental-metadata.json", "P.jpg"),
        ("P.jpg.supple.json", "P.jpg"),
        ("P.jpg.s.json", "P.jpg"),
        ("P.jpg..json", "P.jpg"),
        ("DSC.JPG(1).json", "DSC(1).JPG"),
        ("DSC.JPG.supplemental-metadata(1).json", "DSC(1).JPG"),
        ("DSC.JPG(1).supplemental-metadata.json", "DSC(1).JPG"),
        ("DSC(1).JPG.supplemental-metadata.json", "DSC(1).JPG"),
        ("St James Park_edited.jpg.json", "St James Park_edited.jpg"),
    ],
)
def test_a_sidecar_finds_the_file_it_was_written_for(sidecar, media):
    assert partner_of(sidecar, "another.jpg", media, "zzz.mov") == media


@pytest.mark.parametrize(
    ("sidecar", "media"),
    [
        ("DSC.JPG.json", "DSC(1).JPG"),
        ("DSC.JPG(2).json", "DSC(1).JPG"),
        ("DSC.JPG(1).json", "DSC.JPG"),
        ("metadata.json", "IMG_1.jpg"),
        ("IMG_1.xmp", "IMG_10.jpg"),
        ("IMG_1", "IMG_1.jpg"),
        (".xmp", ".jpg"),
    ],
)
def test_a_sidecar_never_takes_a_file_that_is_merely_named_alike(sidecar, media):
    assert partner_of(sidecar, media) is None


def test_of_two_with_one_stem_the_raw_is_meant():
    assert partner_of("DSC_1.xmp", "DSC_1.JPG", "DSC_1.NEF") == "DSC_1.NEF"


def test_a_name_that_was_cut_to_51_characters_finds_its_file():
    media = "a" * 47 + ".jpg"

    assert partner_of(media[:46] + ".json", media) == media


def test_a_cut_name_that_fits_two_files_finds_neither():
    assert partner_of("a" * 46 + ".json", "a" * 46 + "b.jpg", "a" * 46 + "c.jpg") is None


def test_a_short_name_was_not_cut():
    assert partner_of("IMG.json", "IMG_1.jpg") is None
