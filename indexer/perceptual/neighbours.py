"""Find the pictures whose 256-bit hashes differ in few bits, among a million of them.

Pure: hashes in, pairs of row numbers out, every distance exact. Whether near hashes show one
exposure is distance.py. Leave out what `distance.is_telling` denies: black frames and white
pages are near each other by the thousand, and it means nothing.

How: the 256 bits are shuffled and cut into 16 keys of 16 bits. Hashes that agree in a key share
a bucket and are compared: 16 tables to a shuffle, two shuffles. Cutting beats drawing the bits of
each table anew: two hashes that differ in up to 15 bits must agree in one of 16 disjoint keys,
so they are found for certain, and of those that differ in 24 one shuffle misses 0.86 %, both
0.007 %. As many tables of 16 bits drawn at random miss 0.08 %, of 20 bits 1.2 %.

What is not found: unlike photographs are as far apart as random bits (127 and 8.1 bits of spread,
in the corpus), but forms, screens and fixed cameras crowd, and equal hashes abound. Buckets above
`_LARGEST_BUCKET` are parted by further bits, and pairs that disagree in those are not compared
there. What five times doesn't part is put in an order in which likes are neighbours, and each is
compared with the few that follow. `Neighbours` counts them. Equal hashes are one hash while
searching, and no more of their pairs are listed than the caps say.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    Hashes = npt.NDArray[np.uint8]  # (n, 32), one packed hash a row
    Words = npt.NDArray[np.uint64]  # (4, n), the same bits, one hash a column
    Rows = npt.NDArray[np.int64]
    Small = npt.NDArray[np.int32]
    Flags = npt.NDArray[np.bool_]
    Keys = npt.NDArray[np.uint64]  # two rows, the smaller in the upper 32 bits
    Pairs = npt.NDArray[np.uint32]  # (pairs, 3): a, b, bits; a < b, in order

# Re-encodes of photographs differ in 0 to 8 bits, the worst in 24 (ORIGINALS.md section 4.2).
WITHIN: Final = 24

_BITS: Final = 256
_BYTES: Final = 32
_WORDS: Final = 4
_KEYS: Final = 16
_KEY_BITS: Final = 16  # numpy sorts 16 bits by radix, in a tenth of the time of 64
_SHUFFLES: Final = 2
_DEPTHS: Final = 5  # how often a crowded bucket is parted, each time by bits of the next key

# Up to here all pairs are compared: 3,000 in 0.1 s, and nothing is missed.
_EXACT_UP_TO: Final = 3000
# A million random hashes fill a bucket with 15, and hardly one with 40. At 128 a library of a
# million takes half as long again, for a few more pairs in the densest crowds.
_LARGEST_BUCKET: Final = 64
# Of each hash in a bucket that nothing parts, in each table: 0.4 of the planted pairs are found
# there, all in looser crowds, and each frame of a fixed camera is tied to about 300 others.
_CROWD_FOLLOWERS: Final = 8
# Of equal hashes all pairs up to 32 of them; above, each with the next 16 in the order given.
_EQUAL_ALL_UP_TO: Final = 32
_EQUAL_FOLLOWERS: Final = 16
# Between two sets of equal hashes all pairs up to 256; above, each with one of the other set.
_CROSS_ALL_UP_TO: Final = 256

_BLOCK: Final = 8192  # hashes at a time where work must stay in the processor's cache
_PART: Final = 250_000  # pairs at a time where each takes a hundred bytes
_PENDING: Final = 4_000_000  # pairs found, many of them repeatedly, before they are merged
_LOW: Final = np.uint64(0xFFFFFFFF)
_HALF: Final = np.uint64(32)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Which hashes are near each other, and what was not looked at."""

    pairs: Pairs
    # Distinct hashes of which more than _LARGEST_BUCKET agreed in some of the 32 keys: their pairs
    # are likely found, for none is it certain.
    crowded: int
    # Pairs of equal hashes, and of hashes equal to ones listed, that the caps above leave out.
    left_out: int


def neighbours(hashes: Hashes, within: int = WITHIN, *, seed: int = 1) -> Neighbours:
    """The pairs within so many bits, the same for the same input and seed.

    All of them up to `_EXACT_UP_TO` hashes. Above: at 15 bits and less all, at 24 all but one in
    10,000, at 32 all but one in 100, except among hashes that crowd and what the caps leave out.
    """
    if len(hashes) <= _EXACT_UP_TO:
        words = _words(hashes)
        return Neighbours(_listed(_all_pairs(words, within), words), 0, 0)
    groups = _Groups.of(_words(hashes))
    found, crowded = _search(hashes[groups.first], within, seed)
    across, left_across = groups.across(found)
    among, left_among = groups.among()
    keys = np.concatenate([across, among])
    del found, across, among
    keys.sort()
    return Neighbours(_listed(keys, _words(hashes)), crowded, left_across + left_among)


def near_to(new: Hashes, known: Hashes, within: int = WITHIN) -> Pairs:
    """Pairs (row of `new`, row of `known`, bits), sorted; exact. 4 ms for each new in a million."""
    known_words, new_words = _words(known), _words(new)
    parts = []
    for row in range(len(new)):
        bits = _difference(known_words, new_words[:, row : row + 1])
        near = np.flatnonzero(bits <= within)
        parts.append(np.stack([np.full(len(near), row), near, bits[near]], axis=1))
    joined = np.concatenate(parts) if parts else np.empty((0, 3))
    return joined.astype(np.uint32)


def _words(hashes: Hashes) -> Words:
    if hashes.dtype != np.uint8 or hashes.ndim != 2 or hashes.shape[1] != _BYTES:  # noqa: PLR2004
        raise ValueError(f"hashes are rows of 32 bytes, not {hashes.dtype} {hashes.shape}")
    return np.ascontiguousarray(np.ascontiguousarray(hashes).view(np.uint64).T)


def _difference(a: Words, b: Words) -> npt.NDArray[np.uint16]:
    """Bits in which columns differ."""
    bits: npt.NDArray[np.uint16] = np.bitwise_count(a[0] ^ b[0]).astype(np.uint16)
    for one, other in zip(a[1:], b[1:], strict=True):
        bits += np.bitwise_count(one ^ other)
    return bits


def _keys(a: Rows, b: Rows) -> Keys:
    low, high = np.minimum(a, b).astype(np.uint64), np.maximum(a, b).astype(np.uint64)
    return low << _HALF | high


def _rows(keys: Keys) -> tuple[Rows, Rows]:
    return (keys >> _HALF).astype(np.int64), (keys & _LOW).astype(np.int64)


def _listed(keys: Keys, words: Words) -> Pairs:
    """Sorted keys as rows, with the distances looked up."""
    pairs = np.empty((len(keys), 3), np.uint32)
    for at in range(0, len(keys), _PART):
        part = slice(at, at + _PART)
        a, b = _rows(keys[part])
        pairs[part, 0], pairs[part, 1] = a, b
        pairs[part, 2] = _difference(words.take(a, axis=1), words.take(b, axis=1))
    return pairs


def _all_pairs(words: Words, within: int) -> Keys:
    parts = [np.empty(0, np.uint64)]
    for row in range(words.shape[1] - 1):
        near = np.flatnonzero(_difference(words[:, row + 1 :], words[:, row : row + 1]) <= within)
        parts.append(_keys(np.full(len(near), row), near + row + 1))
    return np.concatenate(parts)


# Equal hashes


@dataclass(frozen=True, slots=True)
class _Groups:
    """Sets of equal hashes. A set is `order[starts[i] : starts[i] + sizes[i]]`, rows ascending."""

    order: Rows
    starts: Rows
    sizes: Rows

    @classmethod
    def of(cls, words: Words) -> _Groups:
        order = np.lexsort(words)
        differs = np.zeros(len(order) - 1, np.bool_)
        for word in words:
            values = word.take(order)
            differs |= values[1:] != values[:-1]
        starts = _starts(differs)
        return cls(order, starts, np.diff(starts, append=len(order)))

    @property
    def first(self) -> Rows:
        """One row for each set."""
        return self.order.take(self.starts)

    def among(self) -> tuple[Keys, int]:
        """Pairs within the sets, and how many the cap leaves out."""
        places = np.arange(len(self.order))
        sizes = np.repeat(self.sizes, self.sizes)
        after = np.repeat(self.starts + self.sizes, self.sizes) - places - 1
        listed = np.where(sizes <= _EQUAL_ALL_UP_TO, after, np.minimum(after, _EQUAL_FOLLOWERS))
        left, step = _spread(listed)
        keys = _keys(self.order.take(left), self.order.take(left + step + 1))
        return keys, int(after.sum() - listed.sum())

    def across(self, found: Keys) -> tuple[Keys, int]:
        """Pairs of rows for pairs of sets, and how many the cap leaves out."""
        parts = [self._across(found[at : at + _PART]) for at in range(0, len(found), _PART)]
        none = np.empty(0, np.uint64)
        return np.concatenate([none, *(keys for keys, _ in parts)]), sum(left for _, left in parts)

    def _across(self, found: Keys) -> tuple[Keys, int]:
        a, b = _rows(found)
        size_a, size_b = self.sizes.take(a), self.sizes.take(b)
        product, larger = size_a * size_b, np.maximum(size_a, size_b)
        is_whole = product <= _CROSS_ALL_UP_TO
        listed = np.where(is_whole, product, larger)
        pair, step = _spread(listed)
        size_b = size_b.take(pair)
        # Of all pairs, a moves on after each round of b; otherwise both move with each step.
        moves: Rows = np.where(is_whole.take(pair), step // size_b, step)
        left: Rows = self.starts.take(a).take(pair) + moves % size_a.take(pair)
        right: Rows = self.starts.take(b).take(pair) + step % size_b
        keys = _keys(self.order.take(left), self.order.take(right))
        return keys, int(product.sum() - listed.sum())


def _starts(differs: Flags) -> Rows:
    """Where runs begin, from whether each element but the first differs from the one before."""
    return np.flatnonzero(np.concatenate([np.ones(1, np.bool_), differs]))


def _spread(counts: Rows) -> tuple[Rows, Rows]:
    """[2, 0, 3] gives [0, 0, 2, 2, 2] and [0, 1, 0, 1, 2]."""
    which = np.repeat(np.arange(len(counts)), counts)
    begins: Rows = np.cumsum(counts)
    begins -= counts
    return which, np.arange(len(which)) - begins.take(which)


# Buckets


def _search(hashes: Hashes, within: int, seed: int) -> tuple[Keys, int]:
    """Pairs of distinct hashes, sorted, and how many hashes stood in crowded buckets."""
    found = np.empty(0, np.uint64)
    crowded = np.zeros(len(hashes), np.bool_)
    pending: list[Keys] = []
    count = 0
    for keys in _from_tables(hashes, within, seed, crowded):
        pending.append(keys)
        count += len(keys)
        if count > _PENDING:
            found, pending, count = _merged([found, *pending]), [], 0
    return _merged([found, *pending]), int(crowded.sum())


def _merged(parts: list[Keys]) -> Keys:
    # np.unique() takes three times the memory.
    keys = np.concatenate(parts)
    keys.sort()
    return keys[_starts(keys[1:] != keys[:-1])] if len(keys) else keys


def _from_tables(hashes: Hashes, within: int, seed: int, crowded: Flags) -> Iterator[Keys]:
    for number in range(_SHUFFLES):
        shuffled = _shuffled(hashes, _shuffle(seed, number)).view(np.uint64)
        for first in range(_KEYS):
            yield from _Table(shuffled, first, within, crowded).pairs()


def _shuffle(seed: int, number: int) -> Rows:
    """An order of the bits that no version of numpy or Python changes."""

    def rank(bit: int) -> bytes:
        return hashlib.blake2b(f"{seed} {number} {bit}".encode()).digest()

    return np.array(sorted(range(_BITS), key=rank))


def _shuffled(hashes: Hashes, order: Rows) -> Hashes:
    shuffled = np.empty_like(hashes)
    for start in range(0, len(hashes), _BLOCK):
        bits = np.unpackbits(hashes[start : start + _BLOCK], axis=1)
        shuffled[start : start + _BLOCK] = np.packbits(bits.take(order, axis=1), axis=1)
    return shuffled


def _limit_of_a_word(within: int) -> int:
    """How many of `within` bits may lie in one of the four words: a quarter and five deviations.

    16 of 24. It turns away all but one in 20,000 unlike pairs, after a quarter of the work.
    """
    return min(within, math.ceil(within / 4 + 2 * math.sqrt(within)))


@dataclass(frozen=True, slots=True)
class _Buckets:
    """Rows, those of one bucket side by side."""

    rows: Rows
    sizes: Small  # of the bucket, for each row
    followers: Small  # of the row in its bucket

    @classmethod
    def of(cls, rows: Rows, sorted_keys: npt.NDArray[np.integer]) -> _Buckets:
        starts = _starts(sorted_keys[1:] != sorted_keys[:-1])
        counts = np.diff(starts, append=len(rows))
        followers: Small = np.repeat((starts + counts).astype(np.int32), counts)
        followers -= np.arange(1, len(rows) + 1, dtype=np.int32)
        return cls(rows, np.repeat(counts.astype(np.int32), counts), followers)

    def those(self, wanted: Flags) -> _Buckets:
        """Some of the buckets, whole."""
        return _Buckets(self.rows[wanted], self.sizes[wanted], self.followers[wanted])

    def numbers(self) -> Rows:
        """Of the bucket, for each row."""
        is_last = (self.followers == 0).astype(np.int64)
        numbers: Rows = np.cumsum(is_last)
        numbers -= is_last
        return numbers

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class _Table:
    """Hashes in buckets of those that agree in one key."""

    hashes: npt.NDArray[np.uint64]  # (n, 4)
    first: int  # the key, of 16
    within: int
    crowded: Flags  # by any table so far; this one adds to them

    def pairs(self) -> Iterator[Keys]:
        """Near pairs that agree in the key; where too many do, also in bits of the keys after it."""
        keys = self._column(0)
        rows = keys.argsort(kind="stable")
        buckets = _Buckets.of(rows, keys.take(rows))
        for depth in range(1, _DEPTHS + 1):
            is_crowd = buckets.sizes > _LARGEST_BUCKET
            yield from self._compared(buckets.those(~is_crowd), _LARGEST_BUCKET)
            buckets = buckets.those(is_crowd)
            self.crowded[buckets.rows] = True
            if not len(buckets):
                return
            buckets = self._parted(buckets, self._column(depth))
        yield from self._compared(self._ranked(buckets), _CROWD_FOLLOWERS)

    def _column(self, after: int) -> npt.NDArray[np.uint16]:
        """The key so many places after the table's."""
        number = (self.first + after) % _KEYS
        return np.ascontiguousarray(self.hashes.view(np.uint16)[:, number])

    def _telling(self, rows: Rows) -> npt.NDArray[np.uint64]:
        """64 bits of each hash, but not those of the key: they say more about who shares it."""
        return self.hashes[:, (self.first // _WORDS + 1) % _WORDS].take(rows)

    def _parted(self, crowd: _Buckets, column: npt.NDArray[np.uint16]) -> _Buckets:
        """The same rows in smaller buckets: agreeing in further bits, no more of them than needed.

        All 16 would part two hashes that differ in 24 bits four times in five.
        """
        bits = np.ceil(np.log2(2 * crowd.sizes / _LARGEST_BUCKET)).astype(np.uint16)
        inner = column.take(crowd.rows) >> (_KEY_BITS - np.minimum(bits, _KEY_BITS))
        outer = crowd.numbers()
        order = np.lexsort([inner, outer])
        return _Buckets.of(crowd.rows.take(order), (outer << _KEY_BITS | inner).take(order))

    def _ranked(self, crowd: _Buckets) -> _Buckets:
        """The same buckets, alike hashes side by side: those that agree in most of 64 more bits."""
        order = np.lexsort([self._telling(crowd.rows), crowd.numbers()])
        return _Buckets(crowd.rows.take(order), crowd.sizes, crowd.followers)

    def _compared(self, buckets: _Buckets, most: int) -> Iterator[Keys]:
        """Near pairs within each bucket: all rows against the next one, the second next, and so on."""
        word, limit = self._telling(buckets.rows), _limit_of_a_word(self.within)
        for step in range(1, most):
            if step.bit_count() == 1:  # 1, 2, 4: leave out the buckets that have become too small
                wanted = buckets.sizes > step
                buckets, word = buckets.those(wanted), word[wanted]
            if not len(buckets):
                return
            bits = np.bitwise_count(word[step:] ^ word[:-step])
            maybe = np.flatnonzero((bits <= limit) & (buckets.followers[:-step] >= step))
            yield self._near(buckets.rows.take(maybe), buckets.rows.take(maybe + step))

    def _near(self, a: Rows, b: Rows) -> Keys:
        """Those pairs that are near and that no earlier table has compared."""
        differing = self.hashes.take(a, axis=0) ^ self.hashes.take(b, axis=0)
        near = np.bitwise_count(differing).sum(axis=1) <= self.within
        a, b = a[near], b[near]
        by_key = differing[near].view(np.uint16)
        met_before = (by_key[:, : self.first] == 0).any(axis=1) & ~self.crowded[a]
        return _keys(a[~met_before], b[~met_before])
