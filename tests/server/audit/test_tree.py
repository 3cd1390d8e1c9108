"""The tree fits RFC 6962 as its text defines it, and a verifier written apart accepts its proofs and no others."""

from __future__ import annotations

import hashlib
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.audit.tree import (
    Growth,
    Subtree,
    complete,
    consistency_parts,
    continues,
    inclusion_parts,
    leaf_hash,
    node_hash,
    proof,
    root_by_inclusion,
)

LINES = [b"", *(number.to_bytes(2, "big") for number in range(1, 300))]
LEAVES = [leaf_hash(line) for line in LINES]
# The eight inputs of the certificate-transparency project's reference tests, and their roots.
KNOWN_INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
KNOWN_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def mth(leaves: list[bytes]) -> bytes:
    """The definition of RFC 6962, 2.1, as it stands there."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(mth(leaves[:k]), mth(leaves[k:]))


@cache
def root(size: int) -> bytes:
    """The root of the first leaves."""
    return mth(LEAVES[:size])


@cache
def part(wanted: Subtree) -> bytes:
    """The hash of a complete subtree."""
    level, place = wanted
    return mth(LEAVES[place << level : place + 1 << level])


def leads_to(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """A verifier apart: follow RFC 6962's PATH by its recursion, from the root down."""
    if size == 1:
        assert not path
        return leaf
    k = 1
    while k * 2 < size:
        k *= 2
    *inner, last = path
    if index < k:
        return node_hash(leads_to(leaf, index, k, inner), last)
    return node_hash(last, leads_to(leaf, index - k, size - k, inner))


def both_roots(old: int, new: int, path: list[bytes], whole: bytes | None) -> tuple[bytes, bytes]:
    """A verifier apart: both roots that RFC 6962's PROOF leads to. `whole`: the old root, while it is a left side."""
    if old == new:
        if whole is not None:
            assert not path
            return whole, whole
        (only,) = path
        return only, only
    k = 1
    while k * 2 < new:
        k *= 2
    *inner, last = path
    if old <= k:
        first, second = both_roots(old, k, inner, whole)
        return first, node_hash(second, last)
    first, second = both_roots(old - k, new - k, inner, None)
    return node_hash(last, first), node_hash(last, second)


def test_the_known_trees_have_their_known_roots() -> None:
    growth = Growth()
    for line, known in zip(KNOWN_INPUTS, KNOWN_ROOTS, strict=True):
        growth.append(leaf_hash(bytes.fromhex(line)))
        assert growth.root().hex() == known
    assert Growth().root().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_every_inclusion_of_small_trees_is_proven_and_no_other_leaf_passes() -> None:
    for size in range(1, 66):
        for index in range(size):
            path = proof(inclusion_parts(index, size), part)
            assert leads_to(LEAVES[index], index, size, path) == root(size)
            assert root_by_inclusion(LEAVES[index], index, size, path) == root(size)
            assert root_by_inclusion(LEAVES[index + 1], index, size, path) != root(size)


def test_every_consistency_of_small_trees_is_proven_and_no_other_root_passes() -> None:
    for new in range(1, 66):
        for old in range(1, new + 1):
            path = proof(consistency_parts(old, new), part)
            assert both_roots(old, new, path, root(old)) == (root(old), root(new))
            assert continues(old, root(old), new, root(new), path)
            assert not continues(old, root(old), new, root(new + 1), path)
            assert not continues(old, root(old + 1), new, root(new), path) or old == new


@given(st.integers(1, 299), st.integers(1, 299), st.lists(st.binary(min_size=32, max_size=32), max_size=10))
def test_made_up_proofs_are_refused(one: int, other: int, path: list[bytes]) -> None:
    old, new = sorted((one, other))
    honest = proof(consistency_parts(old, new), part)
    if path != honest:
        assert not continues(old, root(old), new, root(new), path)
        assert not continues(old, root(old), new, root(new), [*honest, *path]) or not path


def test_nothing_old_needs_no_proof_and_a_shorter_log_continues_nothing() -> None:
    assert continues(0, root(0), 5, root(5), [])
    assert not continues(0, root(0), 5, root(5), [root(1)])
    assert not continues(6, root(6), 5, root(5), [])
    assert not continues(3, root(3), 5, root(5), [])


@given(st.integers(0, 299), st.lists(st.integers(1, 280), max_size=4))
def test_a_tree_grows_the_same_in_any_steps(size: int, steps: list[int]) -> None:
    growth = Growth()
    for step in [*steps, size]:
        growth.extend(LEAVES[growth.size : min(growth.size + step, 299)])
        kept = Growth.of(growth.size, growth.peaks_bytes)
        assert kept.root() == growth.root() == root(growth.size)


def test_long_growth_folds_whole_chunks_to_the_same_root_and_keeps_the_same_nodes() -> None:
    many = [leaf_hash(number.to_bytes(4, "big")) for number in range(70_000)]
    slow, fast = Growth(), Growth()
    kept = [node for leaf in many for node in slow.append(leaf)]
    assert fast.extend(many) == kept
    assert fast.root() == slow.root()
    assert [place for level, place, _hash in kept if level == 8] == list(range(273))
    assert kept[0][2] == complete(many[:256])
    assert [(level, place) for level, place, _hash in kept if level > 8] == [(16, 0)]


@pytest.mark.parametrize(("size", "peaks"), [(3, b"\0" * 32), (0, b"\0" * 32), (4, b"\0" * 31)])
def test_peaks_that_cannot_be_are_refused(size: int, peaks: bytes) -> None:
    with pytest.raises(ValueError, match="peaks"):
        Growth.of(size, peaks)


def test_what_is_not_complete_is_refused() -> None:
    for wrong in ([], LEAVES[:3]):
        with pytest.raises(ValueError, match="power of two"):
            complete(wrong)
    with pytest.raises(ValueError, match="leaf"):
        inclusion_parts(3, 3)
    with pytest.raises(ValueError, match="trees"):
        consistency_parts(0, 3)
    with pytest.raises(ValueError, match="too long"):
        root_by_inclusion(LEAVES[0], 0, 1, [LEAVES[1]])
    with pytest.raises(ValueError, match="too short"):
        root_by_inclusion(LEAVES[0], 0, 4, [LEAVES[1]])
