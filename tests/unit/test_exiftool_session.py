"""A session with ExifTool answers in order, and no file can spoil the others."""

from __future__ import annotations

import os
import threading
from contextlib import suppress

import pytest
from fake_exiftool import failures, needs_exiftool

from indexer.metadata.exiftool import CalledOff, ExifToolSession


@needs_exiftool
def test_answers_come_in_the_order_of_the_questions(exiftool_session, touched, tmp_path):
    a, b = touched(b"a.jpg", b"b\n.jpg")
    folder, missing = os.fsencode(tmp_path), os.fsencode(tmp_path / "missing")
    answers = exiftool_session.ask([missing, a, folder, b, a, missing])

    assert [answer.raw is not None for answer in answers] == [0, 1, 0, 1, 1, 0]
    assert failures(answers)[0] == "cannot be read: No such file or directory"
    assert failures(answers)[2] == "is not a regular file"


@needs_exiftool
def test_a_fifo_is_not_waited_for(exiftool_session, tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")

    assert failures(exiftool_session.ask([os.fsencode(tmp_path / "pipe.jpg")])) == [
        "is not a regular file"
    ]


def test_nothing_is_asked_about_nothing(fake_exiftool):
    with ExifToolSession(fake_exiftool()) as session:
        assert session.ask([]) == []
        assert session.requests == 0


def test_many_files_take_few_requests(fake_exiftool, touched):
    paths = touched(*(b"%d" % number for number in range(200)))
    with ExifToolSession(fake_exiftool()) as session:
        answers = session.ask(paths)

    assert [answer.raw["SourceFile"].encode() for answer in answers] == paths
    assert session.requests < 10


@needs_exiftool
def test_a_file_that_is_known_to_be_plain_is_not_looked_at_by_us(
    exiftool_session, touched, tmp_path
):
    """This process must never stand still over a share; ExifTool may, and can be left behind."""
    [good] = touched(b"a.jpg")
    gone = os.fsencode(tmp_path / "gone.jpg")

    answers = list(exiftool_session.answers([gone, good], are_plain=True))

    assert [answer.raw is not None for answer in answers] == [False, True]
    assert answers[0].failure


# ---------------------------------------------------------------------------- mishaps


@pytest.mark.parametrize("poison", [b"hang", b"die", b"half"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_only_the_poisoned_file_fails(fake_exiftool, touched, poison, place):
    names = [b"a", b"b"]
    names.insert(place, poison)
    with ExifToolSession(fake_exiftool(), seconds_per_file=0.5) as session:
        answers = session.ask(touched(*names))

        assert [answer.raw is None for answer in answers] == [name == poison for name in names]
        assert session.restarts == 2 - (place == 2)
        assert failures(session.ask(touched(b"c"))) == [None]


def test_a_hanging_file_is_reported_with_the_limit(fake_exiftool, touched):
    with ExifToolSession(fake_exiftool(), seconds_per_file=0.5) as session:
        assert failures(session.ask(touched(b"hang"))) == ["ExifTool did not answer within 0.5 s"]


def test_a_long_batch_that_goes_on_is_no_mishap(fake_exiftool, touched):
    """The limit is on each file: together these take longer."""
    with ExifToolSession(fake_exiftool(), seconds_per_file=1.2) as session:
        answers = session.ask(touched(*(b"slow%d" % number for number in range(8))))

        assert failures(answers) == [None] * 8
        assert (session.requests, session.restarts) == (1, 0)


def test_silence_is_told_from_a_refusal(fake_exiftool, touched):
    with ExifToolSession(fake_exiftool(), seconds_per_file=1.0) as session:
        answers = session.ask(touched(b"die", b"skip", b"hang"))

    assert [answer.is_late for answer in answers] == [False, False, True]


def test_a_killing_file_is_reported_with_the_status(fake_exiftool, touched):
    with ExifToolSession(fake_exiftool()) as session:
        assert failures(session.ask(touched(b"die"))) == ["ExifTool died (exit status -9)"]


def test_poison_after_poison_is_told_apart(fake_exiftool, touched):
    names = [b"a", b"die1", b"die2", b"b", b"half", b"c"]
    with ExifToolSession(fake_exiftool()) as session:
        answers = session.ask(touched(*names))

    assert [answer.raw is not None for answer in answers] == [1, 0, 0, 1, 0, 1]


def test_one_broken_answer_does_not_lose_the_batch(fake_exiftool, touched):
    with ExifToolSession(fake_exiftool()) as session:
        answers = session.ask(touched(b"a", b"garbage", b"skip", b"b"))

    assert [answer.raw is not None for answer in answers] == [1, 0, 0, 1]
    assert answers[1].failure.startswith("ExifTool's answer is no JSON")
    assert answers[2].failure == "ExifTool gave no answer (Error: no thanks)"
    assert session.restarts == 0


# ---------------------------------------------------------------------------- enough of it


def test_who_has_heard_enough_may_stop_asking(fake_exiftool, touched):
    with ExifToolSession(fake_exiftool(), seconds_per_file=0.5) as session:
        answers = session.answers(touched(b"hang1", b"hang2", b"a"))
        assert next(answers).is_late
        answers.close()

        assert failures(session.ask(touched(b"b"))) == [None]
        assert session.requests == 3


def test_a_session_can_be_called_off_from_another_thread(fake_exiftool, touched, tmp_path):
    os.mkfifo(tmp_path / "told")
    script = fake_exiftool(on_hang=f"open({str(tmp_path / 'told')!r}, 'w').close()")
    paths, raised = touched(b"hang"), []

    def ask():
        with suppress(CalledOff):
            session.ask(paths)
            return
        raised.append(CalledOff)

    with ExifToolSession(script) as session:
        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        (tmp_path / "told").read_bytes()  # it hangs now
        session.call_off()
        asking.join(30)

        assert raised == [CalledOff]
        with pytest.raises(CalledOff):
            session.ask(paths)
