"""MNIST, Fashion-MNIST and CIFAR-10: fetched once, checked, and kept in a folder."""

import gzip
import os
import tarfile
import zlib
from urllib.parse import urlsplit

import numpy as np

from dlkit import checks
from dlkit.datasets.data import Data
from dlkit.datasets.fetching import DownloadError, fetch
from dlkit.datasets.sources import BASE_VARIABLE, BASES, CLASSES, FILES
from dlkit.datasets.splitting import check_seed

_IMAGES, _LABELS = 2051, 2049  # the first four bytes of such files
_CIFAR_ROW = 1 + 3 * 32 * 32
_MOST_PIXELS = 200 * 2**20


def mnist(seed=0, flat=False, validation_fraction=0.1, base_url=None, timeout=30.0, progress=True):
    """Return MNIST: 60,000 handwritten digits to train on and 10,000 to test, 28 × 28 grey pixels.

    11 MB are fetched once, checked and kept (in the folder ``DLKIT_DATA_FOLDER`` if that variable
    is set); an interrupted download goes on where it stopped.

    Parameters
    ----------
    seed : int
        Fixes which training images are for validation.
    flat : bool
        False: inputs of shape (28, 28, 1), channels last. True: the same numbers as (784,).
    validation_fraction : float
        Share of the training images that is kept for validation; each class in proportion.
    base_url : str, optional
        Another place with the same files; by default ``DLKIT_DATA_URL`` followed by the name of the
        set, or the public place.
    timeout : float
        Seconds without an answer after which to give up.
    progress : bool
        Whether a progress bar is shown.

    Returns
    -------
    Data
        Inputs float32 from 0 to 1, ten classes; the test part is the official one.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.
    DownloadError
        If the files cannot be fetched; the message says what else can be used.

    Source: Y. LeCun, C. Cortes and C. J. C. Burges, "The MNIST database of handwritten digits", 1998.
    """
    return _load("mnist", _idx, seed, flat, validation_fraction, base_url, timeout, progress)


def fashion_mnist(
    seed=0, flat=False, validation_fraction=0.1, base_url=None, timeout=30.0, progress=True
):
    """Return Fashion-MNIST: pieces of clothing in ten classes, in the form of `mnist` (31 MB).

    Parameters are those of `mnist`.

    Source: H. Xiao, K. Rasul and R. Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking
    machine learning algorithms", 2017. MIT licence.
    """
    return _load(
        "fashion_mnist", _idx, seed, flat, validation_fraction, base_url, timeout, progress
    )


def cifar10(
    seed=0, flat=False, validation_fraction=0.1, base_url=None, timeout=30.0, progress=True
):
    """Return CIFAR-10: 60,000 colour photographs of 32 × 32 pixels in ten classes (170 MB).

    Parameters are those of `mnist`; inputs have the shape (32, 32, 3), or (3072,) if flat.

    Source: A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
    """
    return _load("cifar10", _cifar, seed, flat, validation_fraction, base_url, timeout, progress)


def _load(name, read, seed, flat, validation_fraction, base_url, timeout, progress):
    base = _base(name, base_url)
    seed = check_seed(seed)
    flat = checks.truth_value("flat", flat)
    share = checks.number("validation_fraction", validation_fraction, above=0, below=1)
    timeout = checks.number("timeout", timeout, above=0)
    progress = checks.truth_value("progress", progress)
    paths = {
        file: fetch(f"{name}/{file}", base + file, sha256, size, timeout, progress)
        for file, (sha256, size) in FILES[name].items()
    }
    try:
        x, y, x_test, y_test = read(paths)
    except (OSError, EOFError, ValueError, zlib.error, tarfile.TarError) as error:
        raise DownloadError(f"The files of {name} cannot be read: {error}.") from error
    train, validation = _in_proportion(y, share, seed)
    return Data(
        *(_pixels(x[train], flat), y[train], _pixels(x[validation], flat), y[validation]),
        *(_pixels(x_test, flat), y_test),
        name=name,
        class_names=CLASSES[name],
    )


def _base(name, given):
    common = os.environ.get(BASE_VARIABLE)
    if given is not None:
        base = checks.text("base_url", given, allow_empty=False)
    else:
        base = f"{common.rstrip('/')}/{name}/" if common else BASES[name]
    if urlsplit(base).scheme not in ("http", "https") or not urlsplit(base).netloc:
        raise ValueError(
            f"base_url must be an address such as 'https://server/folder/', but got {base!r}."
        )
    return base.rstrip("/") + "/"


def _idx(paths):
    """Read the four files of MNIST: big-endian header, then bytes."""
    found = []
    for part in ("train", "t10k"):
        images = _unpacked(paths[f"{part}-images-idx3-ubyte.gz"])
        labels = _unpacked(paths[f"{part}-labels-idx1-ubyte.gz"])
        magic, count, height, width = np.frombuffer(images, ">i4", 4)
        if magic != _IMAGES or len(images) != 16 + int(count) * int(height) * int(width):
            raise ValueError("the file of images is not as long as it says")
        if tuple(np.frombuffer(labels, ">i4", 2)) != (_LABELS, count) or len(labels) != 8 + count:
            raise ValueError("the file of labels does not fit that of the images")
        found.append(np.frombuffer(images, "uint8", offset=16).reshape(count, height, width, 1))
        found.append(np.frombuffer(labels, "uint8", offset=8).astype("int64"))
    return found


def _unpacked(path):
    with gzip.open(path) as file:
        found = file.read(_MOST_PIXELS + 1)
    if len(found) > _MOST_PIXELS:
        raise ValueError(f"{path.name} unpacks to more than {_MOST_PIXELS // 2**20} MB")
    return found


def _cifar(paths):
    """Read CIFAR-10's binary version out of its archive; nothing is unpacked onto the disk."""
    batches = {}
    (path,) = paths.values()
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            name = member.name.rsplit("/", 1)[-1]
            if name.endswith(".bin") and member.isfile() and member.size <= _MOST_PIXELS:
                batches[name] = np.frombuffer(archive.extractfile(member).read(), "uint8")
    training = [batches[name] for name in sorted(batches) if name.startswith("data_batch_")]
    if not training or "test_batch.bin" not in batches:
        raise ValueError("the archive lacks data_batch_1.bin … or test_batch.bin")
    found = []
    for rows in (np.concatenate(training), batches["test_batch.bin"]):
        rows = rows.reshape(-1, _CIFAR_ROW)
        found.append(rows[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
        found.append(rows[:, 0].astype("int64"))
    return found


def _in_proportion(y, share, seed):
    from sklearn.model_selection import train_test_split

    return train_test_split(np.arange(len(y)), test_size=share, random_state=seed, stratify=y)


def _pixels(images, flat):
    """Return grey values from 0 to 1 in an array that `Data` need not copy."""
    x = np.empty((len(images), images[0].size) if flat else images.shape, dtype="float32")
    np.divide(images.reshape(x.shape), 255, out=x, casting="unsafe")
    x.flags.writeable = False
    return x
