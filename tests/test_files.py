"""Files that appear whole or not at all, and packages that need not be there."""

import os
import sys

import pytest

from coreselect._files import atomic_path, require


def test_require_returns_the_module_or_says_what_to_install():
    assert require("json", "io") is sys.modules["json"]
    with pytest.raises(ImportError, match=r"needs no_such_package,.*'\.\[torch\]'"):
        require("no_such_package.part", "torch")


# --- atomic_path ---


@pytest.fixture
def target(tmp_path):
    path = tmp_path / "out.txt"
    path.write_text("old")
    return path


def _write_text(path, text, raising):
    with atomic_path(path) as temporary:
        temporary.unlink() if text is None else temporary.write_text(text)
        raise raising


def _files(path):
    return sorted(p.name for p in path.parent.iterdir())


def test_a_file_appears_once_it_is_written(tmp_path):
    path = tmp_path / "out.npz"
    with atomic_path(path) as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".npz"
        temporary.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    assert _files(path) == ["out.npz"]


def test_a_file_is_replaced_once_the_new_one_is_written(target):
    with atomic_path(str(target)) as temporary:
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert _files(target) == ["out.txt"]


@pytest.mark.parametrize(
    "error", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit]
)
@pytest.mark.parametrize("exists", [True, False])
def test_an_exception_leaves_everything_as_it_was(target, error, exists):
    if not exists:
        target.unlink()
    with pytest.raises(error):
        _write_text(target, "half", raising=error)
    assert _files(target) == (["out.txt"] if exists else [])
    assert not exists or target.read_text() == "old"


def test_an_exception_after_the_temporary_file_is_gone(target):
    with pytest.raises(ZeroDivisionError):
        _write_text(target, None, raising=ZeroDivisionError)
    assert target.read_text() == "old"


def test_without_overwrite_an_existing_file_is_refused_at_once(target):
    with (
        pytest.raises(FileExistsError, match=r"out.txt' exists already"),
        atomic_path(target, overwrite=False),
    ):
        pytest.fail("should not get here")
    assert target.read_text() == "old"
    assert _files(target) == ["out.txt"]


def test_without_overwrite_a_file_that_came_meanwhile_is_kept(tmp_path):
    path = tmp_path / "out.txt"
    writing = atomic_path(path, overwrite=False)
    writing.__enter__().write_text("ours")
    path.write_text("theirs")
    with pytest.raises(FileExistsError, match=r"out.txt' exists already"):
        writing.__exit__(None, None, None)
    assert path.read_text() == "theirs"
    assert _files(path) == ["out.txt"]


def test_without_overwrite_a_new_file_is_written(tmp_path):
    with atomic_path(tmp_path / "out.txt", overwrite=False) as temporary:
        temporary.write_text("new")
    assert (tmp_path / "out.txt").read_text() == "new"


@pytest.mark.parametrize("overwrite", [True, False])
def test_a_directory_is_no_file_to_write(tmp_path, overwrite):
    (tmp_path / "out").mkdir()
    with (
        pytest.raises(IsADirectoryError, match=r"cannot write .*out'"),
        atomic_path(tmp_path / "out", overwrite=overwrite),
    ):
        pytest.fail("should not get here")


@pytest.mark.parametrize("parent", ["missing", "missing/deep", "file"])
def test_a_missing_folder_is_named(tmp_path, parent):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(FileNotFoundError, match=f"cannot write .*no folder .*{parent}'"),
        atomic_path(tmp_path / parent / "out.txt"),
    ):
        pytest.fail("should not get here")


def test_a_device_is_not_replaced():
    if not os.path.exists("/dev/null"):
        pytest.skip("needs /dev/null")
    with (
        pytest.raises(OSError, match="'/dev/null': it is a device"),
        atomic_path("/dev/null"),
    ):
        pytest.fail("should not get here")


@pytest.mark.parametrize("protect", ["folder", "file"])
def test_what_may_not_be_written_is_named(target, monkeypatch, protect):
    protected = target if protect == "file" else target.parent
    path = target if protect == "file" else target.parent / "new.txt"
    # As for any user but root, whom no permission stops.
    monkeypatch.setattr(os, "access", lambda p, mode: str(p) != str(protected))
    with (
        pytest.raises(PermissionError, match=f"cannot write .*{path.name}'"),
        atomic_path(path),
    ):
        pytest.fail("should not get here")
    assert _files(target) == ["out.txt"]


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX systems")
@pytest.mark.parametrize(
    ("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)]
)
def test_a_new_file_has_the_permissions_of_any_other(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        with atomic_path(tmp_path / "out.txt") as temporary:
            temporary.write_text("new")
    finally:
        assert os.umask(before) == umask
    assert (tmp_path / "out.txt").stat().st_mode & 0o777 == mode


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX systems")
def test_a_replaced_file_keeps_its_permissions(target):
    target.chmod(0o640)
    with atomic_path(target) as temporary:
        temporary.write_text("new")
    assert target.stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(os.name != "posix", reason="symbolic links of POSIX systems")
def test_a_link_is_followed(target):
    link = target.parent / "link.txt"
    link.symlink_to(target)
    with atomic_path(link) as temporary:
        temporary.write_text("new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_long_name_is_no_problem(tmp_path):
    path = tmp_path / ("x" * 250 + ".txt")
    with atomic_path(path) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"


def test_paths_are_relative_to_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with atomic_path("out.txt") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "out.txt").read_text() == "new"
