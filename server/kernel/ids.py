"""Identifiers: one NewType per thing, so that a patient's id is never taken for an encounter's."""

import os
import time
from typing import NewType
from uuid import UUID

AccountId = NewType("AccountId", UUID)
AppointmentId = NewType("AppointmentId", UUID)
CabinId = NewType("CabinId", UUID)
ConsentId = NewType("ConsentId", UUID)
DocumentId = NewType("DocumentId", UUID)
EncounterId = NewType("EncounterId", UUID)
GlassId = NewType("GlassId", UUID)
GuestId = NewType("GuestId", UUID)
HandoverId = NewType("HandoverId", UUID)
HealthWorkerId = NewType("HealthWorkerId", UUID)
InstrumentId = NewType("InstrumentId", UUID)
MergeId = NewType("MergeId", UUID)
NoteId = NewType("NoteId", UUID)
ObservationId = NewType("ObservationId", UUID)
PatientId = NewType("PatientId", UUID)
PractitionerId = NewType("PractitionerId", UUID)
PrescriptionId = NewType("PrescriptionId", UUID)
PromiseId = NewType("PromiseId", UUID)
SeriesId = NewType("SeriesId", UUID)
FreedMomentId = NewType("FreedMomentId", UUID)
WaitingEntryId = NewType("WaitingEntryId", UUID)
WaitingOfferId = NewType("WaitingOfferId", UUID)
ReferralId = NewType("ReferralId", UUID)
ReminderChoiceId = NewType("ReminderChoiceId", UUID)
ReminderId = NewType("ReminderId", UUID)
ResourceId = NewType("ResourceId", UUID)
SiteId = NewType("SiteId", UUID)


def new_id() -> UUID:
    """Return a fresh UUID version 7 (RFC 9562): 48 bits of Unix milliseconds, then 74 random bits.

    Ordered in time, so that rows saved one after the other lie side by side in the index.
    """
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value & (1 << 128) - 1)
