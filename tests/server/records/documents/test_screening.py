"""Files of strangers: what is drawn anew, what is refused, and how the child that draws is shut in."""

from __future__ import annotations

import io
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from server.kernel.errors import Unavailable
from server.records.documents import redraw, screening
from server.records.documents.rules import (
    MediaType,
    RefusedFile,
    Wrong,
    media_type_of,
    refuse_bad_pdf,
    tidy_title,
)
from server.records.documents.screening import Looked, Screening
from tests.server.records.documents.files import SECRET, ZIP, bomb, jpeg, pdf, png, text_bomb

HEIC = b"\x00\x00\x00\x18ftypheic" + bytes(64)
GIF = b"GIF89a" + bytes(64)
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
HTML = b"<html><script>alert(1)</script>%PDF-1.4"


def opened(looked: Looked) -> Image.Image:
    image: ImageFile.ImageFile = Image.open(io.BytesIO(looked.content))
    image.load()
    return image


async def refusal(content: bytes, screen: Screening | None = None) -> Wrong:
    with pytest.raises(RefusedFile) as refused:
        await (screen or Screening()).look(content)
    return refused.value.wrong


async def test_place_camera_and_words_of_a_photo_stay_behind_and_it_stands_upright() -> None:
    sent = jpeg(64, 40, orientation=6)
    assert SECRET in sent
    looked = await Screening().look(sent)
    for kept in (looked.content, looked.small):
        image = Image.open(io.BytesIO(kept))
        assert SECRET not in kept
        assert b"Fabricant" not in kept
        assert not image.getexif()
        assert "comment" not in image.info
    assert (looked.width, looked.height) == opened(looked).size == (40, 64)
    red = opened(looked).convert("RGB").getpixel((37, 3))  # the upper left corner is on the right after the turn
    assert isinstance(red, tuple)
    assert red[0] > 180 > 90 > red[1]


async def test_words_of_a_picture_of_a_screen_stay_behind() -> None:
    looked = await Screening().look(png())
    assert looked.media_type is MediaType.PNG
    assert SECRET not in looked.content
    assert opened(looked).size == (64, 40)
    assert looked.small.startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize("picture", [jpeg(), png()], ids=["jpeg", "png"])
async def test_what_hangs_behind_a_picture_is_not_kept(picture: bytes) -> None:
    looked = await Screening().look(picture + ZIP)
    assert b"script" not in looked.content
    assert b"PK" not in looked.content[-64:]


async def test_a_large_photo_is_kept_at_the_size_that_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screening, "EDGE", 300)
    looked = await Screening().look(jpeg(900, 600))
    assert (looked.width, looked.height) == (300, 200)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
async def test_every_kind_of_points_is_drawn(mode: str) -> None:
    out = io.BytesIO()
    image = Image.new("L", (8, 8), 128).convert(mode) if mode != "I;16" else Image.new("I;16", (8, 8), 32768)
    image.save(out, "JPEG" if mode == "CMYK" else "PNG")
    drawn = redraw.redrawn(out.getvalue(), 100, 8, 4)[1]
    point = Image.open(io.BytesIO(drawn)).convert("L").getpixel((1, 1))
    assert isinstance(point, int)
    assert point in (0, 255) if mode == "1" else 100 < point < 150


async def test_bombs_are_refused_before_they_are_unpacked() -> None:
    assert await refusal(bomb()) is Wrong.TOO_MANY_PIXELS
    assert await refusal(text_bomb()) is Wrong.BROKEN


@pytest.mark.parametrize("content", [HEIC, GIF, SVG, HTML, ZIP, b"\x7fELF", b"", b"BM" + bytes(99)])
async def test_other_kinds_of_files_are_refused_by_their_content(content: bytes) -> None:
    assert await refusal(content) is (Wrong.HEIC if content is HEIC else Wrong.UNKNOWN)


@pytest.mark.parametrize("content", [jpeg(), png()], ids=["jpeg", "png"])
async def test_a_cut_picture_is_refused(content: bytes) -> None:
    assert await refusal(content[: len(content) // 2]) is Wrong.BROKEN
    assert await refusal(content[:40]) is Wrong.BROKEN


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (pdf()[:-9], Wrong.BROKEN),
        (pdf(tail=bytes(5000)), Wrong.BROKEN),
        (pdf(tail=ZIP + bytes(1024)), Wrong.BROKEN),
        (pdf(b"/OpenAction<</S/JavaScript/JS(app.alert())>>"), Wrong.ACTIVE),
        (pdf(b"/OpenAction<</S/J#61vaScript/JS(app.alert())>>"), Wrong.ACTIVE),
        (pdf(b"/OpenAction<</S/Launch/F(cmd.exe)>>"), Wrong.ACTIVE),
        (pdf(b"/Names<</EmbeddedFiles 4 0 R>>"), Wrong.ACTIVE),
        (pdf(b"/Encrypt 5 0 R"), Wrong.LOCKED),
        (b" " + pdf(), Wrong.UNKNOWN),
    ],
)
async def test_a_pdf_that_is_cut_locked_or_alive_is_refused(content: bytes, wrong: Wrong) -> None:
    assert await refusal(content) is wrong


async def test_a_pdf_is_kept_as_it_came() -> None:
    content = pdf(b"/OpenAction[3 0 R/Fit]") + b"9 0 obj<<>>stream\n/JavaScript /Encrypt\nendstream\n%%EOF\n"
    assert await Screening().look(content) == Looked(MediaType.PDF, content)


@given(st.binary(max_size=300))
@settings(max_examples=100)
def test_no_bytes_make_the_first_look_fail(content: bytes) -> None:
    for start in (b"", b"%PDF-"):
        with suppress(RefusedFile):
            if media_type_of(start + content) is MediaType.PDF:
                refuse_bad_pdf(start + content)


def test_a_title_cannot_turn_the_line_or_break_it() -> None:
    assert tidy_title("  a\u202etxt.exe\r\nSet-Cookie: b\x00 ") == "a txt.exe Set-Cookie: b"
    assert len(tidy_title("x" * 500)) == 120


ATTEMPTS = """
import sys
sys.path.insert(0, sys.argv[1])
import redraw, socket, os
redraw.shut_in()
def tried(attempt):
    try:
        attempt()
    except OSError:
        return "no"
    return "yes"
print(tried(lambda: socket.socket()), tried(lambda: open("/etc/passwd")), tried(lambda: os.pipe()))
"""


def test_the_child_that_draws_can_open_no_socket_and_no_file() -> None:
    folder = str(Path(redraw.__file__).parent)
    told = subprocess.run([sys.executable, "-I", "-c", ATTEMPTS, folder], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["no", "no", "no"]


@pytest.mark.parametrize(
    "program",
    ["while True: pass", "x = bytearray(3 << 30)", "import time; time.sleep(3600)", "print('{}' * 99)", "print(1)"],
)
async def test_a_child_that_runs_wild_is_ended_and_the_file_refused(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screening, "DRAWN_WITHIN", 1.0)
    wild = tmp_path / "wild.py"
    wild.write_text(f"import resource\nresource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n{program}\n")
    assert await refusal(jpeg(), Screening(redraw=wild)) is Wrong.BROKEN


async def test_a_child_that_never_stops_talking_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screening, "DRAWN_MOST", 1 << 20)
    wild = tmp_path / "wild.py"
    wild.write_text("import sys\nwhile True: sys.stdout.buffer.write(bytes(1 << 16))\n")
    assert await refusal(jpeg(), Screening(redraw=wild)) is Wrong.BROKEN


async def test_the_scanner_reads_the_whole_file_from_a_descriptor_without_a_name() -> None:
    size = len(pdf())
    looked = await Screening(("sh", "-c", f'test "$(wc -c)" = {size} || exit 2; test -t 0 && exit 3; exit 1')).look(
        pdf()
    )
    assert looked.quarantined


async def test_a_scanner_that_is_too_slow_lets_nothing_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screening, "SCANNED_WITHIN", 0.2)
    with pytest.raises(Unavailable):
        await Screening(("sleep", "3600")).look(pdf())


def test_this_machine_could_open_a_socket_otherwise() -> None:
    socket.socket().close()
