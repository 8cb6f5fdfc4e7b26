"""Writing a file: whole or not at all, with ordinary rights, and through links."""

import os
import stat

import pytest

from dlkit.files import write_atomically

posix = pytest.mark.skipif(os.name == "nt", reason="rights and links are those of POSIX")


def test_the_file_is_whole_and_alone(tmp_path):
    path = tmp_path / "a.bin"
    for content in (b"old", b"new"):
        write_atomically(path, lambda file, content=content: file.write(content))
        assert path.read_bytes() == content
    assert os.listdir(tmp_path) == ["a.bin"]


def test_a_fault_while_writing_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def fault(file):
        file.write(b"ne")
        raise ArithmeticError("planted")

    with pytest.raises(ArithmeticError):
        write_atomically(path, fault)
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["a.bin"]


@posix
def test_the_rights_are_those_of_an_ordinary_file_and_the_process_s_own_stay(tmp_path, monkeypatch):
    """Setting the mask, even for a moment, would open what other threads write to everybody."""

    def changed(mask):
        raise AssertionError("the mask of the process was changed")

    before = os.umask(0o027)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(os, "umask", changed)
            write_atomically(tmp_path / "a.bin", lambda file: file.write(b"x"))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.bin").stat().st_mode) == 0o640


@posix
def test_a_link_stays_a_link_and_its_file_is_written(tmp_path):
    (tmp_path / "store").mkdir()
    real, link = tmp_path / "store" / "real.bin", tmp_path / "link.bin"
    real.write_bytes(b"old")
    link.symlink_to(real)
    write_atomically(link, lambda file: file.write(b"new"))
    assert link.is_symlink() and real.read_bytes() == b"new"
    assert sorted(os.listdir(tmp_path)) == ["link.bin", "store"]
    assert os.listdir(tmp_path / "store") == ["real.bin"]
