"""What is made of an uploaded picture, and what is refused."""

import io
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from PIL import Image

from tca_app.core.pictures import MAX_PIXELS, MAX_UPLOAD, SIDE, NotAPicture, portrait


def image(kind: str, size: tuple[int, int] = (60, 30), mode: str = "RGB", **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, "red").save(file, kind, **options)
    return file.getvalue()


def png_of(width: int, height: int, *, pixels: bytes = b"") -> bytes:
    """A PNG whose head says this size, whatever its pixels are."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("kind", "mode"), [("PNG", "RGBA"), ("PNG", "P"), ("JPEG", "CMYK"), ("JPEG", "L"), ("WEBP", "RGB")]
)
def test_a_picture_becomes_a_small_square(kind: str, mode: str) -> None:
    with Image.open(io.BytesIO(portrait(image(kind, mode=mode)))) as stored:
        assert (stored.format, stored.size) == ("WEBP", (SIDE, SIDE))


def test_nothing_but_the_pixels_is_stored_and_the_picture_is_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010E] = "Canary"
    wide = Image.new("RGB", (40, 20), "blue")
    wide.paste("red", (0, 0, 20, 20))
    file = io.BytesIO()
    wide.save(file, "JPEG", exif=exif, icc_profile=b"Canary", comment=b"Canary")
    stored = portrait(file.getvalue())
    assert b"Canary" in file.getvalue()
    assert not [mark for mark in (b"Canary", b"EXIF", b"ICCP", b"XMP ") if mark in stored]
    with Image.open(io.BytesIO(stored)) as shown:
        top, bottom = (shown.convert("RGB").getpixel((SIDE // 2, at)) for at in (10, SIDE - 10))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] > top[2]  # red was left, and is above now
    assert bottom[2] > bottom[0]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        image("GIF"),
        image("BMP"),
        image("TIFF"),
        image("PNG")[:60],
        image("JPEG")[:200],
        png_of(MAX_PIXELS + 1, 1),
        png_of(50_000, 50_000, pixels=zlib.compress(bytes(1000))),
        png_of(2_000_000_000, 2_000_000_000),
        image("PNG") + bytes(MAX_UPLOAD),
    ],
    ids=["nothing", "svg", "gif", "bmp", "tiff", "half a png", "half a jpeg", "long", "bomb", "huge", "large file"],
)
def test_anything_but_a_usual_image_is_refused(content: bytes) -> None:
    with pytest.raises(NotAPicture):
        portrait(content)


def test_what_the_process_does_with_warnings_stays() -> None:
    """Pictures are made in threads, and the filters of warnings belong to all of them."""
    before, seen = list(warnings.filters), list[Any]()
    with ThreadPoolExecutor(2) as threads:
        made = [threads.submit(portrait, image("PNG", (1500, 1500))) for _ in range(4)]
        while not all(one.done() for one in made):
            seen += [] if warnings.filters == before else [warnings.filters]
    assert (seen, warnings.filters) == ([], before)
