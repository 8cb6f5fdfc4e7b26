"""A network as one ``.npz`` file: its configuration as JSON, its weights as arrays.

No pickle anywhere: such a file can be damaged or foreign, but it cannot run anything.
"""

import json

import numpy as np

from dlkit import archives, files

FORMAT, VERSION = "dlkit.Network", 1
_HEADER, _WEIGHTS = "config", "weights/"


def save(network, path):
    """Write the network to ``path`` (see `Network.save`)."""
    path = files.check_path(path)
    if path.suffix.lower() in (".keras", ".h5"):
        raise ValueError(
            f"path must not end in {path.suffix}: such a file is Keras's, and a Network is written as "
            f".npz. Write {path.stem + '.npz'!r}, or give dlkit.keras.saving.save_model the model that "
            "to_keras() returns."
        )
    header = {"format": FORMAT, "version": VERSION, "config": network.get_config()}
    arrays = {_WEIGHTS + name: array for name, array in network.get_weights().items()}
    text = np.array(json.dumps(header))
    files.write_atomically(path, lambda file: np.savez(file, **{_HEADER: text}, **arrays))


def load(path):
    """Return the network in the file ``path`` (see `Network.load`)."""
    from dlkit.network import Network

    path = files.check_path(path)
    if path.is_dir():
        raise IsADirectoryError(f"path must be a file, but {path} is a folder.")
    if not path.exists():
        raise FileNotFoundError(f"There is no file {path}.")
    try:
        arrays = archives.read_arrays(path)
    except (OSError, archives.DamagedFileError) as error:
        raise ValueError(f"{path} is damaged or no network file: {error}") from None
    try:
        header = json.loads(str(arrays.pop(_HEADER)))
        kind, version = header["format"], header["version"]
    except (KeyError, TypeError, ValueError, RecursionError):
        raise ValueError(f"{path} is no network file of dlkit: it has no configuration.") from None
    if kind != FORMAT or version != VERSION:
        raise ValueError(
            f"{path} is {kind} version {version}, but this dlkit reads {FORMAT} version {VERSION}."
        )
    try:
        network = Network.from_config(header["config"])
        network.set_weights({name.removeprefix(_WEIGHTS): arrays[name] for name in arrays})
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is damaged: its content does not fit: {error}") from None
    return network
