"""No shell anywhere: every program is started from a list of arguments, written in the source."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PACKAGES = ("indexer", "mediafs", "scripts")
STARTING = {"run", "Popen", "call", "check_call", "check_output", "run_process", "open_process"}
STARTERS = {"subprocess", "trio", "lowlevel"}
SHELLS = {"system", "popen", "getoutput", "getstatusoutput", "create_subprocess_shell"}
INTERPRETERS = {"sh", "bash", "dash", "zsh", "env", "xargs", "eval"}


def offences(source: str) -> Iterator[str]:
    """The calls that start a shell, or might."""
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        where, _, function = ast.unparse(call.func).rpartition(".")
        shell = any(keyword.arg == "shell" for keyword in call.keywords)
        module = where.rpartition(".")[2]
        starts = module in STARTERS and function in STARTING and bool(call.args)
        by_name = module in STARTERS | {"os"} and function in SHELLS
        if shell or by_name or (starts and is_text(call.args[0])):
            yield ast.unparse(call)


def is_text(command: ast.expr) -> bool:
    """Whether a command is one string, put together or not, or a list that begins with a shell."""
    if isinstance(command, ast.List) and command.elts:
        first = command.elts[0]
        return isinstance(first, ast.Constant) and Path(str(first.value)).name in INTERPRETERS
    is_string = isinstance(command, ast.Constant) and isinstance(command.value, str)
    return is_string or isinstance(command, ast.JoinedStr | ast.BinOp)


@pytest.mark.parametrize("package", PACKAGES)
def test_no_shell_is_started(package):
    found = {
        f"{path.relative_to(ROOT)}: {call}"
        for path in (ROOT / package).rglob("*.py")
        for call in offences(path.read_text("utf-8"))
    }

    assert not found


@pytest.mark.parametrize(
    "source",
    [
        "os.system('umount ' + at)",
        "os.popen(command)",
        "subprocess.run(f'umount {at}', check=True)",
        "subprocess.run(['sh', '-c', command])",
        "subprocess.run(command, shell=True)",
        "trio.run_process('umount ' + at)",
        "subprocess.getoutput(command)",
    ],
)
def test_a_shell_would_be_found(source):
    assert list(offences(source))
