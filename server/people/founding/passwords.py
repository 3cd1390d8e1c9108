"""First passwords: drawn, said once, easy to copy from paper; the person may sign in with nothing else."""

import secrets

_FIRST, _SECOND = "bcdfgjklmnprstvz", "aeiou"
SYLLABLES = 10  # 16 × 5 = 80 each: 63 bits together; sign-in is also slowed by argon2id and a bucket per login


def draw_password() -> str:
    """Return « kavo-tuli-remo-napi-sedu »: no letter that looks like another, 24 signs."""
    parts = [secrets.choice(_FIRST) + secrets.choice(_SECOND) for _ in range(SYLLABLES)]
    return "-".join(parts[n] + parts[n + 1] for n in range(0, SYLLABLES, 2))
