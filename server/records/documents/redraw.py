"""Draws a stranger's picture anew, shut in: a program of its own that `pictures.py` starts, importing nothing of ours.

    stdin: the file        argv: most points, longer side kept, longer side of the small picture
    stdout: one line of JSON {"width", "height", "picture": bytes, "small": bytes} or {"refused": why}; both pictures

Once it has read the file it can open nothing more: no other file and no socket (RLIMIT_NOFILE 0), start no other
program, write no file, and it ends after ten seconds of work or at a gigabyte. Only the points go on: place and camera
(EXIF, XMP), text, profiles, thumbnails and whatever hangs behind the picture stay here.
"""

import io
import json
import resource
import sys

from PIL import Image, ImageFile, ImageOps, MpoImagePlugin, TiffImagePlugin

FORMATS = ("JPEG", "PNG")
LOADED = (MpoImagePlugin, TiffImagePlugin)
"""What a photo of two pictures, or its EXIF, would have Pillow load: now, for later no file opens."""
CPU = 10  # seconds
MEMORY = 1 << 30
QUALITY, SMALL_QUALITY = 85, 70


def _bound(name: str, most: int) -> None:
    """Lower a limit for good; a system that does not know it goes without."""
    try:
        resource.setrlimit(getattr(resource, name), (most, most))
    except (AttributeError, ValueError, OSError):
        return


def shut_in() -> None:
    """Let go of everything that drawing does not need."""
    for name, most in (
        ("RLIMIT_CPU", CPU),
        ("RLIMIT_AS", MEMORY),
        ("RLIMIT_CORE", 0),
        ("RLIMIT_FSIZE", 0),
        ("RLIMIT_NPROC", 0),
        ("RLIMIT_NOFILE", 0),
    ):
        _bound(name, most)


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:
        return image  # an orientation that cannot be read is none


def _flat(image: Image.Image) -> Image.Image:
    """Return the points alone, on white, as grey or as colours."""
    if image.mode in ("1", "L"):
        return image.convert("L")
    if image.mode.startswith("I"):
        return image.convert("I").point(lambda point: point / 256).convert("L")
    if "transparency" in image.info or image.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        over = image.convert("RGBA")
        ground = Image.new("RGBA", over.size, "white")
        return Image.alpha_composite(ground, over).convert("RGB")
    return image.convert("RGB")


def _bytes(image: Image.Image, kind: str, quality: int) -> bytes:
    bare = Image.new(image.mode, image.size)
    bare.paste(image)
    out = io.BytesIO()
    if kind == "JPEG":
        bare.save(out, "JPEG", quality=quality, optimize=True)
    else:
        bare.save(out, "PNG", optimize=False)
    return out.getvalue()


def redrawn(content: bytes, pixels: int, edge: int, small: int) -> tuple[dict[str, object], bytes, bytes]:
    """Return what stdout says: the line, the picture, the small picture."""
    image: Image.Image = Image.open(io.BytesIO(content), formats=FORMATS)
    kind = "PNG" if image.format == "PNG" else "JPEG"
    if image.width * image.height > pixels:
        return {"refused": "too-many-pixels"}, b"", b""
    image.draft("RGB", (edge, edge))
    image.load()
    image = _flat(_upright(image))
    image.thumbnail((edge, edge), Image.Resampling.LANCZOS)
    picture = _bytes(image, kind, QUALITY)
    size = {"width": image.width, "height": image.height}
    image.thumbnail((small, small), Image.Resampling.LANCZOS)
    little = _bytes(image, "JPEG", SMALL_QUALITY)
    return {**size, "picture": len(picture), "small": len(little)}, picture, little


def rehearse() -> None:
    """Draw small pictures of our own, so that every part of Pillow that is loaded when first used is there."""
    for kind, mode in (("JPEG", "RGB"), ("PNG", "RGBA"), ("PNG", "P")):
        exif, out = Image.Exif(), io.BytesIO()
        exif[0x0112] = 6
        Image.new(mode, (9, 6)).save(out, kind, exif=exif, dpi=(72, 72))
        redrawn(out.getvalue(), 100, 8, 4)


def main() -> None:
    """Read, shut the door, draw, say."""
    pixels, edge, small = (int(word) for word in sys.argv[1:4])
    Image.MAX_IMAGE_PIXELS = None  # our own limit stands before anything is unpacked
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    rehearse()
    content = sys.stdin.buffer.read()
    shut_in()
    try:
        line, picture, little = redrawn(content, pixels, edge, small)
    except Exception:
        line, picture, little = {"refused": "broken"}, b"", b""
    sys.stdout.buffer.write(json.dumps(line).encode() + b"\n" + picture + little)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
