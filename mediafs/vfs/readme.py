"""The text of README.txt at the top of the tree."""

from __future__ import annotations

# 2026-01-01 UTC, not the time of mounting: a second rsync finds nothing new. Raise it
# together with a change of the text.
README_MTIME_NS = 1_767_225_600 * 10**9
README_NAME = b"README.txt"

README = b"""\
Your photographs and videos, each moment once
=============================================

Every file here is the untouched file from your disks, seen under another name. Nothing was
copied and nothing can be changed here: not a name, not a byte, not a date. What you do with
the files on your disks shows up here after `mediafs reindex`.

    .
    |-- README.txt
    |-- by-date/                        to look at
    |   `-- 2019/2019-07-14/
    |-- originals/                      to back up
    |   |-- 2019/2019-07-14/
    |   `-- unknown-time/
    |-- duplicates/                     what you have twice, and why
    |   `-- <reason>/2019/2019-07-14 IMG_0001/
    |-- unknown-time/                   no date to be trusted
    |   `-- <reason>/
    |-- edits/                          what you made of a photograph
    |   `-- 2019/2019-07-14/
    |-- by-device/                      by camera or telephone
    |   `-- Apple iPhone 12/2019-07/
    |-- by-source/                      as it lies on your disks
    |   `-- <folder you indexed>/
    `-- quarantine/                     damaged files
        `-- <reason>/

by-date       Every shot by the day it was taken, where it was taken: the original, the film of
              a Live Photo, the picture beside a RAW file, and edits. No copies.
originals     One original of every shot, with the files that belong to it. Complete in itself:
              shots without a known date are in originals/unknown-time. Back this one up.
duplicates    One folder for each original that has copies: the file that is kept and all that
              it stands for. The folder above says why they are copies:
              identical      the same bytes
              same-payload   the same picture, other notes about it (date, place, stars)
              reencoded      the same picture, saved again
              resized        the same picture, smaller
              preview        a small picture that a program made
unknown-time  Shots without a date to be trusted, by the reason:
              no-tag         nothing says when
              zero           the date is all zeros
              epoch-default  the camera's clock was never set
              future         the date has not come yet
              conflict       the hints contradict each other
edits         Pictures that somebody changed on purpose.
by-device     Every shot by the camera or telephone that took it.
by-source     Every folder you indexed, just as it is, with the true names.
quarantine    Files to look after: empty, truncated (the end is missing), undecodable (no
              program can show them), unreadable (the disk or the permissions refuse),
              rotten (the disk gives other bytes than it once did). Many have a whole copy
              somewhere else.

To back up your originals
-------------------------

    rsync -a originals/ /path/to/your/backup/

Run it again whenever you like: only what is new is copied. A disk that is not plugged in keeps
its names here, and its files give an error instead of vanishing, so that `--delete` removes
nothing you still have.

To learn about one file
-----------------------

    mediafs explain FILE      which files are the same shot, and why this one is the original
    getfattr -d FILE          the same in short: where the file is, its digest, its role

To see how the mount does
-------------------------

    cat .mediafs/status.json  the disks it can read, what was asked, what could not be served
    cat .mediafs/metrics      the same in numbers, for Prometheus

The folder .mediafs is here though no listing shows it, so that no backup copies it.
"""
