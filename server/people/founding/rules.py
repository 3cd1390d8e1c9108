"""What stands beside people, and what a file of places may say."""

from dataclasses import dataclass

from server.kernel.ids import InstrumentId, SiteId


@dataclass(frozen=True, slots=True)
class Instrument:
    """Something that a site has once and shares."""

    id: InstrumentId
    site_id: SiteId
    name: str
    in_service: bool
