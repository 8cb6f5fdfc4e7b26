"""An exported script as a whole: imports, recorded losses, its parts, and the comparison."""

import numpy as np


def script_text(data, model, config, train, recorded, framework, epochs):
    """Return the whole script.

    Parameters
    ----------
    data, model, config, train : str
        Its parts, in this order; they define ``data``, the model, ``config`` and ``found``.
    recorded : dict of str to list of float
        The losses of the recorded run.
    framework : str
        Named in the first line.
    epochs : int
        How many the recorded run has.

    Returns
    -------
    str
    """
    code = "\n".join((data, model, train))
    imports = ["import numpy as np"] if "np." in code else []
    names = [
        name
        for name in ("Data", "Network", "TrainingConfig", "TrainingJob", "datasets", "layers")
        if f"{name}(" in f"{code} TrainingConfig(" or f"{name}." in code
    ]
    if "keras." in train:
        imports.insert(0, "import keras")
    imports.append(f"from dlkit import {', '.join(names)}")
    if "load_model(" in model:
        imports.append("from dlkit.keras.saving import load_model")
    if "epoch_order(" in train:
        imports.append("from dlkit.training import epoch_order")
    if "with_validation(" in train:
        imports.append("from dlkit.training.validation_split import with_validation")
    standard = ["import math"] if "math." in train else []
    if "FOLDER" in code:
        standard.append("from pathlib import Path")
    lines = [
        f'"""A run of dlkit as a script ({framework}): trains, then compares with what was recorded."""',
        "",
        *standard,
        *([""] if standard else []),
        *imports,
        "",
        *(["FOLDER = Path(__file__).parent", ""] if "FOLDER" in code else []),
        f"# The losses of the recorded run, {epochs} epochs",
        "RECORDED = {",
        *(f"    {name!r}: {_numbers(values)}," for name, values in recorded.items()),
        "}",
        "",
        data,
        model,
        config,
        train,
        "",
        "for name, recorded in RECORDED.items():",
        "    pairs = list(zip(found[name], recorded))",
        "    gaps = [abs(new - old) if new == new else 0.0 for new, old in pairs]",
        '    print(f"{name}: {found[name][-1]!r} after {len(found[name])} epochs")',
        '    print(f"{name}, difference from the record: first epoch {gaps[0]:.1e}, "',
        '          f"largest {max(gaps):.1e}")',
        "",
    ]
    return "\n".join(lines)


def _numbers(values):
    return f"[{', '.join(_number(value) for value in values)}]"


def _number(value):
    return repr(float(value)) if np.isfinite(value) else f"float({str(float(value))!r})"
