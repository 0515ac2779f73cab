"""Pictures of people, and the logo: what is stored of an uploaded image, and which people have one.

The ids and hashes of all pictures are in the memory of each process (`features.users.pictures` keeps them current), so
that no list reads them for each of its rows.
"""

import hashlib
import io
from collections.abc import Callable, Mapping
from typing import Any

from PIL import Image, ImageOps

from tca_app.core.language.messages import _

SIDE = 256  # pixels of a stored picture, twice the largest size on a screen
MAX_UPLOAD = 512 * 1024
MAX_PIXELS = 2048 * 2048
FORMATS, LOGO_FORMATS = ("PNG", "JPEG", "WEBP"), ("PNG", "WEBP")
_NAMES = {FORMATS: "PNG, JPEG or WebP", LOGO_FORMATS: "PNG or WebP"}
MEDIA_TYPE = "image/webp"
_hashes: Mapping[int, str] = {}


class NotAPicture(Exception):
    """The upload is refused. The message says what to upload instead."""


def portrait(content: bytes) -> bytes:
    """Return a square WebP image made from the pixels of an uploaded one, without anything else of the file."""
    return _encoded(_decoded(content, FORMATS, lambda pixels: ImageOps.fit(pixels, (SIDE, SIDE))), quality=82)


def emblem(content: bytes) -> bytes:
    """Return a WebP image with the whole of an uploaded logo, at most as large as a picture, and nothing else of it."""
    return _encoded(_decoded(content, LOGO_FORMATS, _shrunk), lossless=True)


def _shrunk(pixels: Image.Image) -> Image.Image:
    return pixels if max(pixels.size) <= SIDE else ImageOps.contain(pixels, (SIDE, SIDE))


def _decoded(content: bytes, formats: tuple[str, ...], resize: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """Return the pixels, upright.

    The size stands in the head of a file, so one that would fill the memory is refused before it is decoded.
    """
    if len(content) > MAX_UPLOAD:
        raise NotAPicture(_("Use an image of at most 512 kB."))
    try:
        with Image.open(io.BytesIO(content), formats=formats) as image:
            if image.width * image.height > MAX_PIXELS:
                raise NotAPicture(_("Use an image of at most 2048 x 2048 pixels."))
            image.draft("RGB", (SIDE, SIDE))
            upright = ImageOps.exif_transpose(image)
            return resize(upright.convert("RGBA" if upright.has_transparency_data else "RGB"))
    except NotAPicture:
        raise
    except Exception:  # whatever a decoder finds in a broken or hostile file
        raise NotAPicture(_("Use a {names} image.", names=_NAMES[formats])) from None


def _encoded(pixels: Image.Image, **options: Any) -> bytes:  # noqa: ANN401  those of Pillow
    clean = Image.new(pixels.mode, pixels.size)  # a new image has no metadata
    clean.paste(pixels)
    stored = io.BytesIO()
    clean.save(stored, "WEBP", **options)
    return stored.getvalue()


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def picture_url(user_id: int | None) -> str:
    """Return the URL of the picture of a user, or "" without one. It changes with the picture."""
    found = _hashes.get(user_id or 0)
    return f"/api/v1/users/{user_id}/picture?v={found}" if found else ""


def replace_hashes(hashes: Mapping[int, str]) -> None:
    """Replace what this process knows: the hash of each picture by the id of the user."""
    global _hashes
    _hashes = dict(hashes)
