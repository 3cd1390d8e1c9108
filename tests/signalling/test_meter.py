"""What the exchange counts of itself while pages come, speak, sit and go."""

from __future__ import annotations

import pytest

from signalling.bus import LocalBus
from signalling.errors import BadTicket
from signalling.tickets import LinePass, SeatPass, TicketOffice
from tests.clock import FakeClock


async def test_tickets_are_counted_by_what_became_of_them(clock: FakeClock) -> None:
    office = TicketOffice(LocalBus(), clock)
    ticket = await office.issue(LinePass(("queue",), "account"))
    await office.redeem(ticket, LinePass)
    with pytest.raises(BadTicket):
        await office.redeem(ticket, SeatPass)
    meter = office.meter
    assert (meter.tickets_issued, meter.tickets_redeemed, meter.tickets_refused) == (1, 1, 1)
