"""The child process that draws: off the loop, within its time, one after the other, gone when it is not needed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from clinic_ui.paper.press import Press, page_answer, pdf_answer
from clinic_ui.paper.sheets import Sheet, facts, framed, heading, items, lines, sheet, strong
from server.kernel.errors import Unavailable
from tests.clinic_ui.paper.reading import read_pdf
from tests.clock import MONDAY_MORNING


def a_sheet(*texts: str, locale: str = "fr") -> Sheet:
    blocks = [heading("Titre", 1), lines(*texts), strong("fort"), framed("cadre"), facts(("A :", "b"), ("C :", ""))]
    return sheet("Un titre", locale, MONDAY_MORNING.date(), "pied", [*blocks, items([("un", ["deux"])])])


@pytest_asyncio.fixture(loop_scope="session")
async def press() -> AsyncIterator[Press]:
    opened = Press()
    yield opened
    await opened.close()


async def test_a_sheet_becomes_a_tagged_file_for_screen_readers_and_archives(press: Press) -> None:
    [pdf] = await press.draw(a_sheet("Première ligne", "seconde"))
    paper = read_pdf(pdf)
    assert (paper.title, paper.language, paper.marked, paper.shows_title) == ("Un titre", "fr", True, True)
    assert paper.standards["pdfuaid:part"] == "1"
    assert (paper.standards["pdfaid:part"], paper.standards["pdfaid:conformance"]) == ("2", "A")
    assert {"/Document", "/H1", "/P", "/L", "/LI", "/LBody"} <= set(paper.roles)
    assert paper.text == "Titre Première ligne seconde fort cadre A : b 1. un deux pied 1 / 1"


async def test_the_same_words_give_the_same_bytes_from_another_child_too(press: Press) -> None:
    first = await press.draw(a_sheet("une", locale="en"))
    await press.close()
    again = await asyncio.gather(*(press.draw(a_sheet(word, locale="en")) for word in ("une", "deux", "une")))
    assert again[0] == again[2] == first
    assert again[1] != first


async def test_words_are_never_a_program_and_an_unknown_letter_spoils_nothing(press: Press) -> None:
    [pdf] = await press.draw(a_sheet('#strong[x] *y* $z$ #read("/etc/passwd")', "مرحبا 😀 œ½"))
    text = read_pdf(pdf).text
    assert '#strong[x] *y* $z$ #read("/etc/passwd")' in text
    assert "¤ œ½" in text


async def test_many_lines_make_many_pages_and_each_is_a_picture(press: Press) -> None:
    long = a_sheet(*(f"ligne {number}" for number in range(70)))
    pages = await press.draw(long, "svg")
    [pdf] = await press.draw(long)
    assert len(pages) == read_pdf(pdf).pages > 1
    assert all(page.startswith(b"<svg") for page in pages)


async def test_too_late_is_said_and_the_next_sheet_has_a_fresh_child() -> None:
    hurried = Press(limit=0.0)
    with pytest.raises(Unavailable):
        await hurried.draw(a_sheet("une"))
    hurried._limit = 60.0
    assert await hurried.draw(a_sheet("une"))
    child = hurried._child
    assert child is not None
    child.kill()
    await child.wait()
    assert await hurried.draw(a_sheet("une"))
    await hurried.close()


async def test_what_cannot_be_drawn_is_said_and_the_child_lives_on(press: Press) -> None:
    await press.draw(a_sheet("une"))
    child = press._child
    with pytest.raises(Unavailable):
        await press.draw({"title": "sans le reste"})
    assert await press.draw(a_sheet("une"))
    assert press._child is child


async def test_an_idle_child_ends_by_itself() -> None:
    press = Press(idle=0.0)
    await press.draw(a_sheet("une"))
    child = press._child
    assert child is not None
    async with asyncio.timeout(60):
        await child.wait()
    assert child.returncode == 0
    await press.close()


def test_papers_are_never_kept_by_a_browser() -> None:
    for answer in (pdf_answer(b"%PDF", "ordonnance"), page_answer(b"<svg/>")):
        assert answer.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert pdf_answer(b"%PDF", "ordonnance").headers["Content-Disposition"] == 'inline; filename="ordonnance.pdf"'
