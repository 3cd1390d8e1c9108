"""Faults and attacks: each `t….py` makes one claim and tries to break it.

A module has `ID` ("T4"), `CLAIM` (a sentence) and

    async def attempt(defence: bool) -> tuple[int, int]:    # how often it was tried, how often the claim held

Several modules may share an `ID`: they are parts of one claim.
With `defence=False` it turns off what keeps the claim, and must then see it broken.
"""
