"""Files that people send, and files that attackers send."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image, PngImagePlugin
from PIL.TiffImagePlugin import IFDRational

SECRET = b"48.2 nord, 3.2 ouest"
ZIP = b"PK\x03\x04\x14\x00\x00\x00<script>alert(document.cookie)</script>PK\x05\x06" + bytes(18)


def drawing(width: int = 64, height: int = 40) -> Image.Image:
    """A picture whose upper left corner is red, the rest grey with a pattern."""
    image = Image.radial_gradient("L").resize((width, height)).convert("RGB")
    image.paste((250, 10, 10), (0, 0, width // 4, height // 4))
    return image


def jpeg(width: int = 64, height: int = 40, *, orientation: int = 1, **more: object) -> bytes:
    """A photo as a phone writes it: with the place, the camera, a comment and which way is up."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Fabricant Un"
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2] = "N", (IFDRational(48), IFDRational(12), IFDRational(0))
    gps[29] = SECRET.decode()
    out = io.BytesIO()
    drawing(width, height).save(out, "JPEG", exif=exif, comment=SECRET, quality=90, **more)
    return out.getvalue()


def png(width: int = 64, height: int = 40) -> bytes:
    """A picture of a screen, with words hidden in it."""
    words = PngImagePlugin.PngInfo()
    words.add_text("Comment", SECRET.decode())
    words.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    out = io.BytesIO()
    drawing(width, height).save(out, "PNG", pnginfo=words)
    return out.getvalue()


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """A PNG of some kilobytes that says it has 3.6 thousand million points."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packed = zlib.compress(bytes(1 << 20), 9)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def text_bomb() -> bytes:
    """A small PNG with a packed comment of 256 MB."""
    body = b"Comment\0\0" + zlib.compress(bytes(1 << 28), 9)
    return png()[:33] + _chunk(b"zTXt", body) + png()[33:]


def pdf(more: bytes = b"", tail: bytes = b"") -> bytes:
    """A PDF of one empty page, with something more in it."""
    body = (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R " + more + b">>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\n"
    )
    return body + b"trailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n" + tail
