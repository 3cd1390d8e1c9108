"""Who listens to which line, and the tickets for it."""

from pathlib import Path

import aiohttp
import pytest

from server.kernel.access import Identity, Role
from server.kernel.clock import utc_now
from server.kernel.ids import AccountId, CabinId, SiteId, new_id
from server.lines import SeatTickets, lines_of
from signalling.bus import LocalBus
from signalling.protocol import VERSION, Seat
from signalling.tickets import SeatPass, TicketOffice
from tests.flows.conftest import settle
from tests.running import config_in, running
from tests.visitors import visitors

ME, CABIN, SITE = AccountId(new_id()), CabinId(new_id()), SiteId(new_id())


@pytest.mark.parametrize(
    ("role", "heard"),
    [
        (Role.CABIN, (f"cabin:{CABIN}",)),
        (Role.GP, ("queue", f"desk:{ME}")),
        (Role.HEALTH_WORKER, (f"site:{SITE}",)),
        (Role.COORDINATOR, ("queue", "readiness")),
        (Role.ADMIN, ("queue", "readiness")),
    ],
)
def test_each_role_listens_to_its_own_lines(role: Role, heard: tuple[str, ...]) -> None:
    assert lines_of(Identity(ME, role, "x", "X", cabin_id=CABIN, site_id=SITE)) == heard


async def test_a_seat_ticket_opens_one_seat_once() -> None:
    office = TicketOffice(LocalBus(), utc_now)
    ticket = await SeatTickets(office).issue_seat("call", "patient", "cabin")
    assert await office.redeem(ticket, SeatPass) == SeatPass("call", Seat.PATIENT, "cabin")


async def test_a_signed_in_page_opens_its_socket_with_a_ticket(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    assert config.kek_file
    await settle(config.database_url, config.kek_file, utc_now())
    async with running(config) as house, visitors(house.origin, desk="aubin") as (aubin,):
        ticket = (await aubin.post("/api/line-ticket")).body["ticket"]
        hello = {"type": "hello", "version": VERSION, "ticket": ticket}
        async with aubin.session.ws_connect("/signal", headers={"Origin": house.origin}) as socket:
            await socket.send_json(hello)
            assert (await socket.receive_json())["type"] == "welcome"
        async with aubin.session.ws_connect("/signal", headers={"Origin": house.origin}) as socket:
            await socket.send_json(hello)
            assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
            assert socket.close_code == 4401
        assert (await aubin.get("/api/ice-servers")).body == {"ice_servers": [], "relay_only": False}
