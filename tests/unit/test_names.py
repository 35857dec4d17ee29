"""One name that every system accepts, true endings, and names that stay with their holder."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from builders import digest

from indexer.decisions.store import GivenName
from indexer.model import FileId
from mediafs.views.namer import Claim, Namer
from mediafs.views.names import component, fold_name, legal, split

A, B, C = (digest(number).hex() for number in range(3))
DAY = "by-date/2019/2019-07-14"


@dataclass(frozen=True)
class Kin:
    owners: frozenset[str] = frozenset()
    heirs_of: frozenset[str] = frozenset()
    beside: tuple[str, ...] = ()
    members: frozenset[FileId] = frozenset()


ALONE = Kin()


def claim(holder: str, file: int = 1) -> Claim:
    return Claim(holder, FileId(file))


def given(name: str, holder: str, directory: str = DAY) -> GivenName:
    stem = name.rpartition(".")[0]
    return GivenName(directory, name, fold_name(name), fold_name(stem), holder)


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("IMG_0001.JPG", "IMG_0001.JPG"),
        ("e\u0301.jpg", "é.jpg"),
        ('a<b>c:d"e/f\\g|h?i*j', "a_b_c_d_e_f_g_h_i_j"),
        ("a\nb\x7f", "a_b_"),
        ("a\udce9b", "a_b"),
        ("a\u2028b", "a_b"),
        ("a. . ", "a"),
        ("...", "_"),
        ("", "_"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("nul .txt", "_nul .txt"),
        ("Com1.tar.gz", "_Com1.tar.gz"),
        ("COM¹", "_COM¹"),
        ("CONIN$", "_CONIN$"),
        ("console.txt", "console.txt"),
        ("com10", "com10"),
        ("._a", "_._a"),
        (".hidden", ".hidden"),
        ("x" * 300, "x" * 255),
        ("é" * 200, "é" * 127),
        ("x" * 254 + "é", "x" * 254),
    ],
)
def test_a_name_becomes_the_nearest_that_all_systems_accept(name, made):
    assert legal(name) == made


@pytest.mark.parametrize(
    ("name", "extension", "parts"),
    [
        ("IMG_1.JPG", "jpg", ("IMG_1", ".JPG")),
        ("IMG_1.jpeg", "jpg", ("IMG_1", ".jpeg")),
        ("IMG_1.HEIC", "jpg", ("IMG_1", ".jpg")),
        ("IMG_1", "jpg", ("IMG_1", ".jpg")),
        ("2018.04.12", "jpg", ("2018.04.12", ".jpg")),
        (".jpg", "jpg", (".jpg", ".jpg")),
        ("notes.txt", "", ("notes", ".txt")),
        ("notes", "", ("notes", "")),
        ("film.m\u212av", "mkv", ("film", ".mkv")),
    ],
)
def test_the_ending_is_true_to_the_bytes(name, extension, parts):
    assert split(name, extension) == parts


def test_a_directory_named_after_something_too_long_stays_unique():
    one, other = component("x" * 300), component("x" * 301)

    assert len(one) == len(other) == 255
    assert one != other


def test_a_short_directory_keeps_its_name():
    assert component("2019-07-14 IMG_0001") == "2019-07-14 IMG_0001"


def test_a_free_name_is_given_as_wanted():
    namer = Namer([])

    assert namer.name(DAY, "IMG_1", ".JPG", claim(A)) == "IMG_1.JPG"
    assert [name.name for name in namer.new] == ["IMG_1.JPG"]


def test_the_later_of_two_clashing_names_carries_a_piece_of_its_digest():
    namer = Namer([])
    namer.name(DAY, "IMG_1", ".JPG", claim(A))

    assert namer.name(DAY, "img_1", ".jpg", claim(B, 2)) == f"img_1-{B[:8]}.jpg"


def test_a_longer_piece_is_taken_where_the_short_one_clashes_too():
    namer = Namer([given("a.jpg", A), given(f"a-{B[:8]}.jpg", C)])

    assert namer.name(DAY, "a", ".jpg", claim(B)) == f"a-{B[:16]}.jpg"


def test_a_name_once_given_is_given_again():
    namer = Namer([given("holiday.JPG", A)])

    assert namer.name(DAY, "IMG_1", ".JPG", claim(A)) == "holiday.JPG"
    assert namer.new == []


def test_a_name_of_what_is_gone_is_given_to_nobody_else():
    namer = Namer([given("IMG_1.JPG", A)])

    assert namer.name(DAY, "IMG_1", ".JPG", claim(B)) != "IMG_1.JPG"


def test_another_directory_knows_nothing_of_it():
    namer = Namer([given("IMG_1.JPG", A)])

    assert namer.name("originals", "IMG_1", ".JPG", claim(B)) == "IMG_1.JPG"


def test_a_shot_has_one_stem():
    namer = Namer([given("IMG_1.HEIC", A)])

    assert namer.stem(DAY, "other", [".HEIC"], claim(A), ALONE) == "IMG_1"


def test_a_stem_keeps_the_case_in_which_it_was_given():
    namer = Namer([given("ÉTÉ.HEIC", A)])

    assert namer.stem(DAY, "x", [".HEIC"], claim(A), ALONE) == "ÉTÉ"


def test_two_shots_never_share_a_stem():
    namer = Namer([given("IMG_1.HEIC", A)])

    assert namer.stem(DAY, "img_1", [".JPG"], claim(B), ALONE) == f"img_1-{B[:8]}"


def test_two_shots_that_come_together_never_share_a_stem():
    namer = Namer([])
    namer.name(DAY, "IMG_1", ".HEIC", claim(A))

    assert namer.stem(DAY, "IMG_1", [".JPG"], claim(B, 2), ALONE) == f"IMG_1-{B[:8]}"


def test_members_of_one_shot_share_its_stem():
    namer = Namer([given("IMG_1.HEIC", A)])

    assert namer.stem(DAY, "IMG_1", [".JPG"], claim(B), Kin(owners=frozenset({A}))) == "IMG_1"


def test_a_better_original_takes_over_the_stem_of_the_one_before():
    namer = Namer([given("holiday.JPG", A)])

    kin = Kin(owners=frozenset({A, B}), heirs_of=frozenset({A}))
    assert namer.stem(DAY, "IMG_1", [".HEIC"], claim(B), kin) == "holiday"


def test_a_picture_takes_the_stem_of_its_film_that_was_there_before():
    namer = Namer([given("IMG_1.JPG", C), given(f"IMG_1-{A[:8]}.MOV", A)])

    kin = Kin(owners=frozenset({A, B}), beside=(A,))
    assert namer.stem(DAY, "IMG_1", [".HEIC", ".MOV"], claim(B), kin) == f"IMG_1-{A[:8]}"


def test_a_long_stem_leaves_room_for_the_longest_suffix():
    stem = Namer([]).stem(DAY, "x" * 255, [".JPG", ".JPG.json"], claim(A), ALONE)

    assert len(stem) + len(".JPG.json") == 255


def test_equal_sidecars_of_two_shots_stand_under_two_names():
    namer = Namer([])
    first = namer.name(DAY, "IMG_1", ".AAE", claim(C, 1), frozenset({A, C}))
    second = namer.name(DAY, "IMG_2", ".AAE", claim(C, 2), frozenset({B, C}))

    assert (first, second) == ("IMG_1.AAE", "IMG_2.AAE")


def test_equal_sidecars_keep_their_names_whatever_the_order():
    before = [given("IMG_1.AAE", C), given("IMG_2.AAE", C), given("IMG_1.JPG", A)]
    namer = Namer(before)

    assert namer.name(DAY, "IMG_2", ".AAE", claim(C, 2), frozenset({B, C})) == "IMG_2.AAE"
    assert namer.name(DAY, "IMG_1", ".AAE", claim(C, 1), frozenset({A, C})) == "IMG_1.AAE"
    assert namer.new == []


def test_an_equal_sidecar_does_not_take_the_name_of_another_shots():
    namer = Namer([given("IMG_1.AAE", C), given("IMG_1.JPG", A)])

    assert namer.name(DAY, "IMG_2", ".AAE", claim(C, 2), frozenset({B, C})) == "IMG_2.AAE"


NAMED = [given("IMG_1.AAE", C), given("IMG_2.AAE", C), given("IMG_1.JPG", A), given("IMG_2.JPG", B)]


def shown(**files: int):
    """What the tree before shows in `DAY`: stem of an AAE to its file."""
    return lambda directory, name: (
        files.get(name.removesuffix(".AAE")) and FileId(files[name.removesuffix(".AAE")])
    )


def shared(file: int) -> Claim:
    return Claim(C, FileId(file), is_shared=True)


def test_a_sidecar_keeps_the_name_it_is_shown_under_though_its_shots_stem_is_free_again():
    namer = Namer(
        [given("IMG_1.AAE", C), given("b.AAE", C), given("IMG_1.JPG", A)], None, shown(b=1)
    )
    namer.expect(DAY, shared(1), frozenset({A, C}))

    assert namer.name(DAY, "IMG_1", ".AAE", shared(1), frozenset({A, C})) == "b.AAE"


def test_a_name_that_a_file_shows_that_is_not_named_again_is_left_to_it():
    namer = Namer([given("IMG_1.AAE", C)], None, shown(IMG_1=1), named_again=frozenset({FileId(2)}))

    assert namer.name(DAY, "IMG_1", ".AAE", shared(2), frozenset({A, C})) == f"IMG_1-{C[:8]}.AAE"


def test_a_name_that_a_file_will_show_again_is_left_to_it():
    namer = Namer([given("IMG_1.AAE", C)], None, shown(IMG_1=1))
    namer.expect(DAY, shared(1), frozenset({A, C}))

    assert namer.name(DAY, "IMG_1", ".AAE", shared(2), frozenset({A, C})) == f"IMG_1-{C[:8]}.AAE"


def test_a_name_under_its_own_shots_stem_is_left_to_who_will_show_it_again():
    namer = Namer([given("IMG_1.AAE", C), given("IMG_1.JPG", A)], None, shown(IMG_1=1))
    namer.expect(DAY, shared(1), frozenset({A, C}))

    assert namer.name(DAY, "IMG_1", ".AAE", shared(2), frozenset({A, C})) == f"IMG_1-{C[:8]}.AAE"


def test_a_name_that_a_file_showed_that_is_gone_is_free_for_its_equal():
    namer = Namer([given("IMG_1.AAE", C)], None, shown(IMG_1=1))

    assert namer.name(DAY, "IMG_1", ".AAE", shared(2), frozenset({A, C})) == "IMG_1.AAE"


def test_a_name_is_free_once_its_file_belongs_to_another_shot():
    namer = Namer(NAMED, None, shown(IMG_1=1))
    namer.expect(DAY, shared(1), frozenset({B, C}))

    assert namer.name(DAY, "IMG_1", ".AAE", shared(2), frozenset({A, C})) == "IMG_1.AAE"


def test_a_stem_under_which_another_shots_equal_sidecar_is_shown_is_not_taken():
    namer = Namer([given("IMG_1.AAE", C)], None, shown(IMG_1=1), named_again=frozenset())

    kin = Kin(owners=frozenset({A, C}), members=frozenset({FileId(5), FileId(6)}))
    assert namer.stem(DAY, "IMG_1", [".JPG"], claim(A, 5), kin) == f"IMG_1-{A[:8]}"


def test_a_stem_under_which_its_own_sidecar_is_shown_is_taken():
    namer = Namer([given("IMG_1.AAE", C)], None, shown(IMG_1=6), named_again=frozenset())

    kin = Kin(owners=frozenset({A, C}), members=frozenset({FileId(5), FileId(6)}))
    assert namer.stem(DAY, "IMG_1", [".JPG"], claim(A, 5), kin) == "IMG_1"
