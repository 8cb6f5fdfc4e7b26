"""MNIST and its like from a server of our own, which fails in each way that servers fail."""

import contextlib
import gzip
import hashlib
import http.server
import io
import subprocess
import sys
import tarfile
import threading
import time

import numpy as np
import pytest

from dlkit import datasets
from dlkit.datasets import downloads, fetching, sources

random = np.random.default_rng(0)


def idx(array):
    """Return an array as MNIST keeps it."""
    header = np.array([2049 if array.ndim == 1 else 2051, *array.shape], ">i4").tobytes()
    return gzip.compress(header + array.tobytes(), mtime=0)


def small_mnist():
    """Return the four files of a tiny MNIST: each class ten times and five times."""
    files = {}
    for part, times in (("train", 10), ("t10k", 5)):
        labels = np.repeat(np.arange(10, dtype="uint8"), times)
        images = random.integers(0, 256, (len(labels), 28, 28), dtype="uint8")
        files[f"{part}-images-idx3-ubyte.gz"] = idx(images)
        files[f"{part}-labels-idx1-ubyte.gz"] = idx(labels)
    return files


MNIST = small_mnist()


def small_cifar():
    """Return a tiny archive of CIFAR-10's binary version, and its pixels by file."""
    stream, pixels = io.BytesIO(), {}
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name in ("data_batch_1", "data_batch_2", "test_batch"):
            rows = random.integers(0, 256, (20, 3073), dtype="uint8")
            rows[:, 0] = np.arange(20) % 10
            pixels[name] = rows
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}.bin")
            member.size = rows.size
            archive.addfile(member, io.BytesIO(rows.tobytes()))
    return stream.getvalue(), pixels


class Server(http.server.ThreadingHTTPServer):
    """Serve files; ``fault`` says in which way it fails."""

    daemon_threads = True

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.fault, self.asked, self.ranges = files, None, [], []
        self.base = f"http://127.0.0.1:{self.server_port}/"

    def handle_error(self, request, client_address):
        """Say nothing where the other side hangs up."""


class Handler(http.server.BaseHTTPRequestHandler):
    """Answer one request."""

    def do_GET(self):
        """Send a file, or fail."""
        name, server = self.path.rsplit("/", 1)[-1], self.server
        server.asked.append(name)
        server.ranges.append(self.headers.get("Range"))
        if server.fault == "404" or name not in server.files:
            return self.send_error(404)
        if server.fault == "500":
            return self.send_error(500)
        content = server.files[name]
        if server.fault == "wrong":
            content = bytes(len(content))
        if server.fault == "longer":
            content = content + bytes(10**6)
        if server.fault == "login page":
            content = b"<html>Please log in</html>"
        start = 0
        if self.headers.get("Range") and server.fault != "no ranges":
            start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if server.fault == "stalls":
            time.sleep(1.5)
            return None
        if server.fault == "slow":
            time.sleep(0.3)
        end = start + (len(content) - start) // 2 if server.fault == "cut short" else len(content)
        with contextlib.suppress(OSError):
            self.wfile.write(content[start:end])
        return None

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv(fetching.FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.delenv(sources.BASE_VARIABLE, raising=False)
    with Server(dict(MNIST)) as made:
        threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
        know(monkeypatch, "mnist", MNIST)
        yield made
        made.shutdown()


def know(monkeypatch, name, files):
    """Let the kit expect these files instead of the public ones."""
    expected = {f: (hashlib.sha256(c).hexdigest(), len(c)) for f, c in files.items()}
    monkeypatch.setitem(sources.FILES, name, expected)


def load(server, **arguments):
    return datasets.mnist(base_url=server.base, **{"progress": False, "timeout": 5, **arguments})


def test_the_files_arrive_once_and_are_what_they_were(server):
    data = load(server, seed=1, validation_fraction=0.2)
    assert data.input_shape == (28, 28, 1) and data.output_dim == 10
    assert [len(data.x_train), len(data.x_validation), len(data.x_test)] == [80, 20, 50]
    assert (np.bincount(data.y_validation) == 2).all()
    pixels = np.frombuffer(gzip.decompress(MNIST["t10k-images-idx3-ubyte.gz"]), "uint8", offset=16)
    np.testing.assert_array_equal(np.round(data.x_test * 255).ravel(), pixels)
    asked = list(server.asked)
    assert len(asked) == 4
    flat = load(server, seed=1, flat=True, validation_fraction=0.2)
    np.testing.assert_array_equal(flat.x_train, data.x_train.reshape(80, -1))
    assert server.asked == asked, "what is there is not fetched again"


def test_colours_of_cifar_come_last(server, monkeypatch):
    archive, pixels = small_cifar()
    server.files["cifar-10-binary.tar.gz"] = archive
    know(monkeypatch, "cifar10", {"cifar-10-binary.tar.gz": archive})
    data = datasets.cifar10(base_url=server.base, progress=False, validation_fraction=0.5)
    assert data.input_shape == (32, 32, 3)
    expected = pixels["test_batch"][3, 1:].reshape(3, 32, 32)
    np.testing.assert_allclose(data.x_test[3] * 255, np.moveaxis(expected, 0, -1), atol=1e-4)
    np.testing.assert_array_equal(data.y_test, np.arange(20) % 10)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("404", "answered 404"),
        ("500", "answered 500"),
        ("wrong", "checksum differs"),
        ("longer", "checksum differs"),
        ("login page", "checksum differs"),
        ("cut short", "goes on there"),
        ("stalls", "could not be reached or stopped sending"),
    ],
)
def test_each_fault_gets_a_sentence_with_the_alternative(server, fault, words):
    server.fault = fault
    with pytest.raises(fetching.DownloadError, match=words) as caught:
        load(server, timeout=0.5)
    assert "dlkit.datasets.digits()" in str(caught.value)
    server.fault = None
    assert len(load(server).x_train) == 90, "the next try succeeds"


def test_nobody_there_gets_a_sentence(server):
    server.shutdown()
    server.server_close()
    with pytest.raises(fetching.DownloadError, match=r"could not be reached.*digits\(\)"):
        load(server, timeout=0.5)


def test_an_interrupted_download_goes_on_where_it_stopped(server):
    server.fault = "cut short"
    with pytest.raises(fetching.DownloadError, match="goes on there"):
        load(server)
    server.fault = None
    load(server)
    assert server.ranges[0] is None
    half = len(MNIST["train-images-idx3-ubyte.gz"]) // 2
    assert server.ranges[1] == f"bytes={half}-"


def test_a_server_that_knows_no_ranges_sends_all_again(server):
    server.fault = "cut short"
    with pytest.raises(fetching.DownloadError):
        load(server)
    server.fault = "no ranges"
    assert len(load(server).x_train) == 90


def test_a_damaged_file_in_the_folder_is_fetched_again(server, tmp_path):
    load(server)
    (tmp_path / "mnist" / "train-labels-idx1-ubyte.gz").write_bytes(b"damaged")
    assert len(load(server).x_train) == 90
    assert server.asked.count("train-labels-idx1-ubyte.gz") == 2


def test_two_learners_at_once_fetch_once(server):
    server.fault = "slow"
    found = []
    threads = [threading.Thread(target=lambda: found.append(load(server))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and len(server.asked) == 4


def test_two_processes_at_once_fetch_once(server, tmp_path):
    server.fault = "slow"
    name = "train-images-idx3-ubyte.gz"
    sha, size = sources.FILES["mnist"][name]
    code = (
        "from dlkit.datasets.fetching import fetch; "
        f"print(fetch('a.gz', {server.base + name!r}, {sha!r}, {size}, progress=False))"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(2)
    ]
    printed = {process.communicate(timeout=60)[0] for process in both}
    assert [process.returncode for process in both] == [0, 0] and len(printed) == 1
    assert server.asked == [name]
    assert (tmp_path / "a.gz").read_bytes() == MNIST[name]


def test_the_progress_bar_is_on_standard_error(server, capsys):
    load(server, progress=True)
    out, err = capsys.readouterr()
    assert out == "" and "train-images" in err


def test_an_address_for_all_sets_can_be_given_in_the_environment(server, monkeypatch):
    monkeypatch.setenv(sources.BASE_VARIABLE, server.base.rstrip("/"))
    assert len(datasets.mnist(progress=False).x_train) == 90


def test_a_folder_that_cannot_be_written_gets_a_sentence(server, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(fetching.FOLDER_VARIABLE, str(tmp_path / "file" / "inside"))
    with pytest.raises(fetching.DownloadError, match=fetching.FOLDER_VARIABLE):
        load(server)


def test_files_that_lie_about_their_length_are_refused(server, monkeypatch):
    files = dict(MNIST, **{"t10k-labels-idx1-ubyte.gz": idx(np.zeros(3, "uint8"))})
    server.files = files
    know(monkeypatch, "mnist", files)
    with pytest.raises(fetching.DownloadError, match="labels"):
        load(server)


def test_the_public_files_are_described_completely():
    for name, files in sources.FILES.items():
        assert sources.BASES[name].startswith("http") and len(sources.CLASSES[name]) == 10
        for sha256, size in files.values():
            assert len(bytes.fromhex(sha256)) == 32 and 0 < size < sources.LARGEST
    assert set(datasets.DOWNLOADS) == set(sources.FILES) == set(sources.BASES)
    assert downloads.mnist is datasets.DOWNLOADS["mnist"]


@pytest.mark.parametrize("address", ["ftp://a/b", "file:///etc/passwd", "nonsense", "http://"])
def test_only_web_addresses_are_asked(server, address):
    with pytest.raises(ValueError, match="base_url must be an address"):
        datasets.mnist(base_url=address)


@pytest.mark.parametrize("maker", datasets.DOWNLOADS)
@pytest.mark.parametrize(
    ("argument", "values"),
    [
        ("seed", (-1, 0.5, "0", None)),
        ("flat", (1, "yes", None)),
        ("validation_fraction", (0, 1, "0.1", np.nan)),
        ("base_url", (3, "", True, ["http://a"])),
        ("timeout", (0, -1, "3", np.inf, None)),
        ("progress", (1, None, "no")),
    ],
)
def test_bad_input_is_refused_before_anything_is_asked(server, maker, argument, values):
    for value in values:
        with pytest.raises((TypeError, ValueError), match=argument):
            datasets.DOWNLOADS[maker](**{"base_url": server.base, argument: value})
    assert not server.asked
