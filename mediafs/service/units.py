"""The systemd units as text: a mount, the watcher, or a timer that looks now and then.

Pure. Writing them is install.py.

No unit of the mount may have NoNewPrivileges or what brings it (filters of system calls, for a
user): fusermount3 is setuid. Nor a mount namespace of its own (ProtectSystem, PrivateTmp, …): the
mount would be seen by nobody else. PrivateUsers would show all owners but one as nobody.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from indexer.errors import (
    DONE_WITH_FAILURES,
    INTERRUPTED,
    TERMINATED,
    CatalogBusy,
    FuseMissing,
    UsageRefused,
)
from indexer.paths import display
from mediafs.service.escape import command_line, quoted, setting, unit_name

if TYPE_CHECKING:
    from collections.abc import Mapping

MARK: Final = "# Written by `mediafs service install`, which writes it anew: change it by drop-ins."
PREFIX: Final = "mediafs-"
WATCH: Final = "mediafs-watch.service"
REINDEX: Final = "mediafs-reindex.service"
TIMER: Final = "mediafs-reindex.timer"

# Trying again would say the same: a person has to do something.
_FINAL: Final = f"{UsageRefused.exit_code} {FuseMissing.exit_code}"
# The indexer is never in anybody's way, talks to no network and gains no rights.
_MODEST: Final = """\
Nice=10
CPUSchedulingPolicy=batch
IOSchedulingClass=idle
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictAddressFamilies=AF_UNIX
UMask=0077
"""


@dataclass(frozen=True, slots=True)
class Service:
    """Whom systemd starts, and how."""

    program: str  # the absolute path of `mediafs`
    catalog: str
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None  # as whom a system's unit runs; None: the manager's own user
    is_system: bool = False  # for the whole machine, started at boot

    def command(self, *arguments: str) -> str:
        """A command of mediafs on this catalog."""
        return command_line(self.program, "--catalog", self.catalog, *arguments)


def mount_name(mountpoint: str) -> str:
    """The unit of a mount. Raises ValueError where systemd can have none."""
    return unit_name(f"{PREFIX}mount-", mountpoint, ".service")


def mount(service: Service, mountpoint: str, options: str = "") -> str:
    """A mount, ready when it answers. A stale one in its place is cleaned by `mediafs mount`."""
    how = ("-o", options) if options else ()
    start = service.command("mount", "--foreground", *how, "--", mountpoint)
    return f"""\
{_opening(service, f"mediafs at {setting(display(mountpoint))}")}\
Type=notify
ExecStart={start}
# Says who still uses it; SIGTERM then takes it away all the same.
ExecStop=-{service.command("umount", "--", mountpoint)}
{_surroundings(service)}\
{_restarted(10)}\
TimeoutStopSec=30
LimitNOFILE=524288

{_at_start(service)}"""


def watcher(service: Service) -> str:
    """`mediafs watch`, for good."""
    return f"""\
{_opening(service, "mediafs keeps its catalog up to date")}\
Type=notify
ExecStart={service.command("watch")}
{_surroundings(service)}\
{_restarted(30)}\
SuccessExitStatus={INTERRUPTED} {TERMINATED}
# The watcher ends its indexer itself.
KillMode=mixed
TimeoutStopSec=10
{_MODEST}
{_at_start(service)}"""


def reindex(service: Service) -> str:
    """`mediafs reindex`, once; its timer starts it."""
    return f"""\
{_opening(service, "mediafs brings its catalog up to date")}\
Type=oneshot
ExecStart={service.command("reindex", "--quiet", "--settle", "10")}
{_surroundings(service)}\
# Broken files are in the journal, and another mediafs at work does the same.
SuccessExitStatus={DONE_WITH_FAILURES} {CatalogBusy.exit_code}
{_MODEST}"""


def timer(when: str) -> str:
    """When `reindex` runs: systemd.time(7), like "hourly"."""
    return f"""\
{MARK}
[Unit]
Description=mediafs brings its catalog up to date now and then

[Timer]
OnCalendar={setting(when)}
RandomizedDelaySec=5min
Persistent=true

[Install]
WantedBy=timers.target
"""


def _opening(service: Service, what: str) -> str:
    """Up to where a service's own settings begin."""
    after = f"""\
After=local-fs.target remote-fs.target
RequiresMountsFor={quoted(service.catalog)}
"""
    return f"""\
{MARK}
[Unit]
Description={what}
{after if service.is_system else ""}
[Service]
"""


def _surroundings(service: Service) -> str:
    lines = [f"User={service.user}\n"] if service.user else []
    lines += [
        f"Environment={quoted(f'{name}={value}')}\n"
        for name, value in sorted(service.environment.items())
    ]
    return "".join(lines)


def _restarted(seconds: int) -> str:
    """It is to run for good: started again so long after a failure."""
    return f"""\
Restart=on-failure
RestartSec={seconds}
RestartPreventExitStatus={_FINAL}
"""


def _at_start(service: Service) -> str:
    """Started with the machine, or when its user logs in."""
    target = "multi-user.target" if service.is_system else "default.target"
    return f"""\
[Install]
WantedBy={target}
"""
