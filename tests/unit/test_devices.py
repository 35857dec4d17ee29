"""Which device a path is on, and how many readers it gets, from what Linux says."""

from __future__ import annotations

import os

import pytest

from indexer.read.devices import Device, DeviceKind, device_of

SDA1 = os.makedev(8, 1)
SDB1 = os.makedev(8, 17)
LVM = os.makedev(253, 0)
ANONYMOUS = os.makedev(0, 40)


@pytest.fixture
def machine(tmp_path):
    """A rotating sda with two partitions, a solid sdb, LVM on sda2, a virtual disk, a stripe."""
    sys, devices = tmp_path / "sys", tmp_path / "sys" / "devices"
    (sys / "dev" / "block").mkdir(parents=True)

    def disk(name, number, rotational):
        folder = devices / name
        (folder / "queue").mkdir(parents=True)
        (folder / "queue" / "rotational").write_text(f"{rotational}\n")
        (folder / "dev").write_text(f"{number}\n")
        (sys / "dev" / "block" / number).symlink_to(folder)
        return folder

    def partition(of, name, number):
        (of / name).mkdir()
        (of / name / "partition").write_text("1\n")
        (of / name / "dev").write_text(f"{number}\n")
        (sys / "dev" / "block" / number).symlink_to(of / name)
        return of / name

    sda, sdb = disk("sda", "8:0", 1), disk("sdb", "8:16", 0)
    partition(sda, "sda1", "8:1")
    sda2, sdb1 = partition(sda, "sda2", "8:2"), partition(sdb, "sdb1", "8:17")
    disk("vda", "254:0", 1)
    for name, number, below in (("dm-0", "253:0", [sda2]), ("md0", "9:0", [sda2, sdb1])):
        slaves = disk(name, number, 0) / "slaves"
        slaves.mkdir()
        for each in below:
            (slaves / each.name).symlink_to(each)
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text(
        "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
        "23 1 0:40 / /share\\040one rw - nfs4 nas:/photos rw\n"
        "24 1 0:41 / /far rw - fuse.sshfs me@there: rw\n"
        "25 1 0:42 / /dev/shm rw - tmpfs tmpfs rw\n"
        "26 1 0:43 / /odd rw - fuse.bindfs /home rw\n"
    )
    return lambda path, number: device_of(path, number, sys=sys, mountinfo=mountinfo)


def test_a_partition_of_a_disk_with_a_head_is_that_disk_with_one_reader(machine):
    found = machine(b"/photos", SDA1)

    assert found == Device("sda", DeviceKind.ROTATING)
    assert found.streams == 1


def test_a_disk_without_a_head_gets_several(machine):
    found = machine(b"/photos", SDB1)

    assert found == Device("sdb", DeviceKind.SOLID)
    assert found.streams > 1


def test_a_volume_on_one_disk_is_that_disk(machine):
    assert machine(b"/photos", LVM) == machine(b"/", SDA1)


def test_a_volume_on_several_disks_is_a_device_of_its_own(machine):
    assert machine(b"/photos", os.makedev(9, 0)).name == "md0"


@pytest.mark.parametrize(
    ("path", "number"),
    [(b"/share one/2019", ANONYMOUS), (b"/far/2019", os.makedev(0, 41))],
    ids=["NFS", "sshfs"],
)
def test_a_share_is_network(machine, path, number):
    found = machine(path, number)

    assert found.kind is DeviceKind.NETWORK
    assert 1 < found.streams <= 8


def test_two_shares_are_two_devices(machine):
    assert machine(b"/share one", ANONYMOUS) != machine(b"/far", os.makedev(0, 41))


def test_memory_has_no_head(machine):
    assert machine(b"/dev/shm/a", os.makedev(0, 42)).kind is DeviceKind.SOLID


def test_a_subvolume_with_a_number_of_its_own_is_known_by_where_it_is_mounted(machine):
    assert machine(b"/share one/snapshot", os.makedev(0, 99)).kind is DeviceKind.NETWORK


@pytest.mark.parametrize("number", [os.makedev(0, 43), os.makedev(7, 7), os.makedev(254, 0)])
def test_what_cannot_be_told_gets_two_readers(machine, number):
    found = machine(b"/odd/x", number)

    assert found.kind is DeviceKind.UNKNOWN
    assert found.streams == 2


def test_without_sysfs_and_mounts_nothing_can_be_told(tmp_path):
    nowhere = tmp_path / "nowhere"

    assert device_of(b"/a", SDA1, sys=nowhere, mountinfo=nowhere).kind is DeviceKind.UNKNOWN


def test_a_real_folder_is_on_some_device(tmp_path):
    assert device_of(os.fsencode(tmp_path), tmp_path.stat().st_dev).streams >= 1
