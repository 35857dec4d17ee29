"""What sniff says about bytes, names, and the two together."""

from __future__ import annotations

import csv
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.metadata.file_types import claims_media, extension_of, promised
from indexer.metadata.sniff import HEAD_BYTES, Sniffed, sniff
from indexer.model import MEDIA, Kind

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"

JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xd9"


def bmff(*brands):
    body = brands[0] + b"\0\0\0\0" + b"".join(brands[1:])
    return struct.pack(">I", len(body) + 8) + b"ftyp" + body + b"\0\0\0\x08mdat"


def tiff(order="<", make=b"", tags=()):
    """A TIFF whose first directory holds these (tag, type, count, value), and a Make."""
    entries = list(tags)
    text = make + b"\0"
    place = 8 + 2 + 12 * (len(entries) + bool(make)) + 4
    if make:
        value = int.from_bytes(text.ljust(4, b"\0"), "little" if order == "<" else "big")
        entries.append((0x010F, 2, len(text), place if len(text) > 4 else value))
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    directory = b"".join(struct.pack(f"{order}HHII", *entry) for entry in sorted(entries))
    return head + struct.pack(f"{order}H", len(entries)) + directory + bytes(4) + text


SONY_CLIP = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<NonRealTimeMeta '
    b'xmlns="urn:schemas-professionalDisc:nonRealTimeMeta:ver.2.00">\n'
    b'<CreationDate value="2017-08-13T20:10:06+02:00"/></NonRealTimeMeta>\n'
)
SUB_IFDS = (0x014A, 4, 1, 4096)
DNG = (0xC612, 1, 4, 0x0401)


@pytest.mark.parametrize(
    ("head", "extension", "kind"),
    [
        (JPEG, "jpg", Kind.PICTURE),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0", "png", Kind.PICTURE),
        (b"GIF89a\1\0\1\0\0\0\0", "gif", Kind.PICTURE),
        (b"RIFF\x20\0\0\0WEBPVP8X" + bytes(20), "webp", Kind.PICTURE),
        (
            b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\1\0\0\0\1\0\0\0\1\0\x18\0" + bytes(24),
            "bmp",
            Kind.PICTURE,
        ),
        (b"8BPS\0\1" + bytes(20), "psd", Kind.PICTURE),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "jxl", Kind.PICTURE),
        (b"\xff\x0a\xfa\x7f\1", "jxl", Kind.PICTURE),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "jp2", Kind.PICTURE),
        (b"II\x1a\0\0\0HEAPCCDR\2\0", "crw", Kind.RAW),
        (b"FUJIFILMCCD-RAW 0201", "raf", Kind.RAW),
        (b"FOVb\0\0\2\0", "x3f", Kind.RAW),
        (b"\0MRM\0\1\0\0", "mrw", Kind.RAW),
        (b"IIRO\x08\0\0\0", "orf", Kind.RAW),
        (b"IIU\0\x18\0\0\0", "rw2", Kind.RAW),
        (b"II*\0\x10\0\0\0CR\2\0", "cr2", Kind.RAW),
        (b"RIFF\0\1\0\0AVI LIST" + bytes(40), "avi", Kind.VIDEO),
        (b"\x1aE\xdf\xa3\x93B\x82\x88matroska" + bytes(9), "mkv", Kind.VIDEO),
        (b"\x1aE\xdf\xa3\x93B\x82\x84webm" + bytes(9), "webm", Kind.VIDEO),
        (b"0&\xb2u\x8ef\xcf\x11\xa6\xd9\0\xaa\0b\xcel" + bytes(20), "wmv", Kind.VIDEO),
        (b"\0\0\1\xba!\0\1\0\1", "mpg", Kind.VIDEO),
        ((b"\x47" + bytes(187)) * 6, "mts", Kind.VIDEO),
        ((bytes(4) + b"\x47" + bytes(187)) * 6, "mts", Kind.VIDEO),
        (b"\0\0\0\x08wide\0\0\1\0mdat" + bytes(40), "mov", Kind.VIDEO),
    ],
)
def test_bytes_alone_tell_the_type(head, extension, kind):
    found = sniff(head, b"no name")

    assert (found.extension, found.kind) == (extension, kind)


@pytest.mark.parametrize(
    ("brands", "extension", "kind"),
    [
        ([b"heic", b"mif1"], "heic", Kind.PICTURE),
        ([b"mif1", b"heic", b"hevc"], "heic", Kind.PICTURE),
        ([b"heix"], "heic", Kind.PICTURE),
        ([b"msf1", b"hevc"], "heic", Kind.PICTURE),
        ([b"mif1", b"miaf"], "heif", Kind.PICTURE),
        ([b"avif", b"mif1"], "avif", Kind.PICTURE),
        ([b"mif1", b"avif"], "avif", Kind.PICTURE),
        ([b"crx ", b"isom"], "cr3", Kind.RAW),
        ([b"qt  "], "mov", Kind.VIDEO),
        ([b"mp42", b"isom"], "mp4", Kind.VIDEO),
        ([b"isom", b"qt  "], "mp4", Kind.VIDEO),
        ([b"XAVC", b"mp42"], "mp4", Kind.VIDEO),
        ([b"????", b"mp42"], "mp4", Kind.VIDEO),
        ([b"M4V ", b"mp42"], "m4v", Kind.VIDEO),
        ([b"3gp5", b"isom"], "3gp", Kind.VIDEO),
        ([b"M4A ", b"mp42"], "m4a", Kind.AUDIO),
    ],
)
def test_brands_tell_iso_media_apart(brands, extension, kind):
    found = sniff(bmff(*brands), b"a.jpg")

    assert (found.extension, found.kind) == (extension, kind)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("make", "tags", "name", "extension"),
    [
        (b"Canon", [DNG, SUB_IFDS], b"a.tif", "dng"),
        (b"NIKON CORPORATION", [SUB_IFDS], b"a", "nef"),
        (b"NIKON", [SUB_IFDS], b"a.nrw", "nrw"),
        (b"NIKON", [SUB_IFDS], b"a.tif", "tif"),
        (b"NIKON", [], b"a", "tif"),
        (b"SONY", [SUB_IFDS], b"a.jpg", "arw"),
        (b"SONY", [], b"a.SR2", "sr2"),
        (b"PENTAX", [], b"a.pef", "pef"),
        (b"SAMSUNG", [SUB_IFDS], b"a", "srw"),
        (b"SONY", [], b"a.nef", "tif"),
        (b"Leaf", [SUB_IFDS], b"a.mos", "mos"),
        (b"", [], b"a.nef", "nef"),
        (b"", [], b"a.jpg", "tif"),
    ],
)
def test_raw_inside_tiff_is_told_by_tags_and_maker(order, make, tags, name, extension):
    assert sniff(tiff(order, make, tags), name).extension == extension


@pytest.mark.parametrize(
    ("head", "name", "extension"),
    [
        (b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>", b"a.xmp", "xmp"),
        (b"\xff\xfe" + "<?xpacket begin=''?><x:xmpmeta/>".encode("utf-16-le"), b"a.xmp", "xmp"),
        (b"<?xpacket begin=''?>", b"a", "xmp"),
        (b"<?xml version='1.0'?><plist><key>adjustmentFormatIdentifier</key>", b"a.xml", "aae"),
        (b"<?xml version='1.0'?><plist version='1.0'><dict/></plist>", b"a.AAE", "aae"),
        (b'{"title": "a.jpg", "photoTakenTime": {"timestamp": "1"}}', b"a.jpg.json", "json"),
        (b'{"title": "a.jpg", "url": "https://x"}', b"a.json", "json"),
        (b"1\n00:00:00,000 --> 00:00:01,000\nhome\n", b"DJI_1.SRT", "srt"),
        (b"\xef\xbb\xbf1\r\n00:00:00,000 --> 00:00:01,000\r\nhome\r\n", b"a.srt", "srt"),
        (JPEG, b"MVI_1.THM", "thm"),
        (SONY_CLIP, b"C0001M01.XML", "xml"),
    ],
)
def test_sidecars_speak_about_another_file(head, name, extension):
    found = sniff(head, name)

    assert (found.extension, found.kind) == (extension, Kind.SIDECAR)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b'{"title": "Album", "description": ""}', b"metadata.json"),
        (b'{"title": 1}', b"a.json"),
        (b"{}", b"a.json"),
        (b"{" * 5000, b"a.json"),
        (b"hello world, this is plain text\n", b"a.txt"),
        (b"hello world, this is plain text\n", b"a.jpg"),
        (b"<?xml version='1.0'?><plist version='1.0'><dict/></plist>", b"a.plist"),
        (b"%PDF-1.4\n", b"a.pdf"),
        (b"<?xml version='1.0'?><MediaProfile/>", b"MEDIAPRO.XML"),
        (SONY_CLIP, b"a.jpg"),
        (bytes(100), b"a.mov"),
        (b"", b"a.jpg"),
    ],
)
def test_what_is_no_media_is_other(head, name):
    assert sniff(head, name).kind is Kind.OTHER


def test_a_proxy_film_keeps_its_name():
    found = sniff(bmff(b"mp41"), b"GL010128.LRV")

    assert (found.extension, found.kind, found.mime) == ("lrv", Kind.VIDEO, "video/mp4")


@pytest.mark.parametrize("name", [b"a.jpg", b"A.HEIC", b"x/a.mov", b"a.NEF", b"a.jpe", b"a.m2ts"])
def test_media_names_claim_media(name):
    assert claims_media(name)


@pytest.mark.parametrize(
    "name", [b"a.txt", b"a.xmp", b"jpg", b".jpg", b"a.", b"", b"a.jpg/x", b"\xff"]
)
def test_other_names_claim_nothing(name):
    assert not claims_media(name)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        *((JPEG, name) for name in (b"a.jpg", b"a.JPEG", b"a.jpe", b"a.jfif")),
        (bmff(b"heic"), b"a.HIF"),
        (bmff(b"mif1"), b"a.heic"),
        (bmff(b"qt  "), b"a.qt"),
        (bmff(b"mp42"), b"a.m4v"),
        (bmff(b"3gp4"), b"a.mp4"),
        (tiff(), b"a.tiff"),
        (tiff(make=b"NIKON", tags=[SUB_IFDS]), b"a.nef"),
        (b'{"a": 1}', b"a.json"),
        (b"<?xml version='1.0'?><a/>", b"a.xml"),
    ],
)
def test_another_word_for_the_same_promises_it(head, name):
    assert sniff(head, name).extension in promised(extension_of(name))


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (JPEG, b"a.png"),
        (JPEG, b"a.heic"),
        (JPEG, b"a.mov"),
        (bmff(b"qt  "), b"a.jpg"),
        (bmff(b"qt  "), b"a.mp4"),
        (bmff(b"heic"), b"a.jpg"),
        (b"plain text\n", b"a.jpg"),
        (b"", b"a.jpg"),
    ],
)
def test_a_name_of_another_type_promises_something_else(head, name):
    assert promised(extension_of(name))
    assert sniff(head, name).extension not in promised(extension_of(name))


@pytest.mark.parametrize("name", [b"a", b"a.b", b"2018.04.12"])
def test_a_name_without_a_known_extension_promises_nothing(name):
    assert promised(extension_of(name)) == frozenset()


HEADS = st.one_of(
    st.binary(max_size=400),
    st.tuples(
        st.sampled_from(
            [b"II*\0", b"MM\0*", b"\0\0\0\x18ftyp", b"{", b"\xff\xfe", b"<?xml ", b"bplist00", JPEG]
        ),
        st.binary(max_size=400),
    ).map(b"".join),
)


@given(head=HEADS, name=st.binary(max_size=20) | st.sampled_from([b"a.aae", b"a.nef", b"a.json"]))
def test_no_bytes_and_no_name_are_too_wild(head, name):
    found = sniff(head, name)

    assert isinstance(found, Sniffed)
    assert found.extension == found.extension.lower()
    assert found.kind not in MEDIA or found.extension


@given(cut=st.integers(0, 200))
def test_a_tiff_cut_anywhere_is_still_read(cut):
    sniff(tiff(make=b"NIKON CORPORATION", tags=[SUB_IFDS])[:cut], b"a.nef")


# --- the corpus ---

# Where we say something else than the manifest's libmagic, and why we are right.
DIFFERENCES = {
    "corrupt/exiv2/issue_2160_poc.jpg": "image/jp2",  # starts with the JPEG 2000 signature
    "corrupt/exiv2/issue_2340_poc.mp4": "video/quicktime",  # starts with a "pnot" atom
    "corrupt/exiv2/pocIssue283.jpg": "image/x-panasonic-rw2",  # starts with RW2's own magic
    "corrupt/libheif/github_44.heic": "image/heic",  # blank major brand, heic compatible
    "corrupt/mp4parse/imir-before-clap.avif": "image/avif",  # mif1, avif compatible
    "formats/nom-exif/sony-a7-xavc.MP4": "video/mp4",  # brand XAVC
    "photoprism/christmas.mp4": "video/mp4",  # brand mp4v
    "photoprism/canon_eos_6d.dng": "image/x-adobe-dng",
    "raw/bep/sample.dng": "image/x-adobe-dng",
    "raw/bep/sample.arw": "image/x-sony-arw",
    "raw/bep/sample.nef": "image/x-nikon-nef",
}
SIDECARS = {".xmp": "application/rdf+xml", ".aae": "application/x-apple-aae"}


def corpus_rows():
    manifest = CORPUS / "MANIFEST.tsv"
    if not manifest.is_file():
        return []
    with manifest.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.skipif(not corpus_rows(), reason=f"no corpus at {CORPUS}")
def test_the_corpus_is_what_its_manifest_says_but_for_known_differences():
    wrong = {}
    for row in corpus_rows():
        path = CORPUS / "media" / row["path"]
        with path.open("rb") as file:
            mime = sniff(file.read(HEAD_BYTES), path.name.encode()).mime
        known = DIFFERENCES.get(row["path"]) or SIDECARS.get(path.suffix.lower())
        if mime != (known or row["real_mime"]):
            wrong[row["path"]] = mime

    assert wrong == {}


@pytest.mark.skipif(not corpus_rows(), reason=f"no corpus at {CORPUS}")
@pytest.mark.parametrize(
    ("path", "extension"),
    [
        ("photoprism/this-is-a-jpeg.png", "jpg"),
        (
            "apple-photos/Test-10.15.7.photoslibrary/originals/E/E2078879-A29C-4D6F-BACB-E3BBE6C3EB91.jpeg",
            "png",
        ),
    ],
)
def test_wrong_extensions_of_the_corpus_promise_something_else(path, extension):
    head = (CORPUS / "media" / path).read_bytes()[:HEAD_BYTES]
    found = sniff(head, path.encode())

    assert found.extension == extension
    assert extension not in promised(extension_of(path.encode()))
