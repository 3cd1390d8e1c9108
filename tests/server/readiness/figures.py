"""What a good cabin measures, and the same with one thing wrong."""

from __future__ import annotations

from typing import Any

import msgspec

from server.readiness.rules import Device, Figures

GOOD = Figures(
    camera=Device.OK,
    microphone=Device.OK,
    light=120,
    level_db=-40,
    noise_db=-60,
    tone_rise_db=30,
    connected=True,
    connect_ms=400,
    first_frame_ms=700,
    rtt_ms=40,
    jitter_ms=5,
    loss_up=0.0,
    loss_down=0.001,
    up_kbps=2000,
    down_kbps=2000,
    relay_udp=True,
    relay_tcp=True,
    relay_tls=True,
)


def but(**changes: Any) -> Figures:
    """A good cabin, but for this."""
    return msgspec.structs.replace(GOOD, **changes)
