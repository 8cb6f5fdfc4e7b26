"""Damaged, hostile and oversized checkpoints; a full disk; a folder that cannot be written."""

import errno
import hashlib
import io
import json
import os
import shutil
import stat
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import killed_run
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlkit import Network, archives, files, layers
from dlkit.training import TrainingConfig, TrainingJob, checkpoint, checkpoint_files
from dlkit.training.checkpoint_files import _checksum

try:
    import resource
except ImportError:  # Windows
    resource = None

needs_resource = pytest.mark.skipif(
    resource is None, reason="Windows has no resource module, which measures and limits a process"
)
is_root = hasattr(os, "geteuid") and os.geteuid() == 0

DATA = killed_run.make_data()
CONFIG = TrainingConfig(epochs=3, batch_size=10)


def network(seed=0):
    return Network([layers.Dense(4, "relu"), layers.Dropout(0.2), layers.Dense(3)], 5, seed=seed)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A folder with several good checkpoints."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    job = TrainingJob(network(), DATA, CONFIG, folder)
    for _ in range(4):
        job.step(2)
    assert len(checkpoint_files.numbers(folder)) >= 3
    return folder


@pytest.fixture(scope="module")
def expected():
    job = TrainingJob(network(), DATA, CONFIG)
    job.start()
    job.wait()
    return killed_run.outcome(job)


@pytest.fixture
def folder(whole, tmp_path):
    return Path(shutil.copytree(whole, tmp_path / "run"))


def read(folder):
    return TrainingJob.from_checkpoint(folder, network(seed=3), DATA)


def newest(folder, ending):
    return folder / f"checkpoint-{checkpoint_files.numbers(folder)[-1]:06d}.{ending}"


def goes_on(job, expected):
    job.resume()
    job.wait()
    assert killed_run.outcome(job) == expected


# -- damaged -----------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["json", "npz"])
@pytest.mark.parametrize("how", ["truncated", "flipped", "empty", "gone", "another's"])
def test_a_damaged_file_is_named_and_the_one_before_is_used(folder, expected, ending, how):
    path = newest(folder, ending)
    before = checkpoint_files.numbers(folder)[-2]
    content = bytearray(path.read_bytes())
    if how == "gone":
        path.unlink()
    elif how == "another's":
        shutil.copy(folder / f"checkpoint-{before:06d}.{ending}", path)
    else:
        content[len(content) // 2] ^= 4
        path.write_bytes({"truncated": content[:-3], "flipped": content, "empty": b""}[how])
    job = read(folder)
    if (ending, how) != ("json", "gone"):  # an .npz alone was never finished
        assert path.stem in job.status.message and "damaged" in job.status.message
    assert f"Read from checkpoint-{before:06d}" in job.status.message
    goes_on(job, expected)


def test_the_initial_weights_may_be_lost_alone(folder, expected):
    number = checkpoint_files.numbers(folder)[0]
    (folder / f"checkpoint-{number:06d}.npz").write_bytes(b"not a zip")
    job = read(folder)
    assert "The initial weights are lost" in job.status.message
    goes_on(job, expected)


def test_if_all_are_damaged_each_is_named_and_the_model_is_left_alone(folder):
    for path in folder.glob("*.npz"):
        path.write_bytes(path.read_bytes()[:-1])
    model = network(seed=3)
    before = model.get_weights()
    with pytest.raises(ValueError, match="Every checkpoint in checkpoint_dir=.*") as caught:
        TrainingJob.from_checkpoint(folder, model, DATA)
    assert all(path.name in str(caught.value) for path in folder.glob("*.npz"))
    for name, array in model.get_weights().items():
        np.testing.assert_array_equal(array, before[name])


@given(st.data())
@settings(max_examples=settings.default.max_examples)
def test_any_damage_is_found_or_harmless(whole, expected_state, data):
    """Bits flipped, bytes cut, inserted or overwritten, anywhere in text or arrays."""
    ending = data.draw(st.sampled_from(["json", "npz"]))
    path = newest(whole, ending)
    good = path.read_bytes()
    at = data.draw(st.integers(0, len(good) - 1))
    some = data.draw(st.binary(min_size=1, max_size=8))
    bad = data.draw(
        st.sampled_from(
            [
                good[:at],
                good[:at] + bytes([good[at] ^ (1 << (some[0] % 8))]) + good[at + 1 :],
                good[:at] + some + good[at:],
                good[:at] + some + good[at + len(some) :],
                good[:at] + good[at + len(some) :],
            ]
        )
    )
    try:
        path.write_bytes(bad)
        content = checkpoint_files.read(whole, checkpoint_files.numbers(whole)[-1])
    except archives.DamagedFileError as error:
        assert path.stem in str(error)
    else:
        assert repr(content["state"]) == expected_state  # a space more in the text, for example
    finally:
        path.write_bytes(good)


@pytest.fixture(scope="module")
def expected_state(whole):
    number = checkpoint_files.numbers(whole)[-1]
    return repr(checkpoint_files.read(whole, number)["state"])


# -- hostile: whoever writes the files can write their checksums too ---------------------------


def forge(folder, packed=None, **changes):
    """Replace the newest checkpoint's arrays and some of its text, with the right checksums."""
    text, arrays = newest(folder, "json"), newest(folder, "npz")
    content = json.loads(text.read_text())
    content.pop("checksum")
    content |= changes
    if packed is not None:
        arrays.write_bytes(packed)
        digest = hashlib.sha256(packed).hexdigest()
        content["arrays"] = {"bytes": len(packed), "sha256": digest}
    text.write_text(json.dumps({"checksum": _checksum(content), **content}))


def zipped(**members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def npy(array=None, header=None):
    """Return an array as ``.npy``, or nothing but a header that claims what it likes."""
    stream = io.BytesIO()
    if header is None:
        np.lib.format.write_array(stream, array, allow_pickle=True)
        return stream.getvalue()
    text = header.encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


EXECUTED = []


class Trap:
    """Unpickling it would leave a trace."""

    def __reduce__(self):
        return EXECUTED.append, ("executed",)


def bomb(millions=6):
    """Return a few kilobytes that unpack to so many million bytes."""
    stream = io.BytesIO()
    shape = f"({millions}000000,)"
    head = npy(header=f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}")
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("a0.npy", "w", force_zip64=True) as file:
            file.write(head)
            for _ in range(millions):
                file.write(bytes(10**6))
    return stream.getvalue()


def lying_bomb():
    """Return the same, with a directory that declares little."""
    content = bytearray(zipped(**{"a0.npy": npy(np.zeros(10**6))}))
    size = struct.pack("<I", len(npy(np.zeros(10**6))))
    return bytes(content.replace(size, struct.pack("<I", 200)))


HOSTILE = {
    "pickled objects": lambda: zipped(**{"a0.npy": npy(np.array([Trap()], dtype=object))}),
    "a pickle": lambda: b"cbuiltins\nexec\n(S'EXECUTED.append(1)'\ntR.",
    "a path upwards": lambda: zipped(**{"../../escaped.npy": npy(np.zeros(3))}),
    "an absolute path": lambda: zipped(**{"/tmp/escaped.npy": npy(np.zeros(3))}),
    "no array": lambda: zipped(**{"a0.py": "print('executed')"}),
    "a bomb": bomb,
    "a bomb that lies": lying_bomb,
    "a huge shape": lambda: zipped(
        **{"a0.npy": npy(header="{'descr': '<f8', 'fortran_order': False, 'shape': (10**15,), }")}
    ),
    "an enormous shape": lambda: zipped(
        **{
            "a0.npy": npy(
                header="{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999, 99999999), }"
            )
        }
    ),
    "a negative shape": lambda: zipped(
        **{"a0.npy": npy(header="{'descr': '<f8', 'fortran_order': False, 'shape': (-1, -8), }")}
    ),
    "code in the header": lambda: zipped(
        **{"a0.npy": npy(header="__import__('os').system('touch escaped')")}
    ),
    "bytes of no width": lambda: zipped(
        **{"a0.npy": npy(header="{'descr': '<U0', 'fortran_order': False, 'shape': (10,), }")}
    ),
    "an unknown version": lambda: zipped(**{"a0.npy": b"\x93NUMPY\x09\x00" + bytes(100)}),
    "half an array": lambda: zipped(**{"a0.npy": npy(np.zeros(9))[:-5]}),
}


@pytest.fixture
def small_limit(monkeypatch):
    """Make six million bytes a bomb."""
    monkeypatch.setattr(archives, "LIMIT", 5 * 2**20)


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.usefixtures("small_limit")
def test_hostile_arrays_do_nothing(folder, kind, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    before = {path for path in tmp_path.rglob("*")}
    forge(folder, HOSTILE[kind]())
    job = read(folder)
    assert f"{newest(folder, 'npz').name} is damaged" in job.status.message
    assert not EXECUTED
    assert {path for path in tmp_path.rglob("*")} == before
    assert not Path("/tmp/escaped.npy").exists()


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.usefixtures("small_limit")
def test_a_hostile_network_file_does_nothing(kind, tmp_path):
    path = tmp_path / "network.npz"
    path.write_bytes(HOSTILE[kind]())
    with pytest.raises(ValueError, match="network.npz is (damaged or )?no network file"):
        Network.load(path)
    assert not EXECUTED
    assert list(tmp_path.iterdir()) == [path]


@needs_resource
@pytest.mark.full
def test_a_bomb_takes_no_memory(tmp_path):
    """The bomb is refused for what it declares, before any of it is unpacked."""
    path = tmp_path / "bomb.npz"
    path.write_bytes(bomb(600))
    assert path.stat().st_size < 5 * 2**20
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(archives.DamagedFileError, match="declares 572 MB.*at most 512 MB"):
        archives.read_arrays(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024  # kilobytes


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 200_000,
        b"{}",
        b"null",
        b'{"checksum": 3}',
        b"\xff\xfe\x00",
        b'{"checksum": "0", "format": NaN}',
        b"3" * 10_000,
    ],
)
def test_a_hostile_text_does_nothing(folder, text):
    newest(folder, "json").write_bytes(text)
    assert f"{newest(folder, 'json').name} is damaged" in read(folder).status.message


@pytest.mark.parametrize(
    "changes",
    [
        {"state": []},
        {"state": {"place": 3, "over": False}},
        {"state": {"is": "array", "at": 10**9}},
        {"state": {"is": "array", "at": "x"}},
        {"state": {"is": "unheard of"}},
        {"config": {"epochs": -3}},
        {"config": {"optimizer": "__import__"}},
        {"config": None},
        {"format": "something else"},
        {"version": 2},
    ],
)
def test_a_text_that_does_not_fit_is_refused_in_words(folder, changes):
    forge(folder, **changes)
    model = network(seed=3)
    before = model.get_weights()
    try:
        job = TrainingJob.from_checkpoint(folder, model, DATA)
    except ValueError as error:
        assert newest(folder, "json").stem in str(error)
        for name, array in model.get_weights().items():
            np.testing.assert_array_equal(array, before[name])
    else:
        assert "is damaged" in job.status.message


def test_a_text_that_is_too_large_is_not_read(folder, monkeypatch):
    monkeypatch.setattr(checkpoint_files, "LARGEST_TEXT", 1000)
    with pytest.raises(ValueError, match="json is damaged: it is too large"):
        read(folder)


def test_a_model_too_large_for_a_checkpoint_trains_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "LIMIT", 200)
    job = TrainingJob(network(), DATA, CONFIG, tmp_path)
    job.start()
    assert job.wait()
    assert job.status.state == "finished"
    assert "could not be written: it would take" in job.status.message


# -- the disk ----------------------------------------------------------------------------------


def test_a_full_disk_stops_the_checkpoint_and_not_the_run(tmp_path, monkeypatch, expected):
    monkeypatch.setattr(checkpoint, "SHARE", float("inf"))
    job = TrainingJob(network(), DATA, CONFIG, tmp_path)
    job.step(6)
    good, write = checkpoint_files.numbers(tmp_path), files.write_atomically

    def full(path, write):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files, "write_atomically", full)
    job.step(2)
    assert job.status.state == "paused"
    name = f"checkpoint-{good[-1]:06d}"
    assert job.status.message == (
        "Paused. The checkpoint could not be written: No space left on device. The last good one "
        f"is {name}."
    )
    job.step(4)
    assert checkpoint_files.numbers(tmp_path) == good
    assert name in job.status.message
    monkeypatch.setattr(files, "write_atomically", write)  # somebody has made room
    job.start()
    job.wait()
    assert job.status.message == "Finished: all 3 epochs are done."
    assert killed_run.outcome(job) == expected
    assert killed_run.outcome(read(tmp_path)) == expected


LIMITED = """
import resource, signal, sys
sys.path.insert(0, sys.argv[1])
import test_checkpoint_faults as here
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
job = here.TrainingJob(here.network(), here.DATA, here.CONFIG, sys.argv[2])
job.step(6)
resource.setrlimit(resource.RLIMIT_FSIZE, (1500, resource.RLIM_INFINITY))
job.start(); job.wait()
print(job.status.state, job.status.message)
"""


@needs_resource
def test_a_limit_of_the_system_stops_the_checkpoint_and_not_the_run(tmp_path, expected):
    """The same for real: writing breaks off in the middle of the file."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(Path(__file__).parent), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("finished Finished: all 3 epochs are done. The checkpoint could")
    assert "File too large" in done.stdout
    assert not list(tmp_path.glob(".*"))  # and no half file is left
    job = read(tmp_path)
    assert len(job.history.batch_losses) == 6
    goes_on(job, expected)


@pytest.mark.skipif(not is_root, reason="only root may mount a disk")
def test_a_small_disk_fills_up(tmp_path, expected):
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        job = TrainingJob(network(), DATA, CONFIG, disk / "run")
        job.step(6)
        with (disk / "filler").open("wb", buffering=0) as file:
            with pytest.raises(OSError, match="No space"):
                while True:
                    file.write(bytes(1024))
        job.start()
        job.wait()
        assert job.status.state == "finished"
        assert "could not be written: No space left on device" in job.status.message
        (disk / "filler").unlink()
        goes_on(read(disk / "run"), expected)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_folder_that_cannot_be_written_is_refused_at_the_start(tmp_path, monkeypatch):
    model = network()
    if not is_root and os.name == "posix":
        tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    else:  # nothing is forbidden to root, nor by these bits on Windows

        def forbidden(path, write):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

        monkeypatch.setattr(files, "write_atomically", forbidden)
    with pytest.raises(PermissionError, match="checkpoint_dir=.*Permission denied.*may write"):
        TrainingJob(model, DATA, CONFIG, tmp_path)
    tmp_path.chmod(stat.S_IRWXU)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_goes_away_stops_the_checkpoint_and_not_the_run(tmp_path):
    job = TrainingJob(network(), DATA, CONFIG, tmp_path / "run")
    job.step(3)
    shutil.rmtree(tmp_path / "run")
    job.start()
    assert job.wait()
    assert job.status.state == "finished"
    assert "could not be written: The folder" in job.status.message


def test_what_a_killed_process_left_half_written_is_cleared_away(folder):
    stray = [".checkpoint-000007.npz.0123456789abcdef", "checkpoint-000099.npz"]
    for name in stray:
        (folder / name).write_bytes(b"half")
    (folder / "notes.txt").write_text("mine")
    job = read(folder)
    job.step()
    assert not [name for name in stray if (folder / name).exists()]
    assert (folder / "notes.txt").read_text() == "mine"


def test_a_model_that_does_not_fit_leaves_no_folder(tmp_path):
    with pytest.raises((TypeError, ValueError)):
        TrainingJob(Network([layers.Dense(3)], 9), DATA, CONFIG, tmp_path / "run")
    assert not (tmp_path / "run").exists()
