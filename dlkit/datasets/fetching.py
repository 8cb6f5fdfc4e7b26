"""Fetching a file once: checksum, progress bar, resumption, and one download for all who ask at once."""

import contextlib
import os
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from dlkit.datasets.sources import LARGEST

FOLDER_VARIABLE = "DLKIT_DATA_FOLDER"
_BLOCK = 64 * 1024
_ALTERNATIVE = "Without a network take dlkit.datasets.digits(): real images that come with the kit."
_LOCKS, _LOCKS_LOCK = {}, threading.Lock()


class DownloadError(OSError):
    """A file could not be fetched; the message says why, and what can be used instead."""


def folder():
    """Return where downloaded files are kept: ``DLKIT_DATA_FOLDER``, or the usual place for caches."""
    given = os.environ.get(FOLDER_VARIABLE)
    if given:
        return Path(given)
    import pooch

    return Path(pooch.os_cache("dlkit"))


def fetch(name, url, sha256, size, timeout=30.0, progress=True):
    """Return the path of a file, fetched if it is not there, without checking the arguments.

    Parameters
    ----------
    name : str
        Its name in the folder, such as ``"mnist/train-images-idx3-ubyte.gz"``.
    url : str
        Where it is.
    sha256 : str
        Its checksum; a file of another one is never used.
    size : int
        Its length in bytes, for the progress bar; nothing beyond 512 MB is fetched.
    timeout : float
        Seconds without a byte after which to give up.
    progress : bool
        Whether a progress bar is shown on standard error.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    DownloadError
        If it cannot be fetched, or is not the right file.
    """
    import pooch

    pooch.get_logger().setLevel("WARNING")  # addresses and sums are nothing for a lesson's output
    path = folder() / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _only_one(path):
            if path.is_file() and pooch.file_hash(str(path)) == sha256:
                return path
            fetched = pooch.retrieve(
                url, f"sha256:{sha256}", fname=path.name, path=path.parent,
                downloader=_Resuming(path, size, timeout, progress),
            )  # fmt: skip
            return Path(fetched)
    except DownloadError:
        raise
    except ValueError as error:  # what pooch raises for a wrong checksum
        raise DownloadError(
            f"{url} is not the file that was expected: its checksum differs (a damaged download, a "
            f"changed file, or a login page of the network). Nothing was kept; try again. {_ALTERNATIVE}"
        ) from error
    except OSError as error:
        raise DownloadError(f"{path.name} could not be kept in {path.parent}: {error}. "
                            f"Set {FOLDER_VARIABLE} to a folder that can be written. {_ALTERNATIVE}") from error  # fmt: skip


class _Resuming:
    """A downloader for pooch: what arrived of a file stays beside it, and the next try goes on there."""

    def __init__(self, path, size, timeout, progress):
        self.part = path.with_name(f"{path.name}.part")
        self.size, self.timeout, self.progress = size, timeout, progress

    def __call__(self, url, output_file, pooch):
        have = self.part.stat().st_size if self.part.exists() else 0
        if have > self.size:  # of another file
            self.part.unlink()
            have = 0
        if have < self.size:
            try:
                self._get(url, have)
            except urllib.error.HTTPError as error:
                error.close()
                raise DownloadError(f"{_host(url)} answered {error.code} ({error.reason}) for "
                                    f"{url}. {_ALTERNATIVE}") from error  # fmt: skip
            except (OSError, EOFError) as error:
                kept = self.part.stat().st_size if self.part.exists() else 0
                going_on = (
                    f" {kept} of {self.size} bytes are kept: the next try goes on there."
                    if kept
                    else ""
                )
                raise DownloadError(f"{_host(url)} could not be reached or stopped sending "
                                    f"({_reason(error)}).{going_on} {_ALTERNATIVE}") from error  # fmt: skip
        os.replace(self.part, output_file)

    def _get(self, url, have):
        headers = {"User-Agent": "dlkit", **({"Range": f"bytes={have}-"} if have else {})}
        request = urllib.request.Request(url, headers=headers)
        try:
            answer = urllib.request.urlopen(request, timeout=self.timeout)
        except urllib.error.HTTPError as error:
            if error.code != 416:
                raise
            error.close()  # what is there is no beginning of this file
            self.part.unlink(missing_ok=True)
            return self._get(url, 0)
        with answer:
            goes_on = answer.status == 206 and str(
                answer.headers.get("Content-Range", "")
            ).startswith(f"bytes {have}-")
            start = have if goes_on else 0
            with open(self.part, "r+b" if goes_on else "wb") as file, self._bar(start) as bar:
                file.seek(start)
                while block := answer.read(_BLOCK):
                    if file.tell() + len(block) > min(LARGEST, max(self.size, 1)) + _BLOCK:
                        break  # not our file; the checksum will say so
                    file.write(block)
                    bar.update(len(block))
                arrived = file.tell()
        if arrived < self.size and answer.length:  # fewer bytes than the server announced
            raise EOFError(f"the connection ended after {arrived} bytes")
        return None

    def _bar(self, start):
        from tqdm import tqdm

        return tqdm(
            total=self.size, initial=start, unit="B", unit_scale=True, desc=self.part.stem,
            disable=not self.progress, file=sys.stderr, leave=False,
        )  # fmt: skip


@contextlib.contextmanager
def _only_one(path):
    """Let one thread of one process in at a time; the lock goes with its process, however it ends."""
    with _LOCKS_LOCK:
        mine = _LOCKS.setdefault(str(path), threading.Lock())
    with mine, open(path.with_name(f"{path.name}.lock"), "a+b") as file:
        while not _try_to_lock(file):
            time.sleep(0.1)
        try:
            yield
        finally:
            _unlock(file)


if os.name == "nt":
    import msvcrt

    def _try_to_lock(file):
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(file):
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_to_lock(file):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a file system without locks: two downloads are better than none
            return True
        return True

    def _unlock(file):
        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_UN)


def _host(url):
    return urlsplit(url).netloc or url


def _reason(error):
    reason = getattr(error, "reason", None) or error
    return str(reason) or type(reason).__name__
