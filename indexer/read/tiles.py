"""Decode a large HEIC smaller than it is: its HEVC tiles by FFmpeg, each averaged down at once.

Only what is plain: HEVC of 8 bits, 4:2:0, in one piece or a grid of equal tiles. Everything else,
and whatever FFmpeg complains about, is None here and libheif's business in decode.py, so that
what is called damaged does not depend on which of the two was asked.

Of phones' pictures of 12 megapixels libheif takes 120 to 380 ms and its pixels another 30 to be
fingerprinted; FFmpeg takes 60 to 235, nearly all of it for the entropy coding (130 ms a megabyte),
and what is done here 15. The thumbnail in the file would take 3 ms and lie. iPhones sample one
point in thirteen by thirteen for it, half a pixel off: that leaves residuals of 3.5 to 5.4, where
encoders leave 0.3 to 1.1 and other frames of a burst start at 2.1. Of 36 JPEGs made of six phones'
pictures their thumbnails found none and, moved back by the half pixel, 8; these tiles all, as does
the whole decode, from which they differ by residuals of 0.3 to 0.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

import numpy as np
from PIL import Image

from indexer.perceptual.image_hash import SIDEWAYS
from indexer.read.payload.boxes import FULL, Cursor, held
from indexer.read.payload.items import IN_FILE, IN_IDAT, idat_of, items_of, primary_of
from indexer.read.payload.source import Source, Unfollowable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from indexer.read.limits import Limits
    from indexer.read.payload.items import Item
    from indexer.read.payload.source import Bytes

    Turn = Image.Transpose | None
    Sums = NDArray[np.uint16]

# As JPEGs are decoded: 4032 px by 1/8 to 504. 16 is where sums of bytes still fit two bytes.
_LEAST_EDGE: Final = 500
_FACTORS: Final = (16, 8, 4)  # below 2,000 px libheif is quick, and gives every sample

_SHAPE: Final = frozenset(b"ispe irot imir".split())
_HARMLESS: Final = frozenset(b"pixi colr hvcC clli mdcv cclv amve udes altt".split())
_ANTICLOCKWISE: Final = (
    *(None, Image.Transpose.ROTATE_90),
    *(Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270),
)
_MIRRORS: Final = (Image.Transpose.FLIP_TOP_BOTTOM, Image.Transpose.FLIP_LEFT_RIGHT)

_LAYOUTS: Final = frozenset({"yuv420p", "yuvj420p"})
# What red and blue weigh in luma, by ISO 23091-2's numbers; 2 is "not stated", which libheif
# takes for the first of these as well.
_WEIGHTS: Final = {1: (0.2126, 0.0722)} | dict.fromkeys((2, 5, 6), (0.299, 0.114))
_VIDEO_RANGE, _FULL_RANGE = 1, 2  # FFmpeg's numbers
# Where the decoder set-up states sampling and depth, less the bits that are always set. FFmpeg
# goes by the coded data; libheif refuses a picture over what stands here.
_SAMPLING: Final = slice(16, 19)
_420_OF_8_BITS: Final = (1, 0, 0)
_DECODER: Final = {
    # 5 % of the time; averages of 8 x 8 pixels do not see it.
    "skip_loop_filter": "all",
    # What looks broken goes to libheif.
    "err_detect": "explode",
}


class Reduced(NamedTuple):
    """A picture averaged down, as it is coded; `turn` would make it upright."""

    image: Image.Image  # in RGB, its ICC profile is not looked for
    full: tuple[int, int]
    turn: Turn

    @property
    def upright_size(self) -> tuple[int, int]:
        """Of the whole picture."""
        width, height = self.full
        return (height, width) if self.turn in SIDEWAYS else (width, height)


class _Colours(NamedTuple):
    """How its samples mean colours."""

    matrix: int
    is_full: bool


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where the tiles lie, and what is to be made of them."""

    source: Source
    idat: memoryview
    size: tuple[int, int]
    columns: int
    tile: tuple[int, int]
    tiles: tuple[Item, ...]
    turn: Turn
    colours: _Colours | None  # None: the coded data says it itself

    @property
    def factor(self) -> int | None:
        """By how much to average down; None where it is better left to libheif."""
        wanted = (f for f in _FACTORS if max(self.size) // f >= _LEAST_EDGE)
        alone = len(self.tiles) == 1
        return next((f for f in wanted if alone or not any(side % f for side in self.tile)), None)


def reduced(data: Bytes, limits: Limits) -> Reduced | None:
    """The picture between 500 and 1,000 px; None where libheif must be asked."""
    import av

    try:
        plan = _plan(Source.of_bytes(data), limits)
        factor = plan.factor
        return None if factor is None else _decoded(plan, factor)
    except (Unfollowable, av.FFmpegError):
        return None


# What the container says


def _plan(source: Source, limits: Limits) -> _Plan:
    body = held(source, b"meta").get(b"meta", memoryview(b""))
    meta = body[FULL:]
    items, primary = items_of(meta), primary_of(meta)
    picture = items.get(primary)
    _expect(picture is not None and not any(i.is_alpha_of(primary) for i in items.values()))
    picture = cast("Item", picture)
    idat, size, turn = idat_of(meta), _size(picture), _turn(picture)
    if picture.kind == b"grid":
        columns, tiles = _grid(source, idat, picture, items)
    else:
        columns, tiles = 1, (picture,)
    plan = _Plan(
        source=source,
        idat=idat,
        size=size,
        columns=columns,
        tile=_size(tiles[0]),
        tiles=tiles,
        turn=turn,
        colours=_stated_colours((picture, *tiles)),
    )
    _expect(_is_plain(plan, picture) and _covers(plan, limits))
    return plan


def _expect(holds: object) -> None:
    if not holds:
        raise Unfollowable


def _grid(
    source: Source, idat: memoryview, grid: Item, items: dict[int, Item]
) -> tuple[int, tuple[Item, ...]]:
    """How many columns, and the tiles row by row."""
    cursor = Cursor(memoryview(b"".join(_data(source, idat, grid))))
    version, flags, rows, columns = (cursor.number(1) for _ in range(4))
    wide = 4 if flags & 1 else 2
    _expect(not version and (cursor.number(wide), cursor.number(wide)) == _size(grid))
    tiles = tuple(items.get(number) for number in grid.made_of)
    _expect(len(tiles) == (rows + 1) * (columns + 1) and None not in tiles)
    return columns + 1, cast("tuple[Item, ...]", tiles)


def _data(source: Source, idat: memoryview, item: Item) -> Iterator[Bytes]:
    for offset, length in item.extents:
        if item.method == IN_FILE:
            yield source.at(offset, length)
        else:
            _expect(item.method == IN_IDAT and offset + length <= len(idat))
            yield idat[offset : offset + length]


def _is_plain(plan: _Plan, picture: Item) -> bool:
    """Whether it is HEVC, and nothing is to be done with it but to turn the whole."""
    whole = all(kind in _SHAPE | _HARMLESS for kind, _ in picture.properties)
    parts = [] if plan.tiles == (picture,) else plan.tiles
    equal = all(_is_plain_tile(tile) and _size(tile) == plan.tile for tile in plan.tiles)
    return whole and equal and not any(_turns(tile) for tile in parts)


def _is_plain_tile(tile: Item) -> bool:
    sampling, *depths = bytes(_one(tile, b"hvcC")[_SAMPLING]) or (0,)
    return tile.kind == b"hvc1" and (sampling & 3, *(d & 7 for d in depths)) == _420_OF_8_BITS


def _covers(plan: _Plan, limits: Limits) -> bool:
    """Whether the tiles cover the picture, none lies outside, and all of them are affordable."""
    (width, height), (across, down) = plan.size, plan.tile
    rows = len(plan.tiles) // plan.columns
    return (
        0 < width <= plan.columns * across < width + across
        and 0 < height <= rows * down < height + down
        and len(plan.tiles) * across * down <= limits.pixels
    )


def _one(item: Item, kind: bytes) -> memoryview:
    found = [body for known, body in item.properties if known == kind]
    _expect(len(found) == 1)
    return found[0]


def _size(item: Item) -> tuple[int, int]:
    cursor = Cursor(_one(item, b"ispe"), FULL)
    return cursor.number(4), cursor.number(4)


def _turns(item: Item) -> list[Image.Transpose]:
    """Each in its order."""
    ways = (
        _ANTICLOCKWISE[body[0] & 3] if kind == b"irot" else _MIRRORS[body[0] & 1]
        for kind, body in item.properties
        if kind in (b"irot", b"imir") and len(body)
    )
    return [way for way in ways if way is not None]


def _turn(item: Item) -> Turn:
    """All its turns in one, found by turning four pixels."""
    four = wanted = Image.frombytes("L", (2, 2), bytes(range(4)))
    for way in _turns(item):
        wanted = wanted.transpose(way)
    if wanted == four:
        return None
    return next(way for way in Image.Transpose if four.transpose(way) == wanted)


def _stated_colours(items: Sequence[Item]) -> _Colours | None:
    """Those of the container, which go before those of the coded data."""
    stated = {
        _Colours(int.from_bytes(body[8:10], "big"), body[10] > 127)  # noqa: PLR2004 - the top bit
        for item in items
        for kind, body in item.properties
        if kind == b"colr" and bytes(body[:4]) == b"nclx" and len(body) > 10  # noqa: PLR2004
    }
    _expect(len(stated) <= 1)
    return stated.pop() if stated else None


# Decoding


def _decoded(plan: _Plan, factor: int) -> Reduced:
    rows = len(plan.tiles) // plan.columns
    across, down = (-(-side // factor) for side in plan.tile)
    luma, blue, red = np.empty((3, rows * down, plan.columns * across), np.uint16)
    colours = plan.colours
    for number, frame in enumerate(_frames(plan)):
        colours = colours or _own_colours(frame)
        top, left = number // plan.columns * down, number % plan.columns * across
        place = slice(top, top + down), slice(left, left + across)
        luma[place] = _sums(_plane(frame, 0), factor)
        blue[place] = _sums(_plane(frame, 1), factor // 2)
        red[place] = _sums(_plane(frame, 2), factor // 2)
    width, height = (-(-side // factor) for side in plan.size)
    seen = slice(height), slice(width)
    image = _picture(luma[seen], blue[seen], red[seen], factor, cast("_Colours", colours))
    return Reduced(image, plan.size, plan.turn)


def _frames(plan: _Plan) -> Iterator[Any]:
    """One frame for each tile. A decoder is asked to end after each, so that none gets mixed up."""
    import av

    av.logging.set_level(None)
    setup, decoder = b"", None
    for tile in plan.tiles:
        wanted = bytes(_one(tile, b"hvcC"))
        if decoder is None or wanted != setup:
            decoder, setup = _decoder(plan, wanted), wanted
        packet = av.Packet(b"".join(_data(plan.source, plan.idat, tile)))
        frames = [*decoder.decode(packet), *decoder.decode(None)]
        decoder.flush_buffers()
        _expect(len(frames) == 1)
        frame = frames[0]
        _expect((frame.width, frame.height) == plan.tile)
        _expect(frame.format.name in _LAYOUTS and not frame.is_corrupt)
        yield frame


def _decoder(plan: _Plan, setup: bytes) -> Any:
    import av

    decoder = cast("Any", av.codec.CodecContext.create("hevc", "r"))
    decoder.extradata = setup
    decoder.thread_count = 1  # workers are as many as processors already
    across, down = plan.tile
    # The coded data states a size of its own, and memory is had before it can be compared.
    most = (across + 64) * (down + 64)
    decoder.options = _DECODER | {"max_pixels": str(most)}
    return decoder


def _own_colours(frame: Any) -> _Colours:
    _expect(frame.color_range in (_VIDEO_RANGE, _FULL_RANGE))
    return _Colours(frame.colorspace, frame.color_range == _FULL_RANGE)


def _plane(frame: Any, number: int) -> NDArray[np.uint8]:
    plane = frame.planes[number]
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]


def _sums(plane: NDArray[np.uint8], factor: int) -> Sums:
    """Of squares of so many pixels, a power of two. Mean values would be rounded too early."""
    height, width = plane.shape
    if height % factor or width % factor:
        plane = np.pad(plane, ((0, -height % factor), (0, -width % factor)), "edge")
    sums = np.zeros((plane.shape[0] // factor, plane.shape[1]), np.uint16)
    for row in range(factor):
        sums += plane[row::factor]
    # Neighbours added in turns: half the time of numpy's own sum over a short axis.
    while factor > 1:
        sums = sums[:, 0::2] + sums[:, 1::2]
        factor //= 2
    return sums


def _picture(luma: Sums, blue: Sums, red: Sums, factor: int, colours: _Colours) -> Image.Image:
    """In RGB, rounded once."""
    _expect(colours.matrix in _WEIGHTS)
    of_red, of_blue = _WEIGHTS[colours.matrix]
    of_green = 1 - of_red - of_blue
    black, light, colour = (0, 1.0, 1.0) if colours.is_full else (16, 255 / 219, 255 / 224)
    squares, quarters = np.float32(factor**2), np.float32((factor // 2) ** 2)
    y = (luma / squares - black) * np.float32(light)
    cb = (blue / quarters - 128) * np.float32(colour)
    cr = (red / quarters - 128) * np.float32(colour)
    pixels = np.empty((*y.shape, 3), np.uint8)
    for channel, values in enumerate(
        (
            y + 2 * (1 - of_red) * cr,
            y - 2 * ((1 - of_blue) * of_blue * cb + (1 - of_red) * of_red * cr) / of_green,
            y + 2 * (1 - of_blue) * cb,
        )
    ):
        pixels[..., channel] = (values + 0.5).clip(0, 255)
    return Image.fromarray(pixels)
