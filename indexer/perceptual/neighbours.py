"""Find the pictures whose 256-bit hashes differ in few bits, among a million of them.

Pure: hashes in, pairs of row numbers out, every distance exact. Whether two near hashes show
one exposure is distance.py. Hashes of featureless pictures should be left out beforehand
(`distance.is_telling`): black frames and white pages are near each other and mean nothing.

How: two hashes that differ in 24 of 256 bits agree in 18 given bits with probability 0.17. So
42 tables each sample 18 bits; hashes that agree in all of them share a bucket and are compared.
Up to a few thousand hashes simply all are compared.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    Rows = npt.NDArray[np.int64]
    Words = npt.NDArray[np.uint64]
    Pairs = npt.NDArray[np.uint32]

log = logging.getLogger(__name__)

WITHIN: Final = 24

_BITS: Final = 256
_WORDS: Final = 4  # of 64 bits
_EXACT_UP_TO: Final = 3000
_SAMPLED: Final = 18
_TABLES: Final = 42
_LARGEST_BUCKET: Final = 32
_DEPTHS: Final = 4
_LARGEST_EQUAL: Final = 32
_FOLLOWERS: Final = 16
_PENDING: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class Search:
    pairs: Pairs
    crowded: int
    left_out: int


def near_pairs(
    hashes: npt.NDArray[np.uint8], within: int = WITHIN, *, seed: int = 1
) -> Pairs:
    return search(hashes, within, seed=seed).pairs


def search(hashes, within=WITHIN, *, seed=1):
    import time
    words = _words(hashes)
    T=time.perf_counter
    t=T()
    order = np.lexsort(words)
    s = words[:, order]
    new = np.ones(len(order), bool)
    new[1:] = (s[:, 1:] != s[:, :-1]).any(axis=0)
    print('group', T()-t); t=T()
    reps = np.ascontiguousarray(s[:, new])
    del s
    found = np.empty(0, np.uint64)
    pend=[];count=0
    ncand=[0]
    crowd=np.zeros(reps.shape[1],bool)
    for masks in tables(seed):
        for k in _table(reps, masks, within, crowd, ncand):
            pend.append(k); count+=len(k)
            if count>_PENDING:
                found=np.unique(np.concatenate([found,*pend])); pend=[];count=0
    found=np.unique(np.concatenate([found,*pend]))
    print('tables', T()-t, 'cands', ncand, 'found', len(found), 'crowd', crowd.sum(), 'reps', reps.shape[1])
    return reps, order[new], found

def _words(hashes):
    return np.ascontiguousarray(np.ascontiguousarray(hashes).view(np.uint64).T)

def tables(seed):
    out=[]
    per=_BITS//_SAMPLED
    r=0
    while len(out)<_TABLES:
        perm=sorted(range(1,256),key=lambda b: hashlib.blake2b(f'{seed} {r} {b}'.encode()).digest())
        for i in range(per):
            rot=perm[i*_SAMPLED:]+perm[:i*_SAMPLED]
            out.append([mask(rot[:_SAMPLED+14*d]) for d in range(_DEPTHS)])
        r+=1
    return out[:_TABLES]

def mask(bits):
    m=np.zeros(256,np.uint8); m[bits]=1
    return np.packbits(m).view(np.uint64)

MULT=[np.uint64(int.from_bytes(hashlib.blake2b(f'm{i}'.encode(),digest_size=8).digest())|1) for i in range(4)]
def _sorted(words, rows, m):
    n=len(rows) if rows is not None else words.shape[1]
    key=np.zeros(n,np.uint64)
    for i in range(4):
        w=words[i] if rows is None else words[i][rows]
        key+=(w&m[i])*MULT[i]
    key&=np.uint64(0xFFFFFFFF00000000)
    key|=np.arange(n,dtype=np.uint64)
    key.sort()
    at=(key&np.uint64(0xFFFFFFFF)).astype(np.int64)
    key>>=np.uint64(32)
    return key, (at if rows is None else rows[at])

def _table(words, masks, within, crowd, ncand):
    rows=None
    for depth,m in enumerate(masks):
        key,rows=_sorted(words,rows,m)
        starts=np.flatnonzero(np.r_[True,key[1:]!=key[:-1]])
        sizes=np.diff(np.r_[starts,len(key)])
        big=sizes>_LARGEST_BUCKET
        last=depth==len(masks)-1
        lim=sizes if last else np.where(big,0,sizes)
        after=(np.repeat(starts+lim,sizes)-np.arange(len(key))).astype(np.int32)-1
        ww=words[:,rows]
        live=np.flatnonzero(after>0)
        shift=1
        while len(live) and shift<_LARGEST_BUCKET:
            ncand[0]+=len(live)
            b=live+shift
            bits=np.zeros(len(live),np.uint16)
            for i in range(4):
                bits+=np.bitwise_count(ww[i][live]^ww[i][b])
            ok=np.flatnonzero(bits<=within)
            x,y=rows[live[ok]],rows[b[ok]]
            lo,hi=np.minimum(x,y),np.maximum(x,y)
            yield lo.astype(np.uint64)<<np.uint64(32)|hi.astype(np.uint64)
            shift+=1
            live=live[after[live]>=shift]
        rows=rows[np.repeat(big,sizes)]
        crowd[rows]=True
        if not len(rows): return
