"""What an ExifTool session promises: any name, in order, and no file can spoil the others."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from indexer.errors import ExifToolMissing
from indexer.metadata import exiftool
from indexer.metadata.exiftool import Answer, CalledOff, ExifToolSession
from indexer.metadata.exiftool_words import parse
from indexer.originals.libjpeg import quality_of

CHECKOUT = Path(__file__).parents[2]
CORPUS = CHECKOUT.parent / "shared" / "corpus" / "media"

needs_exiftool = pytest.mark.skipif(
    shutil.which("exiftool") is None, reason="ExifTool is not installed"
)

# A JPEG with nothing in it but a comment: ExifTool reads it in a millisecond.
JPEG = b"\xff\xd8\xff\xfe\x00\x07hello\xff\xd9"

# Speaks the protocol of `exiftool -stay_open`; a name may tell it to misbehave.
FAKE = """#!{python}
import os, signal, sys, time
said, names, numbers, quoted = [], [], 0, False
for line in sys.stdin.buffer:
    line = line.rstrip(b"\\n")
    if quoted:
        said.append(line.replace(b"${{status}}", b"0"))
    elif line.startswith(b"-execute"):
        for name in names:
            if b"hang" in name:
                {on_hang}
                signal.pause()
            if b"slow" in name:
                time.sleep(0.2)
            if b"die" in name:
                os.kill(os.getpid(), signal.SIGKILL)
            if b"half" in name:
                os.write(1, b'[{{"SourceFile": "ha')
                os._exit(3)
            if b"garbage" in name:
                os.write(1, b'[{{"SourceFile": ]')
            elif b"skip" in name:
                os.write(2, b"Error: no thanks\\n")
            elif name == b"-ver":
                os.write(1, b"{version}\\n")
            else:
                os.write(1, b'[{{"SourceFile": "' + name + b'", "A:Number": 12e5}}]\\n')
        os.write(1, b"{{ready" + line[8:] + b"}}\\n")
        os.write(2, b"\\n".join(said) + b"\\n")
        said, names = [], []
    elif line != b"-echo4":
        names.append(line)
    quoted = line == b"-echo4" and not quoted
"""


@pytest.fixture
def fake(tmp_path):
    """Write a fake ExifTool and give its path."""

    def write(version="12.57", on_hang="pass"):
        script = tmp_path / "fake-exiftool"
        script.write_text(FAKE.format(python=sys.executable, version=version, on_hang=on_hang))
        script.chmod(0o755)
        return str(script)

    return write


@pytest.fixture
def touched(tmp_path):
    """Make files of these names and give their paths."""

    def make(*names):
        paths = [os.fsencode(tmp_path) + b"/" + name for name in names]
        for path in paths:
            Path(os.fsdecode(path)).write_bytes(JPEG)
        return paths

    return make


@pytest.fixture(scope="module")
def session():
    if shutil.which("exiftool") is None:
        pytest.skip("ExifTool is not installed")
    with ExifToolSession() as running:
        yield running


def failures(answers):
    return [answer.failure for answer in answers]


# --- names ---


WILD_NAMES = [
    *(b"-ver", b"-stay_open", b"-", b"@x", b"#[CSTR]x", b"# comment", b"-@", b"-execute"),
    *(b"a\nb.jpg", b"\n", b"\n-ver", b"cr\r", b'$@\n"\\.jpg', b"-ver\n-execute1"),
    *(b" lead", b"trail ", b"\t", b"|a", b"a|", b"<a", b">a", b"&x", b"\xff\xfe.jpg", b"\x85"),
    *(b"*.jpg", b"?", b"[a]", b"{ready0}", b"{said0}", b"%d", b"$HOME", b"DIR", b"x.gz", b"~"),
    *(b"x" * 251 + b".jpg", b"\xff" * 255),
]


@needs_exiftool
@pytest.mark.parametrize("name", WILD_NAMES)
def test_every_legal_name_is_read_as_one_file(session, touched, name):
    [answer] = session.ask(touched(name))

    assert answer.failure is None
    assert answer.raw["File:Comment"] == "hello"


@needs_exiftool
@given(
    name=st.binary(min_size=1, max_size=255).filter(
        lambda name: b"/" not in name and b"\0" not in name and name not in (b".", b"..")
    )
)
@example(name=b"\r\n")
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_bytes_are_a_name(session, tmp_path, name):
    path = os.fsencode(tmp_path) + b"/" + name
    fd = os.open(path, os.O_CREAT | os.O_WRONLY)
    os.write(fd, JPEG)
    os.close(fd)
    try:
        [answer] = session.ask([path])
    finally:
        Path(os.fsdecode(path)).unlink()

    assert answer.failure is None
    assert answer.raw["File:Comment"] == "hello"


@needs_exiftool
def test_relative_names_are_files_not_options(session, touched, tmp_path, monkeypatch):
    touched(b"-ver", b"#x")
    monkeypatch.chdir(tmp_path)
    with ExifToolSession() as here:
        answers = here.ask([b"-ver", b"#x"])

    assert [answer.raw["File:Comment"] for answer in answers] == ["hello", "hello"]


@needs_exiftool
def test_no_link_stays_behind(session, touched, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "links"))
    (tmp_path / "links").mkdir()
    session.ask(touched(b"a\nb.jpg"))

    assert list((tmp_path / "links").iterdir()) == []


# --- order and failures ---


@needs_exiftool
def test_answers_come_in_the_order_of_the_questions(session, touched, tmp_path):
    a, b = touched(b"a.jpg", b"b\n.jpg")
    folder, missing = os.fsencode(tmp_path), os.fsencode(tmp_path / "missing")
    answers = session.ask([missing, a, folder, b, a, missing])

    assert [answer.raw is not None for answer in answers] == [0, 1, 0, 1, 1, 0]
    assert failures(answers)[0] == "cannot be read: No such file or directory"
    assert failures(answers)[2] == "is not a regular file"


@needs_exiftool
def test_a_fifo_is_not_waited_for(session, tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")

    assert failures(session.ask([os.fsencode(tmp_path / "pipe.jpg")])) == ["is not a regular file"]


def test_nothing_is_asked_about_nothing(fake):
    with ExifToolSession(fake()) as session:
        assert session.ask([]) == []
        assert session.requests == 0


@pytest.mark.parametrize("poison", [b"hang", b"die", b"half"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_only_the_poisoned_file_fails(fake, touched, poison, place):
    names = [b"a", b"b"]
    names.insert(place, poison)
    with ExifToolSession(fake(), seconds_per_file=0.5) as session:
        answers = session.ask(touched(*names))

        assert [answer.raw is None for answer in answers] == [name == poison for name in names]
        assert session.restarts == 2 - (place == 2)
        assert failures(session.ask(touched(b"c"))) == [None]


def test_a_hanging_file_is_reported_with_the_limit(fake, touched):
    with ExifToolSession(fake(), seconds_per_file=0.5) as session:
        assert failures(session.ask(touched(b"hang"))) == ["ExifTool did not answer within 0.5 s"]


def test_a_long_batch_that_goes_on_is_no_mishap(fake, touched):
    """The limit is on each file: together these take longer."""
    with ExifToolSession(fake(), seconds_per_file=1.2) as session:
        answers = session.ask(touched(*(b"slow%d" % number for number in range(8))))

        assert failures(answers) == [None] * 8
        assert (session.requests, session.restarts) == (1, 0)


def test_silence_is_told_from_a_refusal(fake, touched):
    with ExifToolSession(fake(), seconds_per_file=1.0) as session:
        answers = session.ask(touched(b"die", b"skip", b"hang"))

    assert [answer.is_late for answer in answers] == [False, False, True]


def test_who_has_heard_enough_may_stop_asking(fake, touched):
    with ExifToolSession(fake(), seconds_per_file=0.5) as session:
        answers = session.answers(touched(b"hang1", b"hang2", b"a"))
        assert next(answers).is_late
        answers.close()

        assert failures(session.ask(touched(b"b"))) == [None]
        assert session.requests == 3


def test_a_session_can_be_called_off_from_another_thread(fake, touched, tmp_path):
    os.mkfifo(tmp_path / "told")
    script = fake(on_hang=f"open({str(tmp_path / 'told')!r}, 'w').close()")
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


@needs_exiftool
def test_a_file_that_is_known_to_be_plain_is_not_looked_at_by_us(session, touched, tmp_path):
    """This process must never stand still over a share; ExifTool may, and can be left behind."""
    [good] = touched(b"a.jpg")
    gone = os.fsencode(tmp_path / "gone.jpg")

    answers = list(session.answers([gone, good], are_plain=True))

    assert [answer.raw is not None for answer in answers] == [False, True]
    assert answers[0].failure


def test_a_killing_file_is_reported_with_the_status(fake, touched):
    with ExifToolSession(fake()) as session:
        assert failures(session.ask(touched(b"die"))) == ["ExifTool died (exit status -9)"]


def test_poison_after_poison_is_told_apart(fake, touched):
    names = [b"a", b"die1", b"die2", b"b", b"half", b"c"]
    with ExifToolSession(fake()) as session:
        answers = session.ask(touched(*names))

    assert [answer.raw is not None for answer in answers] == [1, 0, 0, 1, 0, 1]


def test_one_broken_answer_does_not_lose_the_batch(fake, touched):
    with ExifToolSession(fake()) as session:
        answers = session.ask(touched(b"a", b"garbage", b"skip", b"b"))

    assert [answer.raw is not None for answer in answers] == [1, 0, 0, 1]
    assert answers[1].failure.startswith("ExifTool's answer is no JSON")
    assert answers[2].failure == "ExifTool gave no answer (Error: no thanks)"
    assert session.restarts == 0


def test_many_files_take_few_requests(fake, touched):
    paths = touched(*(b"%d" % number for number in range(200)))
    with ExifToolSession(fake()) as session:
        answers = session.ask(paths)

    assert [answer.raw["SourceFile"].encode() for answer in answers] == paths
    assert session.requests < 10


@needs_exiftool
def test_the_real_exiftool_killed_between_requests_is_started_again(touched):
    with ExifToolSession() as session:
        session.ask(touched(b"a"))
        os.kill(children_of(os.getpid())[-1], signal.SIGKILL)

        assert failures(session.ask(touched(b"b", b"c"))) == [None, None]
        assert session.restarts == 1


@needs_exiftool
def test_the_real_exiftool_standing_still_is_replaced(touched):
    with ExifToolSession(seconds_per_file=1.0) as session:
        os.kill(children_of(os.getpid())[-1], signal.SIGSTOP)

        assert failures(session.ask(touched(b"a", b"b"))) == [None, None]
        assert session.restarts == 1


@needs_exiftool
def test_the_users_environment_changes_nothing(touched, tmp_path, monkeypatch):
    (tmp_path / ".ExifTool_config").write_text("die 'configured';")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PERL_UNICODE", "SDA")
    monkeypatch.setenv("TZ", "America/New_York")
    with ExifToolSession() as session:
        assert failures(session.ask(touched(b"\xff.jpg", b"\xc3\xbc.jpg"))) == [None, None]


# --- JSON ---


def test_numbers_keep_their_text():
    assert parse(b'[{"a": 12e5, "b": 16.10}]') == [{"a": "12e5", "b": "16.10"}]


def test_undecodable_values_become_surrogates():
    assert parse(b'[{"a": "\xff"}]') == [{"a": "\udcff"}]


def test_of_equal_keys_the_first_counts():
    assert parse(b'[{"a": "1", "b": "2", "a": "3"}]') == [{"a": "1", "b": "2"}]


def test_the_order_of_keys_is_kept():
    [found] = parse(b'[{"b": "1", "a": "2", "b": "3"}]')

    assert list(found) == ["b", "a"]


@pytest.mark.parametrize("text", [b"", b"{}", b"[1]", b"[", b"nonsense"])
def test_what_is_no_list_of_objects_is_refused(text):
    with pytest.raises(ValueError):
        parse(text)


@given(text=st.binary(max_size=200))
def test_any_output_is_parsed_or_refused(text):
    with suppress(ValueError):
        assert isinstance(parse(text), list)


# --- the executable ---


@needs_exiftool
def test_version_is_the_one_exiftool_prints():
    printed = subprocess.run(["exiftool", "-ver"], capture_output=True, text=True, check=True)

    assert exiftool.version() == printed.stdout.strip()


def test_the_variable_names_the_executable(fake, monkeypatch):
    monkeypatch.setenv("MEDIAFS_EXIFTOOL", fake(version="12.99"))

    assert exiftool.version() == "12.99"


def test_the_argument_beats_the_variable(fake, monkeypatch):
    monkeypatch.setenv("MEDIAFS_EXIFTOOL", "/nowhere")

    assert exiftool.version(fake(version="13.01")) == "13.01"


def test_a_missing_exiftool_says_how_to_get_it(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ExifToolMissing, match="apt install libimage-exiftool-perl"):
        ExifToolSession()


def test_a_file_called_exiftool_in_this_folder_is_not_run(tmp_path, monkeypatch):
    (tmp_path / "exiftool").write_text("#!/bin/sh\ntouch was-run\n")
    (tmp_path / "exiftool").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ExifToolMissing):
        ExifToolSession()


@pytest.mark.parametrize("version", ["12.10", "9.46", "nonsense", ""])
def test_an_old_exiftool_is_refused(fake, version):
    with pytest.raises(ExifToolMissing, match=r"12\.15"):
        exiftool.version(fake(version=version))


@pytest.mark.parametrize("other", ["true", "false", "cat"])
def test_another_program_is_no_exiftool(other):
    with pytest.raises(ExifToolMissing):
        exiftool.version(other)


# --- the process ---


def children_of(pid):
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in listed.split()]


def test_closing_ends_the_process_and_its_threads(fake, touched):
    before, threads = children_of(os.getpid()), threading.active_count()
    with ExifToolSession(fake()) as session:
        session.ask(touched(b"a"))

    assert children_of(os.getpid()) == before
    assert threading.active_count() == threads


CHILD = """
import sys
from indexer.metadata.exiftool import ExifToolSession
with ExifToolSession(sys.argv[1]) as session:
    print("ready", flush=True)
    {then}
"""


def started(then, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", CHILD.format(then=then), *arguments],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def ends(pidfd):
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(10_000))


@needs_exiftool
def test_exiftool_does_not_outlive_us():
    with started("sys.stdin.read()", shutil.which("exiftool")) as child:
        child.stdout.readline()
        [tool] = children_of(child.pid)
        pidfd = os.pidfd_open(tool)
        child.kill()

        assert ends(pidfd)
        os.close(pidfd)


@needs_exiftool
def test_a_terminals_interrupt_reaches_us_first():
    with started("sys.stdin.read()", shutil.which("exiftool")) as child:
        child.stdout.readline()
        [tool] = children_of(child.pid)

        assert os.getpgid(tool) != os.getpgid(child.pid)
        child.stdin.close()


def test_an_interrupt_in_the_middle_ends_exiftool(fake, touched, tmp_path):
    os.mkfifo(tmp_path / "told")
    script = fake(on_hang=f"open({str(tmp_path / 'told')!r}, 'w').write(str(os.getpid()))")
    [path] = touched(b"hang")
    with started(f"session.ask([{path!r}])", script) as child:
        tool = int((tmp_path / "told").read_text(encoding="ascii"))
        pidfd = os.pidfd_open(tool)
        os.killpg(child.pid, signal.SIGINT)

        assert ends(pidfd)
        assert b"KeyboardInterrupt" in child.stderr.read()
        os.close(pidfd)


# --- what is asked for ---


def jpeg(first: str) -> bytes:
    """A small JPEG whose Exif or JFIF header stands first."""
    picture, exif = Image.new("RGB", (16, 16), "teal"), Image.Exif()
    exif[0x010F] = "Maker"
    out = BytesIO()
    picture.save(out, "jpeg", exif=exif, quality=75)
    whole = out.getvalue()
    jfif, rest = whole[2:20], whole[20:]
    length = 2 + int.from_bytes(rest[2:4], "big")
    segments = (jfif + rest[:length]) if first == "jfif" else (rest[:length] + jfif)
    return whole[:2] + segments + rest[length:]


@needs_exiftool
@pytest.mark.parametrize("first", ["exif", "jfif"])
def test_tags_come_in_the_order_of_the_file(session, tmp_path, first):
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg(first))

    [answer] = session.ask([os.fsencode(path)])
    keys = list(answer.raw)
    is_exif_first = keys.index("IFD0:Make") < keys.index("JFIF:JFIFVersion")
    assert is_exif_first is (first == "exif")


@needs_exiftool
def test_a_jpegs_tables_are_told(session, tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg("jfif"))

    [answer] = session.ask([os.fsencode(path)])
    assert answer.raw["File:JPEGQualityEstimate"] == "75"
    assert quality_of(answer.raw["File:JPEGDigest"]) == 75


# --- the corpus ---


@needs_exiftool
@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus at {CORPUS}")
def test_every_corpus_file_is_answered(session):
    files = sorted(os.fsencode(path) for path in CORPUS.rglob("*") if path.is_file())
    answers = session.ask(files)

    assert [answer for answer in answers if answer.failure] == []
    assert all(
        answer.raw["SourceFile"].encode("utf-8", "surrogateescape") == path
        for path, answer in zip(files, answers, strict=True)
    )
    assert session.ask(files[:1]) == [Answer(answers[0].raw, None)]
