"""Ask ExifTool about files, and survive its hangs and deaths.

Leaves what the answers mean to tags.py, and which files to ask about to read/tagging.py.

Framing is ours, pyexiftool has none: every file is a command of its own (`-execute7` answers
`{ready7}`) inside one request, so an answer belongs to its question by number, and a request
that broke off in the middle keeps every answer it had. On 214 files of all kinds that cost
nothing measurable.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, Self

from exiftool.exceptions import ExifToolVersionError

from indexer.metadata.exiftool_process import CalledOff, Ended, Late, Tool, find, start, waiting
from indexer.metadata.exiftool_words import Answer, answers_of, tame_names, why_not_asked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import TracebackType

__all__ = ["Answer", "CalledOff", "ExifToolSession", "version"]

# A request must fit into what the kernel holds for us (a socket, 208 KiB by default) and its
# complaints into a pipe (64 KiB), or both sides wait for each other. Otherwise arbitrary.
_REQUEST_BYTES: Final = 16 * 1024
_FRAMING_BYTES: Final = 40  # "-echo4", "{said123}", "-execute123" and their newlines


class ExifToolSession:
    """One ExifTool process; `with ExifToolSession() as session: session.ask(paths)`.

    One session belongs to one thread at a time; `call_off` alone may be called by another.
    `ask` blocks, at worst about twice `seconds_per_file` for each file that makes ExifTool hang.
    Raises ExifToolMissing when ExifTool cannot be started, or started again.
    """

    def __init__(self, executable: str | None = None, *, seconds_per_file: float = 20.0) -> None:
        self.requests = 0  # batches sent, retries included
        self.restarts = 0
        self._executable = find(executable)
        self._seconds = seconds_per_file
        self._tool: Tool | None = None
        self._called_off = threading.Event()

    def __enter__(self) -> Self:
        self._tool = start(self._executable)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start the process now rather than with the first question; harmless when it runs."""
        self._running_tool()

    def close(self) -> None:
        """End the process; harmless when it has ended already."""
        tool, self._tool = self._tool, None
        if tool is not None:
            tool.end()

    def call_off(self) -> None:
        """From another thread: whoever asks, now or later, gets CalledOff within a moment."""
        self._called_off.set()

    def ask(self, files: Sequence[bytes]) -> list[Answer]:
        """One answer per path, in order; any path, and none can be read as an option.

        A file that hangs or kills ExifTool gets a failure, all others their answer: after a
        mishap the first file without an answer is asked again alone, and only then blamed.
        """
        return list(self.answers(files))

    def answers(self, files: Sequence[bytes], *, are_plain: bool = False) -> Iterator[Answer]:
        """As `ask`, each as soon as its batch is through; who has heard enough may stop.

        `are_plain`: they were just read, as the regular files they are. Then this process does
        not look at them itself, which a share that has died meanwhile would never let it finish.
        """
        answered = 0
        alone = False
        while answered < len(files):
            batch = _first_batch(files[answered:], alone=alone)
            refusals = [None if are_plain else why_not_asked(path) for path in batch]
            got, mishap = self._request(batch, refusals)
            if mishap and alone and not got:
                got = [mishap]
                # Where one hung, its neighbours on a dead share would hang a whole batch again.
                mishap = mishap if mishap.is_late else None
            answered += len(got)
            alone = mishap is not None
            yield from got

    def _request(
        self, batch: Sequence[bytes], refusals: Sequence[str | None]
    ) -> tuple[list[Answer], Answer | None]:
        """Answers up to where ExifTool broke off, and what happened there."""
        wanted = [path for path, refusal in zip(batch, refusals, strict=True) if refusal is None]
        found: list[Answer] = []
        mishap = None
        if wanted:
            with tame_names(wanted) as names:
                found, mishap = self._exchange(names)
        return _merged(refusals, found), mishap

    def _exchange(self, names: Sequence[bytes]) -> tuple[list[Answer], Answer | None]:
        tool = self._running_tool()
        self.requests += 1
        try:
            with waiting(self._seconds, self._called_off):
                output, complaints = tool.request(names)
        except (Ended, OSError, ValueError, ExifToolVersionError) as exc:
            self.close()
            output = exc.output if isinstance(exc, Ended) else b""
            return answers_of(output, None, len(names)), _mishap(tool, exc, self._seconds)
        except BaseException:
            # Ctrl-C: the answers still to come must not be taken for those of the next request.
            self.close()
            raise
        return answers_of(output, complaints, len(names)), None

    def _running_tool(self) -> Tool:
        if self._called_off.is_set():
            raise CalledOff
        if self._tool is None:
            self._tool = start(self._executable)
            self.restarts += 1
        return self._tool


def version(executable: str | None = None) -> str:
    """The version of the ExifTool that a session would use; raises ExifToolMissing."""
    tool = start(find(executable))
    tool.end()
    return tool.found_version


def _mishap(tool: Tool, failure: Exception, seconds: float) -> Answer:
    if isinstance(failure, Late):
        return Answer(None, f"ExifTool did not answer within {seconds:g} s", is_late=True)
    return Answer(None, f"ExifTool died (exit status {tool.exit_status})")


def _first_batch(files: Sequence[bytes], *, alone: bool) -> Sequence[bytes]:
    """As many paths as fit into one request, at least one."""
    count, room = 1, _REQUEST_BYTES - len(files[0])
    while not alone and count < len(files):
        room -= len(files[count]) + _FRAMING_BYTES
        if room < 0:
            break
        count += 1
    return files[:count]


def _merged(refusals: Iterable[str | None], found: Sequence[Answer]) -> list[Answer]:
    """Refusals and answers in the order of the questions, up to the first unanswered one."""
    merged: list[Answer] = []
    rest = iter(found)
    for refusal in refusals:
        answer = next(rest, None) if refusal is None else Answer(None, refusal)
        if answer is None:
            break
        merged.append(answer)
    return merged
