"""What /etc/fuse.conf allows."""

from __future__ import annotations

import pytest

from mediafs.fuse.checks import lets_users_allow_others


@pytest.mark.parametrize(
    ("config", "allows"),
    [
        ("", False),
        ("#user_allow_other\n", False),
        ("# user_allow_other lets users in\nmount_max = 5\n", False),
        ("mount_max = 5\nuser_allow_other", True),
        ("  user_allow_other   # for the family\n", True),
        ("user_allow_other = yes\n", False),
        ("user_allow_others\n", False),
        ("user_allow_root\n", False),
    ],
)
def test_others_are_let_in_where_a_line_says_so(config, allows):
    assert lets_users_allow_others(config) == allows
