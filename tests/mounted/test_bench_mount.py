"""The benchmark of the mount runs, tells what it promises, and leaves nothing mounted."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "bench_mount.py"
pytestmark = [pytest.mark.mounted, pytest.mark.timeout(240)]


def test_a_small_run_compares_with_the_disk_and_cleans_up(tmp_path):
    small = ["--files", "60", "--large", "3", "--huge", "40", "--rounds", "1"]
    command = [sys.executable, SCRIPT, "--quick", "--json", "--folder", tmp_path]

    done = subprocess.run([*command, "--peers", *small], check=False, capture_output=True)

    assert done.returncode == 0, done.stderr.decode()
    told = json.loads(done.stdout)
    assert all(set(row["took"]) == {"native", "mediafs"} for row in told["rows"])
    assert {rate["name"] for rate in told["rates"]} <= {"mediafs"}
    assert any("VmHWM" in row["what"] for row in told["huge"])
    assert list(tmp_path.iterdir()) == []
    assert str(tmp_path) not in Path("/proc/self/mounts").read_text()
