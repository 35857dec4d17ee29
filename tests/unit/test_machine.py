"""What may be used of the machine: its own memory, or what a cgroup leaves of it."""

from __future__ import annotations

import pytest

from indexer.read.machine import memory_bytes, memory_to_use, processors

MB = 1024 * 1024


@pytest.fixture
def own(tmp_path):
    def write(text):
        file = tmp_path / "cgroup"
        file.write_text(text)
        return file

    return write


def limit(folder, name, value):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"{value}\n")


def test_without_cgroups_it_is_the_machines(tmp_path):
    nowhere = tmp_path / "nowhere"

    assert memory_bytes(nowhere, nowhere) > 100 * MB


def test_the_smallest_limit_around_us_counts(tmp_path, own):
    limit(tmp_path / "fs" / "user" / "app", "memory.max", "max")
    limit(tmp_path / "fs" / "user", "memory.max", 64 * MB)
    limit(tmp_path, "memory.max", 1)  # outside of the cgroups

    assert memory_bytes(tmp_path / "fs", own("0::/user/app\n")) == 64 * MB


def test_version_1_has_a_place_and_a_name_of_its_own(tmp_path, own):
    limit(tmp_path / "memory" / "app", "memory.limit_in_bytes", 32 * MB)

    assert memory_bytes(tmp_path, own("4:memory:/app\n2:cpu:/app\n0::/\n")) == 32 * MB


def test_no_limit_in_version_1_is_a_number_beyond_every_machine(tmp_path, own):
    limit(tmp_path / "memory", "memory.limit_in_bytes", 2**63 - 4096)

    assert memory_bytes(tmp_path, own("4:memory:/\n")) < 2**62


def test_a_part_of_it_is_used():
    assert 0 < memory_to_use() <= memory_bytes() // 2
    assert processors() >= 1
