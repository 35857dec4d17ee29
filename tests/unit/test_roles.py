"""What each member is to its original; an edit is never called a copy that may go."""

from __future__ import annotations

import io

import pytest
from builders import camera, digest, look, looks, picture, subject
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from indexer.grouping.looks import UNSEEN
from indexer.model import Role, Tags
from indexer.originals.roles import role_of
from indexer.perceptual.image_hash import fingerprint

SMALL = {"width_px": 2016, "height_px": 1512}
ORIGINAL = subject("IMG_1.HEIC")


def role(member, original=ORIGINAL, seen=UNSEEN) -> Role:
    return role_of(member, original, seen)[0]


def seen_as(image: Image.Image, **changes) -> Role:
    """The role of a JPEG of the original's shot that shows this."""
    member = subject("IMG_1.JPG", file=2, **changes)
    return role(member, seen=looks((ORIGINAL, fingerprint(_large())), (member, fingerprint(image))))


def _large() -> Image.Image:
    return picture(1).resize((960, 720), Image.Resampling.BICUBIC)


# --- by what it is ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["IMG_E0001.JPG", "IMG_0001-edited.JPG"])
def test_what_is_named_as_an_edit_is_one(name):
    assert role(subject(name, file=2), subject("IMG_0001.HEIC")) is Role.EDIT


def test_an_edit_stays_an_edit_whatever_else_it_is():
    edit = subject("IMG_E0001.JPG", file=2, payload=digest(9), **SMALL)

    assert role(edit, subject("IMG_0001.JPG", payload=digest(9))) is Role.EDIT


def test_beside_another_edit_it_is_judged_by_its_picture():
    edit = subject("IMG_E0001.JPG", file=2, payload=digest(9))

    assert role(edit, subject("IMG_E0001 (1).JPG", payload=digest(9))) is Role.SAME_PAYLOAD


def test_equal_picture_data_is_told():
    member = subject("b.jpg", file=2, payload=digest(9))

    assert role(member, subject("a.jpg", payload=digest(9))) is Role.SAME_PAYLOAD


def test_the_film_of_a_still_is_its_moving_half():
    assert role(subject("IMG_1.MOV", Tags(), file=2)) is Role.LIVE_VIDEO


def test_what_a_camera_writes_beside_its_raw_is_its_companion():
    assert role(subject("DSC_1.JPG", file=2), subject("DSC_1.NEF")) is Role.RAW_COMPANION


def test_a_second_raw_is_no_companion():
    assert role(subject("DSC_1.DNG", file=2), subject("DSC_1.NEF")) is Role.REENCODED


@pytest.mark.parametrize(
    "tags",
    [
        camera(software="Adobe Photoshop Lightroom Classic 9.2 (Macintosh)"),
        camera(derived_from="xmp.did:A"),
    ],
)
def test_what_an_editor_made_of_a_raw_is_no_companion_of_the_camera(tags):
    raw = subject("DSC_1.NEF", camera(document_id="xmp.did:A"))

    assert role(subject("DSC_1.JPG", tags, file=2), raw) is not Role.RAW_COMPANION


def test_a_librarys_picture_for_the_screen_is_a_preview():
    uuid = "E9BC5C36-7CD1-40A1-A72B-8B8FAC227D51"
    member = subject(
        f"{uuid}_4_5005_c.jpeg", file=2, folder_path=b"L.photoslibrary/resources/derivatives/E"
    )

    assert role(member) is Role.PREVIEW


def test_fewer_pixels_in_one_shape_are_a_smaller_copy():
    assert role(subject("a.jpg", file=2, **SMALL)) is Role.RESIZED


def test_as_many_pixels_in_another_format_are_a_reencoding():
    assert role(subject("a.jpg", file=2)) is Role.REENCODED


def test_a_film_that_shows_only_a_part_is_no_mere_reencoding():
    # Whatever was cut off is lost with the longer one, and the cut is a person's work.
    film = subject("IMG_1.MOV", duration_ms=60_000)

    assert role(subject("IMG_1-cut.MOV", file=2, duration_ms=20_000), film) is Role.EDIT


def test_every_role_says_why():
    assert role_of(subject("a.jpg", file=2), ORIGINAL)[1] == (
        "It shows the same shot in another compression or format."
    )


# --- by what it shows -------------------------------------------------------------------------


@pytest.mark.parametrize("quality", [95, 80, 60])
def test_another_compression_is_no_edit(quality):
    buffer = io.BytesIO()
    _large().save(buffer, "JPEG", quality=quality)

    assert seen_as(Image.open(io.BytesIO(buffer.getvalue()))) is Role.REENCODED


def test_a_smaller_copy_is_no_edit():
    assert seen_as(_large().resize((480, 360)), **SMALL) is Role.RESIZED


def test_a_picture_squeezed_into_another_shape_is_a_smaller_copy():
    assert seen_as(_large().resize((480, 480)), width_px=1000, height_px=1000) is Role.RESIZED


@pytest.mark.parametrize(
    ("how", "size"),
    [
        (ImageOps.grayscale, {}),
        (lambda i: i.crop((0, 0, 800, 600)), {"width_px": 3360, "height_px": 2520}),
        (lambda i: i.crop((200, 150, 700, 600)), {"width_px": 2100, "height_px": 1890}),
        (lambda i: i.rotate(4, resample=Image.Resampling.BICUBIC), {}),
        (lambda i: i.transpose(Image.Transpose.ROTATE_90), {"width_px": 3024, "height_px": 4032}),
        (ImageOps.mirror, {}),
        (lambda i: ImageOps.posterize(i, 2), {}),
        (ImageOps.solarize, {}),
    ],
    ids=["grey", "cropped", "cut-out", "tilted", "turned", "mirrored", "posterized", "solarized"],
)
def test_what_a_person_changed_is_an_edit(how, size):
    assert seen_as(how(_large()), **size) is Role.EDIT


def test_words_drawn_into_it_are_an_edit():
    image = _large()
    ImageDraw.Draw(image).rectangle((300, 200, 420, 260), fill="white")

    assert seen_as(image) is Role.EDIT


@pytest.mark.parametrize("factor", [0.5, 1.6])
def test_a_picture_made_darker_or_brighter_is_an_edit(factor):
    # Not what an encoder or a profile does: more than a tenth of all light.
    assert seen_as(ImageEnhance.Brightness(_large()).enhance(factor)) is Role.EDIT


def test_a_picture_nobody_saw_is_not_called_an_edit():
    member = subject("IMG_1.JPG", file=2)

    assert role(member, seen=looks((ORIGINAL, look(1)))) is Role.REENCODED
