"""Films as phones, cameras and programs write them: a pan over a scene.

FFmpeg signs what it writes, in the container and inside the coded picture; a camera's film here
is free of both signatures, a program's has them.
"""

from __future__ import annotations

import io
import re
from datetime import datetime
from typing import TYPE_CHECKING

import av
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import Image

_RATE = 10  # frames a second
_QUIET = {"x265-params": "log-level=none:info=0"}
_ENCODERS = {"h264": "libx264", "hevc": "libx265", "mjpeg": "mjpeg"}


def film(
    look: Image.Image,
    form: str = "mov",
    *,
    codec: str = "h264",
    seconds: float = 2.9,
    size: tuple[int, int] = (320, 240),
    created: str | None = None,
    keys: dict[str, str] | None = None,
    handler: str = "Core Media Video",
    brand: str | None = None,
    is_signed: bool = False,
) -> bytes:
    """A film; `created` is what stands in its header, `keys` is its metadata."""
    options = {"movflags": "use_metadata_tags"} if keys else {}
    if not is_signed:
        options["fflags"] = "+bitexact"
    if brand:
        options["brand"] = brand
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=form, options=options) as container:
        container.metadata.update(keys or {})
        stream = container.add_stream(
            _ENCODERS[codec], rate=_RATE, options={"preset": "ultrafast", **_QUIET}
        )
        stream.width, stream.height = size
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.thread_count = 1  # with more, the bytes depend on the machine
        if codec == "hevc":
            stream.codec_context.codec_tag = "hvc1"
        stream.metadata["handler_name"] = handler
        for frame in _pan(look, round(seconds * _RATE), size):
            for packet in stream.encode(frame):
                container.mux(packet if is_signed else _unsigned(packet, codec))
    return _dated(buffer.getvalue(), created) if created else buffer.getvalue()


def _dated(data: bytes, created: str) -> bytes:
    """FFmpeg would write the time of the header a second time, among the keys."""
    since_1904 = datetime.fromisoformat(created) - datetime.fromisoformat("1904-01-01T00:00Z")
    stamp = int(since_1904.total_seconds()).to_bytes(4, "big")
    return re.sub(rb"(?s)(mvhd|tkhd|mdhd)(\0...).{8}", lambda m: m[1] + m[2] + stamp + stamp, data)


def _pan(look: Image.Image, count: int, size: tuple[int, int]) -> Iterator[av.VideoFrame | None]:
    width, height = size
    view = np.asarray(look.resize((width * 5 // 4, height * 5 // 4)))
    for number in range(count):
        x, y = (number * (width // 4) // count, number * (height // 4) // count)
        seen = np.ascontiguousarray(view[y : y + height, x : x + width])
        yield av.VideoFrame.from_ndarray(seen, format="rgb24")
    yield None  # no more


def _unsigned(packet: av.Packet, codec: str) -> av.Packet:
    """Without the message in which x264 says who it is and how it was called."""
    data = bytes(packet)
    if codec != "h264" or b"x264 - core" not in data:
        return packet
    units = [unit for unit in data.split(b"\0\0\1") if unit and unit[0] & 31 != 6]
    kept = av.Packet(b"".join(b"\0\0\0\1" + unit.rstrip(b"\0") for unit in units))
    kept.pts, kept.dts, kept.time_base = packet.pts, packet.dts, packet.time_base
    kept.stream, kept.is_keyframe, kept.duration = (
        packet.stream,
        packet.is_keyframe,
        packet.duration,
    )
    return kept


def remuxed(data: bytes, form: str) -> bytes:
    """The same coded pictures in another container, as `ffmpeg -c copy` leaves them."""
    buffer = io.BytesIO()
    with av.open(io.BytesIO(data)) as source, av.open(buffer, "w", format=form) as target:
        copy = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = copy
                target.mux(packet)
    return buffer.getvalue()


def apple_keys(taken: str, model: str, software: str, content: str | None = None) -> dict[str, str]:
    """What an iPhone writes into a film; `taken` with its offset."""
    keys = {
        "com.apple.quicktime.creationdate": taken[:-3] + taken[-2:],
        "com.apple.quicktime.make": "Apple",
        "com.apple.quicktime.model": f"iPhone {model}",
        "com.apple.quicktime.software": software,
    }
    if content:
        keys["com.apple.quicktime.content.identifier"] = content
    return keys


def with_user_data(data: bytes, atoms: dict[bytes, bytes]) -> bytes:
    """The film with a maker's own atoms in its `moov`, which must be its last box."""
    at = data.rindex(b"moov") - 4
    length = int.from_bytes(data[at : at + 4], "big")
    assert at + length == len(data)
    inside = b"".join((8 + len(v)).to_bytes(4, "big") + k + v for k, v in atoms.items())
    added = (8 + len(inside)).to_bytes(4, "big") + b"udta" + inside
    return data[:at] + (length + len(added)).to_bytes(4, "big") + data[at + 4 :] + added
