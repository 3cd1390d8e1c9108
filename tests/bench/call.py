"""A call: how fast it is there, and what it survives. Real windows, the real server in a process of its own.

press to first picture, cold and warm, beside the floor    ≈ 3 min
sockets lost, the server killed                            ≈ 2 min
the line cut for 1, 5, 20, 40 and 60 s                     ≈ 2.5 min a round; `make bench AREA=call CUTS=10` makes ten
"""

from __future__ import annotations

from tests import components
from tests.bench import Figure
from tests.bench.calls import cuts, server_loss, setup
from tests.bench.calls.windows import windows


async def run() -> list[Figure]:
    """Measure a call's beginning in a browser of its own, then its recovery in another."""
    async with components.chromium() as browser, windows(browser) as quiet:
        floor = await setup.floor_page(
            await browser.new_context(permissions=["camera", "microphone"]), quiet.server.origin
        )
        begun = await setup.measure(quiet, floor)
    async with components.chromium() as browser, windows(browser, impaired=True) as far:
        await far.take()
        lost = await server_loss.measure(far)
        healed = await cuts.measure(far)
    return [*begun, *lost, *healed]
