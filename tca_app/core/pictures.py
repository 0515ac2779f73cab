"""Pictures of people: what is stored of an uploaded image, and which people have one.

The ids and hashes of all pictures are in the memory of each process (`features.users.pictures` keeps them current), so
that no list reads them for each of its rows.
"""

import hashlib
import io
from collections.abc import Mapping

from PIL import Image, ImageOps

SIDE = 256  # pixels of a stored picture, twice the largest size on a screen
MAX_UPLOAD = 512 * 1024
MAX_PIXELS = 2048 * 2048
FORMATS = ("JPEG", "PNG", "WEBP")
MEDIA_TYPE = "image/webp"
_hashes: Mapping[int, str] = {}


class NotAPicture(Exception):
    """The upload is refused. The message says what to upload instead."""


def portrait(content: bytes) -> bytes:
    """Return a square WebP image made from the pixels of an uploaded one, without anything else of the file.

    The size stands in the head of a file, so one that would fill the memory is refused before it is decoded.
    """
    if len(content) > MAX_UPLOAD:
        raise NotAPicture("Use an image of at most 512 kB.")
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise NotAPicture("Use an image of at most 2048 x 2048 pixels.")
            image.draft("RGB", (SIDE, SIDE))
            upright = ImageOps.exif_transpose(image)
            pixels = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
            square = ImageOps.fit(pixels, (SIDE, SIDE))
    except NotAPicture:
        raise
    except Exception:  # whatever a decoder finds in a broken or hostile file
        raise NotAPicture("Use a PNG, JPEG or WebP image.") from None
    clean = Image.new(square.mode, square.size)  # a new image has no metadata
    clean.paste(square)
    stored = io.BytesIO()
    clean.save(stored, "WEBP", quality=82)
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
