"""Neighbours: exact distances, nothing missed that can be found, and what crowds is counted."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from indexer.perceptual import neighbours as module
from indexer.perceptual.image_hash import fingerprint
from indexer.perceptual.neighbours import near_to, neighbours


def random_hashes(count, seed=1):
    """As pHashes are: 128 ones each."""
    rng = np.random.default_rng(seed)
    return np.packbits(rng.random((count, 256)).argsort(axis=1) < 128, axis=1)


def flipped(one, bits, rng):
    """As many ones cleared as zeros set, which is what another median does."""
    row = np.unpackbits(one)
    ups = rng.choice(np.flatnonzero(row == 0), bits // 2, replace=False)
    downs = rng.choice(np.flatnonzero(row == 1), bits - bits // 2, replace=False)
    row[ups], row[downs] = 1, 0
    return np.packbits(row)


def planted(count, distances, seed=1):
    """Random hashes; each of the first ones has a flipped copy among the last ones."""
    rng = np.random.default_rng(seed)
    hashes = random_hashes(count, seed)
    for place, bits in enumerate(distances):
        hashes[count - 1 - place] = flipped(hashes[place], bits, rng)
    return hashes, {(place, count - 1 - place, bits) for place, bits in enumerate(distances)}


def scanned(hashes, within):
    """Every pair the slow way."""
    numbers = [int.from_bytes(row.tobytes()) for row in hashes]
    return [
        (a, b, bits)
        for a, one in enumerate(numbers)
        for b in range(a + 1, len(numbers))
        if (bits := (one ^ numbers[b]).bit_count()) <= within
    ]


def rows(pairs):
    return [tuple(pair) for pair in pairs.tolist()]


@pytest.fixture
def buckets_only(monkeypatch):
    monkeypatch.setattr(module, "_EXACT_UP_TO", 0)


@given(
    picks=st.lists(
        st.tuples(st.integers(0, 3), st.sets(st.integers(0, 255), max_size=30)), max_size=40
    ),
    within=st.integers(0, 40),
)
def test_few_hashes_are_all_compared(picks, within):
    hashes = random_hashes(4)[[base for base, _ in picks]]
    for row, (_, bits) in zip(hashes, picks, strict=True):
        for bit in bits:
            row[bit // 8] ^= 1 << bit % 8

    assert rows(neighbours(hashes, within).pairs) == scanned(hashes, within)


@given(
    picks=st.lists(
        st.tuples(st.integers(0, 3), st.sets(st.integers(0, 255), max_size=7)),
        min_size=1,
        max_size=30,
    )
)
def test_buckets_find_every_pair_of_up_to_fifteen_bits(picks):
    hashes = random_hashes(4)[[base for base, _ in picks]]
    for row, (_, bits) in zip(hashes, picks, strict=True):
        for bit in bits:
            row[bit // 8] ^= 1 << bit % 8

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_EXACT_UP_TO", 0)
        found = neighbours(hashes, 15)

    assert rows(found.pairs) == scanned(hashes, 15)
    assert (found.crowded, found.left_out) == (0, 0)


def test_the_planted_pairs_are_found_with_their_bits():
    distances = [bits for bits in range(0, 25, 2) for _ in range(100)]
    hashes, truth = planted(20_000, distances)

    found = set(rows(neighbours(hashes).pairs))

    assert found <= set(rows(neighbours(hashes, 40).pairs))
    assert len(truth - found) <= len(truth) * 0.001
    assert {pair for pair in truth if pair[2] < 16} <= found


def test_reencoded_pictures_are_found_among_many(buckets_only):
    pairs = [(picture(seed), reencoded(picture(seed))) for seed in range(30)]
    looks = [np.frombuffer(fingerprint(p).phash, np.uint8) for pair in pairs for p in pair]
    hashes = np.concatenate([np.stack(looks), random_hashes(10_000)])

    found = {(a, b) for a, b, _ in rows(neighbours(hashes).pairs)}

    assert {(2 * i, 2 * i + 1) for i in range(30)} <= found


def picture(seed):
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 255, (9, 12, 3), dtype=np.uint8))
    return coarse.resize((800, 600), Image.Resampling.BICUBIC)


def reencoded(image):
    small, buffer = image.copy(), io.BytesIO()
    small.thumbnail((320, 320))
    small.save(buffer, "JPEG", quality=60)
    return Image.open(io.BytesIO(buffer.getvalue()))


def test_pairs_are_sorted_and_each_comes_once():
    hashes, _ = planted(5_000, [4] * 200)

    found = rows(neighbours(hashes).pairs)

    assert found == sorted(set(found))
    assert all(a < b for a, b, _ in found)


def test_the_same_hashes_and_seed_give_the_same_pairs():
    hashes, _ = planted(5_000, [24] * 2_000)

    assert np.array_equal(neighbours(hashes).pairs, neighbours(hashes).pairs)


def test_the_order_of_bits_is_fixed():
    assert module._shuffle(1, 0)[:6].tolist() == [43, 194, 44, 220, 169, 90]


def test_sets_of_equal_hashes_give_all_their_pairs(buckets_only):
    hashes = random_hashes(3)[[0, 1, 0, 2, 0, 1]]

    found = neighbours(hashes)

    assert rows(found.pairs) == [(0, 2, 0), (0, 4, 0), (1, 5, 0), (2, 4, 0)]
    assert found.left_out == 0


def test_copies_of_two_near_hashes_give_all_pairs_across(buckets_only):
    one = random_hashes(1)[0]
    other = flipped(one, 10, np.random.default_rng(1))

    found = neighbours(np.stack([one, other, one, other, one]))

    assert rows(found.pairs) == scanned(np.stack([one, other, one, other, one]), 24)


def test_a_thousand_equal_hashes_are_tied_to_the_next_sixteen_and_the_rest_counted(buckets_only):
    hashes = random_hashes(1).repeat(1_000, axis=0)

    found = neighbours(hashes)

    assert len(found.pairs) == 16 * 1_000 - 16 * 17 // 2
    assert len(found.pairs) + found.left_out == 1_000 * 999 // 2
    assert {b - a for a, b, _ in rows(found.pairs)} == set(range(1, 17))


def test_every_copy_of_a_large_set_is_tied_across(buckets_only):
    one = random_hashes(1)[0]
    other = flipped(one, 10, np.random.default_rng(1))
    hashes = np.concatenate([np.tile(one, (100, 1)), np.tile(other, (30, 1))])

    found = neighbours(hashes)
    across = [(a, b) for a, b, bits in rows(found.pairs) if bits == 10]

    assert {a for a, _ in across} == set(range(100))
    assert {b for _, b in across} == set(range(100, 130))
    assert len(found.pairs) + found.left_out == 130 * 129 // 2


def test_a_crowd_is_counted_and_its_nearest_are_still_found():
    rng = np.random.default_rng(3)
    base = random_hashes(1)[0]
    crowd = np.stack([flipped(base, 24, rng) for _ in range(3_000)])
    twins = np.stack([flipped(one, 2, rng) for one in crowd[:500]])
    hashes = np.concatenate([crowd, twins, random_hashes(1_000, 5)])

    found = neighbours(hashes)
    pairs = {(a, b) for a, b, _ in rows(found.pairs)}

    assert found.crowded == pytest.approx(3_500, rel=0.01)
    assert np.mean([(i, 3_000 + i) in pairs for i in range(500)]) > 0.99


def test_a_crowd_that_nothing_parts_costs_no_square():
    rng = np.random.default_rng(3)
    base = random_hashes(1)[0]
    hashes = np.stack([flipped(base, 4, rng) for _ in range(6_000)])

    found = neighbours(hashes)

    assert found.crowded > 5_900
    # Each with 8 that follow in each of 32 tables, not with 6,000.
    assert 6_000 < len(found.pairs) < 6_000 * 32 * 16
    assert set(range(6_000)) == set(found.pairs[:, :2].ravel().tolist())


def test_a_search_in_buckets_finds_what_a_scan_finds():
    hashes, _ = planted(4_000, [8, 16, 24] * 300)

    assert rows(neighbours(hashes).pairs) == [
        p for p in rows(near_to(hashes, hashes)) if p[0] < p[1]
    ]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_hardly_any_hashes_give_hardly_any_pairs(count, buckets_only):
    assert neighbours(random_hashes(count)).pairs.shape == (0, 3)


def test_new_hashes_are_compared_with_all():
    hashes, truth = planted(3_000, [6, 24, 25])

    found = near_to(hashes[:3], hashes[3:])

    assert rows(found) == sorted((a, b - 3, bits) for a, b, bits in truth if bits <= 24)
    assert found.dtype == np.uint32


def test_no_new_hashes_give_no_pairs():
    assert near_to(random_hashes(0), random_hashes(5)).shape == (0, 3)


@pytest.mark.parametrize("wrong", [np.zeros((3, 8), np.uint8), np.zeros((3, 32), np.uint16)])
def test_what_is_no_hash_is_refused(wrong):
    with pytest.raises(ValueError, match="rows of 32 bytes"):
        neighbours(wrong)
