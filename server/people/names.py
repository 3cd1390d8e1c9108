"""How near two words of a name are: one slip of the finger, and a French ear's key of how a word sounds."""

import re
from collections.abc import Iterator

SLIP_FROM = 4
"""Letters from which one slip is forgiven: in three letters, one slip makes another name (« Guy », « Luc »)."""

# In this order: each line hears what the lines before left. Digits stand for nasal vowels.
_SOUNDS = tuple(
    (re.compile(written), heard)
    for written, heard in (
        (r"ph", "f"),
        (r"s?ch", "S"),
        (r"h", ""),
        (r"eaux?|aul?t?s?$|au", "o"),
        (r"ou", "u"),
        (r"(?:ai|ei|[iy])[nm](?![aeiouynm])|u[nm](?![aeiouynm])", "5"),
        (r"[ae][nm](?![aeiouynm])", "1"),
        (r"o[nm](?![aeiouynm])", "3"),
        (r"oeu|eu|oe", "e"),
        (r"ai|ei|ay|ey|(?:et|er|ez)s?$", "e"),
        (r"gn", "n"),
        (r"gu(?=[eiy])", "G"),
        (r"ge?(?=[aeiouy])(?<=ge)|g(?=[eiy])", "j"),
        (r"G", "g"),
        (r"c(?=[eiy])", "s"),
        (r"qu|ck|[cq]", "k"),
        (r"x", "s"),
        (r"y", "i"),
        (r"w", "v"),
        (r"z", "s"),
        (r"(.)\1+", r"\1"),
        (r"(?<=..)[estdp]+$", ""),
    )
)


def sound(word: str) -> str:
    """Return a key that is equal for plain words which a French ear does not tell apart: « quere », « kerre »."""
    for written, heard in _SOUNDS:
        word = written.sub(heard, word)
    return word


def shortened(word: str) -> Iterator[str]:
    """Yield the word, and the word without each of its letters: two words one slip apart share one of these."""
    yield word
    for place in range(len(word)):
        yield word[:place] + word[place + 1 :]


def one_slip(left: str, right: str) -> bool:
    """Return whether the words differ by at most one letter added, dropped, changed or two swapped."""
    if len(left) > len(right):
        left, right = right, left
    if len(right) - len(left) > 1:
        return False
    first = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), len(left))
    if len(left) < len(right):
        return left[first:] == right[first + 1 :]
    rest_left, rest_right = left[first:], right[first:]
    swapped = rest_left[1:2] + rest_left[:1] == rest_right[:2] and rest_left[2:] == rest_right[2:]
    return rest_left[1:] == rest_right[1:] or swapped
