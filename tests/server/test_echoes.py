"""The seam to the echoes: one for a cabin, its witness once, a full room said plainly."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from aiortc import AudioStreamTrack

from server.echoes import Echoes
from server.kernel.errors import Invalid, Unavailable
from server.kernel.ids import CabinId, new_id
from signalling.peer_echo import MOST
from signalling.peer_link import Link

ROOT = Path(__file__).parent.parent.parent


async def test_an_echo_hears_a_cabin_and_tells_it_once() -> None:
    echoes, cabin, key, page = Echoes(), CabinId(new_id()), new_id(), Link(tracks=[AudioStreamTrack()])
    try:
        await page.take(await echoes.answer(key, cabin, await page.offer(), []))
        await asyncio.wait_for(page.heard["audio"].flows.wait(), 20)
        assert await echoes.witness(key, CabinId(new_id())) is None  # another cabin's
        witness = await echoes.witness(key, cabin)
        assert witness
        assert witness.heard
        assert witness.loss_up == 0
        assert witness.jitter_ms is not None
        assert await echoes.witness(key, cabin) is None
    finally:
        await asyncio.gather(page.close(), echoes.close())


async def test_a_cabin_has_one_echo_and_a_full_room_says_so() -> None:
    echoes, page = Echoes(), Link(tracks=[AudioStreamTrack()])
    try:
        offer = await page.offer()
        cabins = [CabinId(new_id()) for _ in range(MOST)]
        for cabin in [cabins[0], *cabins]:  # the first asks twice: its former echo makes place
            await echoes.answer(new_id(), cabin, offer, [])
        with pytest.raises(Unavailable) as full:
            await echoes.answer(new_id(), CabinId(new_id()), offer, [])
        assert full.value.code == "busy"
        with pytest.raises(Invalid):
            await echoes.answer(new_id(), cabins[0], "v=0\r\n", [])
        await echoes.answer(new_id(), CabinId(new_id()), offer, [])
    finally:
        await asyncio.gather(page.close(), echoes.close())


HARDENED = """
import asyncio, ctypes, sys
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0):  # PR_SET_MDWE, as MemoryDenyWriteExecute of a service (Linux 6.3)
    sys.exit(77)
from server.echoes import Echoes
from server.kernel.errors import Unavailable
from server.kernel.ids import new_id
try:
    asyncio.run(Echoes().answer(new_id(), new_id(), "v=0", []))
except Unavailable as refused:
    print(refused.code)
"""


def test_a_server_that_may_not_call_back_says_so_instead_of_blaming_every_cabin() -> None:
    command = [sys.executable, "-c", HARDENED]
    tried = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=60)
    if tried.returncode == 77:
        pytest.skip("this kernel cannot refuse such memory")
    assert tried.stdout.splitlines()[-1] == "no-echo", tried.stderr
