"""Make facts of pictures and films: hostile bytes in, Picture and Film out.

Opens no file and writes none. Limits of time and of the process are set from outside
(worker.py, pool.py); limits of pixels are kept here, before anything is allocated.
What a file states about its own length is wholeness.py; hashes are perceptual/image_hash.py.

av, rawpy and pillow_heif are imported where they are used: together they take a quarter of a
second, which a worker that only meets JPEGs need not spend.
"""

from __future__ import annotations

import io
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from PIL import Image, ImageFile, UnidentifiedImageError

from indexer.model import Film, Kind, Picture
from indexer.perceptual.image_hash import SHARPNESS_EDGE, fingerprint, profile_of
from indexer.read.limits import PILLOW_FORMATS, Limits, Truncated, Undecodable
from indexer.read.pixels import is_exact, is_one_frame, pixels_of
from indexer.read.tiles import reduced
from indexer.read.wholeness import broken_segment, has_boxes, has_strips, missing_end

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexer.metadata.sniff import Sniffed

_PILLOW_MIMES: Final = frozenset(
    f"image/{name}"
    for name in (
        *("jpeg", "png", "webp", "tiff", "gif", "bmp", "x-ms-bmp", "avif"),
        *("jp2", "jpx", "jpm", "j2k"),
    )
)
_DNG_MIMES: Final = ("image/x-adobe-dng", "image/x-dng")
_HEIF_PREFIXES: Final = ("image/heic", "image/heif")

_ORIENTATION_TAG: Final = 0x0112
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS: Final = frozenset({5, 6, 7, 8})
_LIBRAW_FLIPS: Final = {3: 3, 5: 8, 6: 6}  # LibRaw's flip to EXIF's orientation
_FILM_TURNS: Final = {90: 8, 180: 3, 270: 6}  # degrees against the clock to EXIF's orientation

# A 4032 px picture at 1/8 is 504 px. Asking for 512 would decode it at 1/4, at twice the cost,
# to gain nothing: both are averaged down to the same edge.
_DRAFT_EDGE: Final = 500
# A frame well inside the film: the first one is often black or a title.
_FRAME_AT: Final = 0.1
# Key frames lie at other places in every encoding of a film, so we decode on to the moment.
_MOST_FRAMES: Final = 64
_FRAME_EDGE: Final = 2 * SHARPNESS_EDGE
_LONGEST_CLAUSE: Final = 200


def decode_picture(
    data: bytes | bytearray | memoryview, sniffed: Sniffed, limits: Limits
) -> Picture | None:
    """The facts of a picture or RAW; None where we have no decoder for a sound format (JXL).

    Raises Undecodable or Truncated and, whatever the bytes are, nothing else.
    """
    with _quiet():
        lacks = _lacking(io.BytesIO(data))
        with _truncated_if(lacks), _named_failures():
            picture = _decoded(data, sniffed, limits, lacks)
    # libheif, and LibRaw over lossy DNGs, take half a picture without a word; the other decoders
    # speak up themselves, and know better.
    if lacks and (has_boxes(bytes(data[:8])) or sniffed.mime in _DNG_MIMES):
        raise Truncated(lacks, picture=picture)
    return picture


def decode_film(stream: BinaryIO, _sniffed: Sniffed, limits: Limits) -> tuple[Film, Picture | None]:
    """The facts of a film and of one frame a tenth into it; no picture where it is only sound.

    Raises Undecodable or Truncated and, whatever the bytes are, nothing else.
    """
    with _quiet():
        lacks = _lacking(stream)
        stream.seek(0)
        with _truncated_if(lacks), _named_failures():
            film, picture = _film(stream, limits)
    if lacks:
        raise Truncated(lacks, film=film, picture=picture)
    return film, picture


def _decoded(data: Any, sniffed: Sniffed, limits: Limits, lacks: str | None) -> Picture | None:
    if sniffed.kind is Kind.RAW:
        return _raw(data, limits, lacks)
    if sniffed.mime.startswith(_HEIF_PREFIXES) and not _has_av1(data):
        return _heif(data, limits, lacks)
    if sniffed.mime in _PILLOW_MIMES or sniffed.mime.startswith(_HEIF_PREFIXES):
        return _pillow(data, limits)
    return None


# Pillow: JPEG, PNG, WEBP, TIFF, GIF, BMP, AVIF, JPEG 2000


def _pillow(data: Any, limits: Limits) -> Picture:
    try:
        return _pillow_facts(data, limits)
    except OSError as failure:
        if "truncated" not in str(failure):
            raise
        with _leniently():
            picture = _what_is_there(data, limits)
        raise Truncated(_clause(failure), picture=picture) from failure


def _what_is_there(data: Any, limits: Limits) -> Picture | None:
    try:
        return _pillow_facts(data, limits)
    except (OSError, ValueError, SyntaxError):
        return None


def _pillow_facts(data: Any, limits: Limits) -> Picture:
    image = _opened(data)
    full, has_all = image.size, is_exact(image)
    width, height = full
    _within(width, height, limits)  # first of all: a PNG is decoded to find its orientation
    orientation = _orientation(image)
    turned_by_pillow = image.format == "TIFF"  # Pillow turns TIFFs, and only those, in load()
    if turned_by_pillow and orientation in _SIDEWAYS:
        width, height = height, width
    longest = max(width, height)
    image.draft("RGB", (width * _DRAFT_EDGE // longest, height * _DRAFT_EDGE // longest))
    is_reduced = image.size != full
    image.load()
    turn = None if turned_by_pillow else _TURNS.get(orientation or 1)
    look = fingerprint(image, full if is_reduced else None, turn)
    has_all = has_all and not is_reduced and (image.format != "GIF" or is_one_frame(data))
    upright = image if turn is None or not has_all else image.transpose(turn)
    pixels = pixels_of(upright) if has_all else None
    return Picture(width, height, orientation, look, pixels, profile_of(image))


def _opened(data: Any) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=PILLOW_FORMATS)
    except UnidentifiedImageError:
        # One metadata segment with a wrong length and Pillow gives up on a picture that every
        # viewer shows. Take the broken part out; what lies before it and after it is kept.
        broken = broken_segment(io.BytesIO(data))
        if broken is None:
            raise
        raw = bytes(data)
        return Image.open(io.BytesIO(raw[: broken[0]] + raw[broken[1] :]), formats=("JPEG",))


def _orientation(image: Image.Image) -> int | None:
    try:
        value = image.getexif().get(_ORIENTATION_TAG)
    except (SyntaxError, ValueError, TypeError, LookupError, OSError):
        return None  # broken metadata around a sound picture
    return _known_orientation(value)


def _known_orientation(value: object) -> int | None:
    return value if isinstance(value, int) and (value == 1 or value in _TURNS) else None


def _turned(image: Image.Image, orientation: int | None) -> Image.Image:
    turn = _TURNS.get(orientation or 1)
    return image if turn is None else image.transpose(turn)


# HEIF


def _has_av1(data: Any) -> bool:
    """AVIF under the common brand `mif1`: our libheif has no AV1 decoder, Pillow has."""
    brands = bytes(data[8 : min(int.from_bytes(data[:4], "big"), 256)])
    return any(brands[i : i + 4] in (b"avif", b"avis") for i in range(0, len(brands), 4))


def _heif(data: Any, limits: Limits, lacks: str | None) -> Picture:
    """Sizes are those with the container's turn applied; nothing is left to turn.

    EXIF's orientation in a HEIF repeats that turn and must not be obeyed again, so it is None.
    """
    import pillow_heif

    # Workers are as many as processors already.
    pillow_heif.options.DECODE_THREADS = 1
    # bytes: libheif's binding takes nothing else, and this copy costs 1 ms
    file = pillow_heif.open_heif(bytes(data), convert_hdr_to_8bit=True)
    main = file[file.primary_index]
    width, height = main.size
    _within(width, height, limits)
    small = None if lacks else reduced(data, limits)
    if small is None or small.upright_size != (width, height):
        return _whole_heif(main)
    small.image.info["icc_profile"] = main.info.get("icc_profile")
    look = fingerprint(small.image, small.full, small.turn)
    return Picture(width, height, None, look, None, profile_of(small.image))


def _whole_heif(main: Any) -> Picture:
    """By libheif, which knows every kind and takes twice as long."""
    image = main.to_pillow()
    is_cut = main.info["bit_depth"] != 8  # noqa: PLR2004 - bits; deeper ones were cut to it
    pixels = None if is_cut else pixels_of(image)
    width, height = image.size
    return Picture(width, height, None, fingerprint(image), pixels, profile_of(image))


# RAW


def _raw(data: Any, limits: Limits, lacks: str | None) -> Picture:
    """Sizes of the sensor's picture, fingerprint of the preview the camera embedded."""
    import rawpy

    with rawpy.imread(io.BytesIO(data)) as raw:
        sizes = raw.sizes
        orientation = _LIBRAW_FLIPS.get(sizes.flip, 1)
        width = sizes.crop_width or sizes.width
        height = sizes.crop_height or sizes.height
        _within(width, height, limits)
        preview = _preview(raw, rawpy, limits)
        upright = _upright_preview(preview, orientation, wide=width >= height)
        picture = Picture(width, height, orientation, fingerprint(upright) if upright else None)
        head = bytes(data[:8])
        if lacks or not (has_boxes(head) or has_strips(head)):
            _expect_all(raw, rawpy, picture, lacks or "the sensor's data ends too early")
    return picture


def _preview(raw: Any, rawpy: Any, limits: Limits) -> Image.Image | None:
    try:
        thumb = raw.extract_thumb()
    except (rawpy.LibRawNoThumbnailError, rawpy.LibRawUnsupportedThumbnailError):
        return _developed(raw, rawpy)
    except rawpy.LibRawError:
        return None
    if thumb.format is not rawpy.ThumbFormat.JPEG:
        return Image.fromarray(thumb.data)
    image = Image.open(io.BytesIO(thumb.data), formats=("JPEG",))
    _within(*image.size, limits)
    with _leniently():  # a broken preview is no damage of the RAW
        image.draft("RGB", (_DRAFT_EDGE, _DRAFT_EDGE))
        image.load()
    return image


def _developed(raw: Any, rawpy: Any) -> Image.Image | None:
    """The picture itself at half size, for the few cameras that embed no preview."""
    try:
        pixels = raw.postprocess(half_size=True, use_camera_wb=True, user_flip=0)
    except rawpy.LibRawError:
        return None
    return Image.fromarray(pixels)


def _upright_preview(
    preview: Image.Image | None, orientation: int, *, wide: bool
) -> Image.Image | None:
    """Previews lie as the sensor does, but some programs store them upright already."""
    if preview is None:
        return None
    preview_is_wide = preview.width >= preview.height
    if orientation in _SIDEWAYS and preview_is_wide != wide:
        return preview
    return _turned(preview, orientation)


def _expect_all(raw: Any, rawpy: Any, picture: Picture, says: str) -> None:
    """Read the sensor's data where the format is silent or suspicious about its end.

    It costs 50 to 300 ms, so a RAW that states its length and has it is spared.
    """
    try:
        raw.unpack()
    except (rawpy.LibRawIOError, rawpy.LibRawDataError) as failure:
        raise Truncated(says, picture=picture) from failure


# Films and sound


def _film(stream: BinaryIO, limits: Limits) -> tuple[Film, Picture | None]:
    import av

    av.logging.set_level(None)
    with av.open(stream, mode="r", metadata_errors="ignore") as container:
        tracks = [*_moving(container), *container.streams.audio]
        if not tracks:
            raise Undecodable("a container without pictures or sound")
        film = _container_facts(container, tracks[0])
        videos = _moving(container)
        return film, _frame_facts(container, videos[0], film, limits) if videos else None


def _moving(container: Any) -> list[Any]:
    """Video streams that are no cover picture of a song."""
    import av

    cover = av.stream.Disposition.attached_pic
    return [s for s in container.streams.video if not s.disposition & cover]


def _container_facts(container: Any, track: Any) -> Film:
    duration = container.duration  # microseconds
    rate = track.average_rate if track.type == "video" else None
    context = track.codec_context
    return Film(
        duration_ms=round(duration / 1000) if duration and duration > 0 else None,
        codec=context.codec.canonical_name if context else None,
        frame_rate=float(rate) if rate else None,
    )


def _frame_facts(container: Any, video: Any, film: Film, limits: Limits) -> Picture | None:
    context = video.codec_context  # None where FFmpeg has no decoder: that is no damage
    if context is None or not context.width or not context.height:
        return None
    _within(context.width, context.height, limits)
    context.thread_count = 1  # workers are as many as processors already
    frame = _frame(container, video)
    if frame is None:
        raise Truncated("no frame can be decoded", film=film)
    orientation = _FILM_TURNS.get(round(frame.rotation) % 360)
    scale = min(1.0, _FRAME_EDGE / max(frame.width, frame.height))
    image = frame.to_image(
        width=max(1, round(frame.width * scale)), height=max(1, round(frame.height * scale))
    )
    upright = _turned(image, orientation)
    return Picture(context.width, context.height, orientation, fingerprint(upright))


def _frame(container: Any, video: Any) -> Any:
    """The frame at a tenth; where one cannot get there, the first that decodes."""
    start = container.start_time or 0
    moment = start + int(container.duration * _FRAME_AT) if container.duration else start
    return _frame_from(container, video, moment) or _frame_from(container, video, start)


def _frame_from(container: Any, video: Any, moment: int) -> Any:
    import av

    found = None
    try:
        container.seek(moment, backward=True)
        for number, frame in enumerate(container.decode(video)):
            found = frame
            if number >= _MOST_FRAMES or (frame.time or 0) * 1_000_000 >= moment:
                break
    except (av.FFmpegError, EOFError):
        return found  # the end of what is there
    return found


# Around every decoder


def _within(width: int, height: int, limits: Limits) -> None:
    if width < 1 or height < 1:  # a HEIC without `ispe`: libheif decodes it, and says 0 x 0
        says = f"{width} x {height} pixels are no picture"
        raise Undecodable(says)
    if width * height > limits.pixels:
        says = f"{width} x {height} pixels is over the limit of {limits.pixels}"
        raise Undecodable(says)


def _lacking(stream: BinaryIO) -> str | None:
    with _named_failures():
        return missing_end(stream)


@contextmanager
def _truncated_if(lacks: str | None) -> Iterator[None]:
    """What cannot be decoded because its end is missing is truncated, not nonsense."""
    try:
        yield
    except Undecodable as failure:
        if lacks:
            raise Truncated(lacks) from failure
        raise


@contextmanager
def _named_failures() -> Iterator[None]:
    """Whatever a library raises over hostile bytes becomes one clause."""
    try:
        yield
    except (Undecodable, Truncated):
        raise
    except UnidentifiedImageError as failure:
        # Its text holds an address in memory, which would differ in every run.
        raise Undecodable("no decoder recognises the picture") from failure
    except MemoryError as failure:
        raise Undecodable("decoding takes too much memory") from failure
    except Exception as failure:  # decoders raise anything from SyntaxError to struct.error
        raise Undecodable(_clause(failure)) from failure


def _clause(failure: BaseException) -> str:
    said = failure.args[0] if failure.args else ""
    # rawpy hands LibRaw's words on as bytes
    said = said.decode("ascii", "replace") if isinstance(said, bytes) else str(failure)
    text = " ".join(said.split()) or type(failure).__name__
    return "".join(c for c in text if c.isprintable())[:_LONGEST_CLAUSE]


@contextmanager
def _quiet() -> Iterator[None]:
    """No warnings, and Pillow's own pixel limit off: ours names the size and has one number."""
    pixels = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = pixels


@contextmanager
def _leniently() -> Iterator[None]:
    """Let Pillow give what is there of a cut picture. Global in Pillow: one thread only."""
    before = ImageFile.LOAD_TRUNCATED_IMAGES
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before
