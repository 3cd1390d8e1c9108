"""A key is kept with its answer, in the transaction of the act."""

from __future__ import annotations

import pytest

from server.kernel.errors import Invalid
from server.scheduler.service.intents import Intents
from tests.server.scheduler.clinic import Clinic


async def test_the_first_answer_is_kept_and_given_again(clinic: Clinic) -> None:
    intents = Intents(clinic.clock)
    async with clinic.database.transaction() as tx:
        assert await intents.answered(tx, clinic.nurse, "key-0001", "book", "first") is None
    async with clinic.database.transaction() as tx:
        assert await intents.answered(tx, clinic.nurse, "key-0001", "book", "second") == "first"
        assert await intents.answered(tx, clinic.village.cabin, "key-0001", "book", "third") is None


@pytest.mark.parametrize("key", ["", "short", "x" * 65, "with space", "clé-0001"])
async def test_a_malformed_key_is_refused(clinic: Clinic, key: str) -> None:
    async with clinic.database.transaction() as tx:
        with pytest.raises(Invalid):
            await Intents(clinic.clock).answered(tx, clinic.nurse, key, "book", "first")
