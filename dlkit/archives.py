"""Reading arrays from an ``.npz`` file that anybody may have written.

NumPy's own reader trusts what a file declares: a few kilobytes can ask for terabytes. Here all is
checked before memory is taken; nothing is unpickled, and nothing is unpacked onto the disk.
"""

import math
import zipfile
import zlib

import numpy as np

LIMIT = 512 * 2**20  # bytes that all arrays of one file may take
_MOST_ARRAYS = 100_000
_ENDING = ".npy"
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class DamagedFileError(ValueError):
    """A file that is damaged, or was never what it should be."""


def read_arrays(file):
    """Return the arrays of an ``.npz`` file.

    Parameters
    ----------
    file : path or binary file
        What to read.

    Returns
    -------
    dict of str to numpy.ndarray
        Read-only, by name.

    Raises
    ------
    DamagedFileError
        If it is no such file, is damaged, holds anything but numbers and text, or declares more
        than ``LIMIT`` bytes.
    OSError
        If it cannot be read at all.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            members = _checked_members(archive)
            return {info.filename[: -len(_ENDING)]: _array(archive, info) for info in members}
    except DamagedFileError:
        raise
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError) as error:
        raise DamagedFileError(str(error)) from None
    except (ValueError, EOFError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise DamagedFileError(str(error)) from None
    except (SyntaxError, OverflowError, MemoryError, zlib.error) as error:
        raise DamagedFileError(f"{type(error).__name__}: {error}") from None


def _checked_members(archive):
    members = archive.infolist()
    names = {info.filename for info in members}
    if len(members) > _MOST_ARRAYS or len(names) < len(members):
        raise DamagedFileError(f"it lists {len(members)} arrays, some of them twice or too many")
    declared = sum(info.file_size for info in members)
    if declared > LIMIT:
        raise DamagedFileError(
            f"it declares {declared / 2**20:,.0f} MB of arrays, and at most {LIMIT / 2**20:.0f} MB "
            "are read"
        )
    for info in members:
        if not info.filename.endswith(_ENDING):
            raise DamagedFileError(f"it holds {info.filename[:60]!r}, which is no array")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise DamagedFileError(f"{info.filename[:60]!r} is packed in an unknown way")
    return members


def _array(archive, info):
    with archive.open(info) as file:
        version = np.lib.format.read_magic(file)
        if version not in _HEADERS:
            raise DamagedFileError(f"{info.filename[:60]!r} is of an unknown version {version}")
        shape, by_columns, dtype = _HEADERS[version](file)
        if dtype.kind not in "biufcU" or dtype.itemsize == 0:
            raise DamagedFileError(
                f"{info.filename[:60]!r} has the dtype {dtype}, but only numbers and text are read"
            )
        count = math.prod(shape)
        size = count * dtype.itemsize
        if min(shape, default=0) < 0 or file.tell() + size != info.file_size:
            raise DamagedFileError(f"{info.filename[:60]!r} is not as long as its shape {shape}")
        data = file.read(size)
        if len(data) != size or file.read(1):  # reading to the end checks the zip's own checksum
            raise DamagedFileError(f"{info.filename[:60]!r} ends too early or too late")
    return np.frombuffer(data, dtype, count).reshape(shape, order="F" if by_columns else "C")
