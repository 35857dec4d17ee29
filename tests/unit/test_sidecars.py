"""Which media file each sidecar of a folder is attached to."""

from __future__ import annotations

import unicodedata

import pytest
from builders import fact
from hypothesis import given
from hypothesis import strategies as st
from strategies import names

from indexer.grouping.sidecars import attached
from indexer.model import FolderId, Kind, Tags
from indexer.paths import to_bytes, to_str

KINDS = {
    "thm": Kind.SIDECAR, "srt": Kind.SIDECAR, "xml": Kind.SIDECAR, "wav": Kind.AUDIO,
    "mp3": Kind.AUDIO, "avi": Kind.VIDEO, "lrv": Kind.VIDEO, "crw": Kind.RAW, "gif": Kind.PICTURE,
    "tif": Kind.PICTURE, "mp": Kind.VIDEO,
}  # fmt: skip


def row(name, number, **changes):
    ending = (to_str(name) if isinstance(name, bytes) else name).rpartition(".")[2].casefold()
    if ending in KINDS:
        changes = {"kind": KINDS[ending], "extension": ending, **changes}
    return fact(name, file=number, **changes)


def pairs(*files, tags=None, titles=None):
    """Sidecar to the file that it is attached to, by their names."""
    rows = [row(name, number) for number, name in enumerate(files, 1)]
    contents = {r.name: r.content for r in rows}
    said = {contents[to_bytes(name)]: own for name, own in (tags or {}).items()}
    for name, title in (titles or {}).items():
        said[contents[to_bytes(name)]] = Tags(all={"JSON:Title": title})
    by_file = {r.file: to_str(r.name) for r in rows}
    return {
        to_str(sidecar.name): by_file[media]
        for media, sidecars in attached(rows, said).items()
        for sidecar in sidecars
    }


@pytest.mark.parametrize(
    ("sidecar", "media"),
    [
        ("IMG_1234.AAE", "IMG_1234.HEIC"),
        ("IMG_O1234.AAE", "IMG_1234.HEIC"),
        ("IMG_O1234(1).AAE", "IMG_1234(1).HEIC"),
        ("IMG_E1234.AAE", "IMG_E1234.JPG"),
        ("holiday_O.aae", "holiday.heic"),
        ("IMG_1.JPG.xmp", "IMG_1.JPG"),
        ("IMG_1.xmp", "IMG_1.JPG"),
        ("IMG_1_02.NEF.xmp", "IMG_1.NEF"),
        ("MVI_0314.THM", "MVI_0314.AVI"),
        ("CRW_0305.THM", "CRW_0305.CRW"),
        ("CLP00002.THM", "CLP00002.GIF"),
        ("DJI_0001.SRT", "DJI_0001.MP4"),
        ("C0001M01.XML", "C0001.MP4"),
        ("20230101_C0001M01.XML", "20230101_C0001.MP4"),
        ("DSC_0001.WAV", "DSC_0001.NEF"),
    ],
)
def test_a_sidecar_finds_the_file_that_it_was_written_for(sidecar, media):
    assert pairs("another.jpg", sidecar, media, "zzz.mov") == {sidecar: media}


@pytest.mark.parametrize(
    ("sidecar", "media"),
    [
        ("IMG_E1234.AAE", "IMG_1234.HEIC"),
        ("IMG_1.xmp", "IMG_10.jpg"),
        ("IMG_1.NEF.xmp", "IMG_1.JPG"),
        ("IMG_1.SRT", "IMG_1.JPG"),
        ("C0001M01.XML", "C0001.JPG"),
        ("C0001.XML", "C0001.MP4"),
        ("song.wav", "song.jpg"),
        ("DSC_0001.mp3", "DSC_0001.JPG"),
        (".xmp", ".jpg"),
        ("IMG_1", "IMG_1.jpg"),
    ],
)
def test_a_sidecar_never_takes_a_file_that_is_merely_named_alike(sidecar, media):
    assert pairs(sidecar, media) == {}


def test_a_sidecar_stays_in_its_folder():
    media = row("IMG_1.JPG", 1)
    sidecar = row("IMG_1.xmp", 2, folder=FolderId(2))

    assert attached([media, sidecar], {}) == {}


@pytest.mark.parametrize(
    ("sidecar", "media", "others"),
    [
        ("IMG_1.AAE", "IMG_1.HEIC", ["IMG_1.MOV"]),
        ("IMG_1.AAE", "IMG_1.JPG", ["IMG_1.MOV"]),
        ("IMG_1.xmp", "IMG_1.NEF", ["IMG_1.JPG", "IMG_1.DNG"]),
        ("IMG_1.xmp", "IMG_1.DNG", ["IMG_1.JPG"]),
        ("IMG_1.JPG.xmp", "IMG_1.JPG", ["IMG_1.NEF"]),
        ("GOPR0001.THM", "GOPR0001.MP4", ["GOPR0001.LRV"]),
        ("MVI_1.THM", "MVI_1.AVI", ["MVI_1.JPG"]),
        ("DSC_0001.WAV", "DSC_0001.NEF", ["DSC_0001.JPG"]),
    ],
)
def test_of_several_with_one_stem_the_cameras_own_is_meant(sidecar, media, others):
    assert pairs(*others, sidecar, media) == {sidecar: media}
    assert pairs(media, sidecar, *others) == {sidecar: media}


def test_an_xmp_may_say_which_of_several_it_is_for():
    says = {"DSC_1.xmp": Tags(all={"XMP-photoshop:SidecarForExtension": "JPG"})}

    assert pairs("DSC_1.NEF", "DSC_1.JPG", "DSC_1.xmp", tags=says) == {"DSC_1.xmp": "DSC_1.JPG"}


def test_an_xmp_for_a_raw_that_became_a_dng_is_the_dngs():
    says = {"DSC_1.xmp": Tags(all={"XMP-photoshop:SidecarForExtension": "CR2"})}

    assert pairs("DSC_1.DNG", "DSC_1.xmp", tags=says) == {"DSC_1.xmp": "DSC_1.DNG"}


def test_exif_names_the_sound_that_was_spoken_to_a_picture():
    says = {"IMG_0001.JPG": Tags(all={"ExifIFD:RelatedSoundFile": "SND_0001.WAV"})}

    assert pairs("IMG_0001.JPG", "SND_0001.WAV", tags=says) == {"SND_0001.WAV": "IMG_0001.JPG"}


def test_both_forms_of_unicode_and_any_case_are_one_name():
    media = "É.JPG"
    sidecar = unicodedata.normalize("NFD", "é.jpg.XMP")

    assert pairs(sidecar, media) == {sidecar: media}


def test_of_two_that_differ_in_case_the_one_that_is_spelled_alike_is_meant():
    files = ["IMG_1.JPG", "img_1.jpg", "IMG_1.JPG.json", "img_1.jpg.json", "img_1.xmp"]

    assert pairs(*files) == {
        "IMG_1.JPG.json": "IMG_1.JPG", "img_1.jpg.json": "img_1.jpg", "img_1.xmp": "img_1.jpg",
    }  # fmt: skip


# --- Google Takeout ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sidecar", "media"),
    [
        ("P.jpg.json", "P.jpg"),
        ("P.jpg.supplemental-metadata.json", "P.jpg"),
        ("P.jpg.supple.json", "P.jpg"),
        ("P.jpg.s.json", "P.jpg"),
        ("P.jpg..json", "P.jpg"),
        ("DSC.JPG(1).json", "DSC(1).JPG"),
        ("DSC.JPG.supplemental-metadata(1).json", "DSC(1).JPG"),
        ("DSC.JPG.suppl(1).json", "DSC(1).JPG"),
        ("DSC.JPG(1).supplemental-metadata.json", "DSC(1).JPG"),
        ("DSC(1).JPG.supplemental-metadata.json", "DSC(1).JPG"),
        ("DSC(1).JPG.json", "DSC(1).JPG"),
        ("DSC(1).JPG(2).json", "DSC(1)(2).JPG"),
        ("upload.json", "upload.jpg"),
        ("IMG_1", "IMG_1"),
        ("P.jpg.json", "P-edited.jpg"),
        ("P.jpg.json", "P-ha editado.jpg"),
        ("P.jpg.json", unicodedata.normalize("NFD", "P-modifié.jpg")),
        ("PXL_20220405_090123740.PORTRAIT.jpg.json", "PXL_20220405_090123740.PORTRAIT-modifié.jpg"),
        ("IMG_1.HEIC.json", "IMG_1.MP4"),
        ("IMG_1.HEIC(1).json", "IMG_1(1).MP4"),
        ("PXL_20231118_035751175.MP.jpg.json", "PXL_20231118_035751175.MP"),
        ("PXL_20210102_221126856.MP~2.jpg.json", "PXL_20210102_221126856.MP~2.jpg"),
        # From the tests of immich-go.
        (
            "PXL_20230809_203449253.LONG_EXPOSURE-02.ORIGIN.json",
            "PXL_20230809_203449253.LONG_EXPOSURE-02.ORIGINA.jpg",
        ),
        (
            "05yqt21kruxwwlhhgrwrdyb6chhwszi9bqmzu16w0 2.jp.json",
            "05yqt21kruxwwlhhgrwrdyb6chhwszi9bqmzu16w0 2.jpg",
        ),
        (
            "😀😃😄😁😆😅😂🤣🥲☺️😊😇🙂🙃😉😌😍🥰😘😗😙😚😋.json",
            "😀😃😄😁😆😅😂🤣🥲☺️😊😇🙂🙃😉😌😍🥰😘😗😙😚😋😛.jpg",
        ),
        (
            "Backyard_ceremony_wedding_photography_xxxxxxx_(494).json",
            "Backyard_ceremony_wedding_photography_xxxxxxx_m(494).jpg",
        ),
        (
            "13039_327707840323_537645323_9470255_27214_n.j(1).json",
            "13039_327707840323_537645323_9470255_27214_n(1).jpg",
        ),
        (
            "original_1d4caa6f-16c6-4c3d-901b-9387de10e528_.json",
            "original_1d4caa6f-16c6-4c3d-901b-9387de10e528_P.jpg",
        ),
        (
            "original_1d4caa6f-16c6-4c3d-901b-9387de10e528_.json",
            "original_1d4caa6f-16c6-4c3d-901b-9387de10e528_P(1).jpg",
        ),
    ],
)
def test_takeouts_json_finds_its_picture(sidecar, media):
    if sidecar == media:  # a picture that lost its extension
        sidecar = f"{media}.json"
        rows = [row(media, 1, kind=Kind.PICTURE, extension="jpg"), row(sidecar, 2)]
        assert [s.name for s in attached(rows, {})[rows[0].file]] == [to_bytes(sidecar)]
        return
    assert pairs("another.jpg", sidecar, media, "zzz.mov") == {sidecar: media}


@pytest.mark.parametrize(
    ("sidecar", "media"),
    [
        ("DSC.JPG.json", "DSC(1).JPG"),
        ("DSC.JPG(2).json", "DSC(1).JPG"),
        ("DSC.JPG(1).json", "DSC.JPG"),
        ("DSC_0104.JPG.json", "DSC_0104-edited(1).JPG"),
        ("metadata.json", "IMG_1.jpg"),
        ("IMG.json", "IMG_1.jpg"),
        ("PXL_20211013_220651983.jpg.json", "PXL_20211013_220651958.jpg"),
        (
            "PXL_20220405_090123740.PORTRAIT.jpg.json",
            "PXL_20220405_090123741.PORTRAIT-modifié.jpg",
        ),
        (
            "Backyard_ceremony_wedding_photography_xxxxxxx_(494).json",
            "Backyard_ceremony_wedding_photography_xxxxxxx_m(185).jpg",
        ),
    ],
)
def test_takeouts_json_takes_no_other_picture(sidecar, media):
    assert pairs(sidecar, media) == {}


def test_takeouts_counters_swap_without_mixing():
    files = ["DSC.JPG", "DSC(1).JPG", "DSC(2).JPG", "DSC.JPG.json", "DSC.JPG(1).json"]

    assert pairs(*files, "DSC.JPG(2).json") == {
        "DSC.JPG.json": "DSC.JPG", "DSC.JPG(1).json": "DSC(1).JPG", "DSC.JPG(2).json": "DSC(2).JPG",
    }  # fmt: skip


def test_a_live_photo_has_one_json_and_it_is_the_stills():
    assert pairs("IMG_1.HEIC", "IMG_1.MP4", "IMG_1.HEIC.json") == {"IMG_1.HEIC.json": "IMG_1.HEIC"}


def test_an_edit_leaves_the_json_to_what_was_edited():
    assert pairs("P.jpg", "P-edited.jpg", "P.jpg.json") == {"P.jpg.json": "P.jpg"}


def test_two_exports_in_one_folder_leave_two_jsons_of_one_picture():
    found = pairs("P.jpg", "P.jpg.json", "P.jpg.supplemental-metadata.json")

    assert set(found.values()) == {"P.jpg"}
    assert len(found) == 2


def test_a_cut_name_that_fits_two_is_told_by_the_title():
    media, other, json = "a" * 46 + "b.jpg", "a" * 46 + "c.jpg", "a" * 46 + ".json"

    assert pairs(media, other, json) == {}
    assert pairs(media, other, json, titles={json: media}) == {json: media}


def test_a_title_finds_what_the_name_does_not():
    json = "IMG_4547.jpg.google_json.json"

    assert pairs("IMG_4547.jpg", json) == {}
    assert pairs("IMG_4547.jpg", json, titles={json: "IMG_4547.jpg"}) == {json: "IMG_4547.jpg"}


def test_a_title_does_not_take_a_picture_that_has_its_json():
    files = ["P.jpg", "P.jpg.json", "copied.json"]

    assert pairs(*files, titles={"copied.json": "P.jpg"}) == {"P.jpg.json": "P.jpg"}


def test_a_json_about_another_picture_is_not_attached():
    assert pairs("P.jpg", "P.jpg.json", titles={"P.jpg.json": "IMG_7.JPG"}) == {}


@pytest.mark.parametrize(
    ("title", "media"),
    [
        ("Bob's & Ann's.jpg", "Bob_s _ Ann_s.jpg"),
        ("Bob&#39;s.jpg", "Bob_s.jpg"),
        ("IMG_1.HEIC", "IMG_1.jpg"),
        ("IMG_1", "IMG_1.jpg"),
        ("IMG.jpg", "IMG(2).jpg"),
        ("P.jpg", "P-edited.jpg"),
        ("St.Ives", "St.Ives.jpg"),
        ("été.jpg", "Ã©tÃ©.jpg"),
        ("x" * 60 + ".jpg", "x" * 47 + ".jpg"),
    ],
)
def test_a_title_that_google_or_an_unpacker_changed_still_agrees(title, media):
    stem, _, extension = media.rpartition(".")
    json = f"{media}.json" if "(2)" not in stem else f"{stem[:-3]}.{extension}(2).json"
    json = f"{media[:46]}.json" if len(media) > 46 else json
    json = "P.jpg.json" if "edited" in media else json

    assert pairs(media, json, titles={json: title}) == {json: media}


# --- any names ---------------------------------------------------------------------------


ENDINGS = [b"", b".json", b".xmp", b".AAE", b".THM", b".wav", b"(1).json", b"-edited.jpg"]
FOLDERS = st.sets(st.builds(lambda n, end: n[:240] + end, names(), st.sampled_from(ENDINGS)))


@given(FOLDERS)
def test_each_sidecar_is_attached_once_at_most_and_to_media_of_its_folder(wild):
    rows = [row(name, number) for number, name in enumerate(sorted(wild), 1)]
    found = attached(rows, {})
    media = {r.file for r in rows if r.kind not in (Kind.SIDECAR, Kind.OTHER)}
    sidecars = [s.file for some in found.values() for s in some]

    assert len(sidecars) == len(set(sidecars))
    assert set(found) <= media
    assert attached(rows[::-1], {}) == found
