"""What OptimizerLab says: its sentence, its table, and its programs."""

from html import escape

import numpy as np

from dlkit.display.numbers import counted, fixed, short
from dlkit.labs.optimizer_picture import LOWEST_SHOWN, NEAR, distance, ranking, remembered
from dlkit.labs.optimizer_surfaces import NETWORK, surface

_SHORT = {
    "bowl": "the bowl",
    "ravine": "the ravine",
    "tilted": "the tilted ravine",
    "saddle": "the saddle",
    "rosenbrock": "Rosenbrock's valley",
    "beale": "Beale's cliffs",
    "bumps": "the surface with many minima",
    "noisy": "the line fitted one point at a time",
    NETWORK: "the network's loss",
}
_KERAS = {
    "sgd": "SGD(learning_rate={})",
    "momentum": "SGD(learning_rate={}, momentum=0.9)",
    "nesterov": "SGD(learning_rate={}, momentum=0.9, nesterov=True)",
    "adagrad": "Adagrad(learning_rate={})",
    "rmsprop": "RMSprop(learning_rate={})",
    "adam": "Adam(learning_rate={})",
    "nadam": "Nadam(learning_rate={})",
    "adadelta": "Adadelta(learning_rate={})",
    "adamw": "AdamW(learning_rate={})",
    "adamax": "Adamax(learning_rate={})",
    "amsgrad": "Adam(learning_rate={}, amsgrad=True)",
    "lion": "Lion(learning_rate={})",
    "ftrl": "Ftrl(learning_rate={})",
}


def sentence(settings, paths):
    """Return what the picture shows.

    Parameters
    ----------
    settings : dict
        The values of the controls.
    paths : sequence of Path

    Returns
    -------
    str
    """
    name, step = settings["surface"], settings["step"]
    ground = surface(name)
    start = f"({fixed(settings['start_x'])}, {fixed(settings['start_y'])})"
    if not paths:
        return f"On {_SHORT[name]} nobody races yet. Tick an optimizer."
    rates = {
        "own": "each at its own best learning rate",
        "default": "each at its default learning rate",
        "same": f"all at learning rate {short(settings['learning_rate'], 4)}",
    }[settings["rates"]]
    noise = f", noise {fixed(settings['noise'])}" if settings["noise"] else ""
    said = f"On {_SHORT[name]} from {start}, {rates}{noise}, after {counted(step, 'step')}: "
    ranked = ranking(ground, paths, step)
    by_name = {path.name: path for path in paths}
    parts = []
    for runner, gap in ranked:
        path = by_name[runner]
        rate = f" (rate {short(path.learning_rate, 4)})" if settings["rates"] != "same" else ""
        arrived = distance(ground, path.places[step]) < NEAR
        parts.append(f"{runner}{rate} {_height(gap)}" + ", at the bottom" * arrived)
    lost = [path.name for path in paths if path.name not in dict(ranked)]
    if lost:
        parts.append(f"{' and '.join(lost)} ran away")
    return said + "; ".join(parts) + ". Numbers are losses above the lowest."


def table(surface_name, paths, step):
    """Return the numbers at a step as HTML: what each remembers, and how far it moves.

    Parameters
    ----------
    surface_name : str
    paths : sequence of Path
    step : int

    Returns
    -------
    str
    """
    if not paths:
        return ""
    ground, rows = surface(surface_name), []
    for path in paths:
        place = path.places[step]
        cells = [short(path.learning_rate, 4)]
        if not np.isfinite(place).all():
            cells += ["lost"] + [""] * 4
        else:
            cells += [
                short(max(path.losses[step] - ground.lowest, 0.0), 3),
                f"({fixed(place[0])}, {fixed(place[1])})",
                *_inside(path, step),
            ]
        rows.append(
            f'<tr><th scope="row">{path.name}</th>'
            + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
            + "</tr>"
        )
    head = "".join(
        f'<th scope="col">{text}</th>'
        for text in (
            "optimizer", "learning rate", "loss above the lowest", "place", "remembers (x; y)",
            "step (x; y)", "step ÷ gradient (x; y)",
        )
    )  # fmt: skip
    return (
        f"<details><summary>The numbers at step {step}</summary><table><thead><tr>{head}</tr>"
        f"</thead><tbody>{''.join(rows)}</tbody></table></details>"
    )


def _inside(path, step):
    if step == 0:
        return ["", "", ""]
    memory = "; ".join(
        f"{label} {short(value[0], 2)}; {short(value[1], 2)}"
        for label, value in remembered(path, step).items()
    )
    move, slope = path.moves[step - 1], path.gradients[step - 1]
    ratios = np.abs(move) / np.where(slope == 0, np.nan, np.abs(slope))
    return [
        memory or "nothing",
        f"{short(move[0], 2)}; {short(move[1], 2)}",
        "; ".join("–" if np.isnan(ratio) else short(ratio, 2) for ratio in ratios),
    ]


def _height(gap):
    return f"below {short(LOWEST_SHOWN)}" if gap < LOWEST_SHOWN else short(gap, 2)


def dlkit_code(settings, paths):
    """Return a program in dlkit that runs the race up to the present step and prints the losses."""
    entries = "".join(f'    "{path.name}": {_rate(path)},\n' for path in paths)
    return f"""import numpy as np

from dlkit import optimizers
from dlkit.labs.optimizer_surfaces import surface

{_ground(settings)}
rates = {{
{entries}}}
for name, rate in rates.items():
    optimizer = optimizers.get(name, learning_rate=rate)
    place = np.array([{settings["start_x"]:.6g}, {settings["start_y"]:.6g}])
    for step in range({settings["step"]}):
        optimizer.apply(gradient(step, place) + noise[step], place)
    gap = max(ground.loss(place) - ground.lowest, 0)
    print(f"{{name}}: {{gap:.5g}} above the lowest loss, at {{place.round(4)}}")
"""


def keras_code(settings, paths):
    """Return a program that runs the race with Keras's own optimizers, in float64."""
    entries = "".join(
        f'    "{path.name}": keras.optimizers.{_KERAS[path.name].format(_rate(path))},\n'
        for path in paths
    )
    return f"""import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np

from dlkit.labs.optimizer_surfaces import surface

keras.config.set_floatx("float64")
{_ground(settings)}
optimizers = {{
{entries}}}
for name, optimizer in optimizers.items():
    place = keras.Variable([{settings["start_x"]:.6g}, {settings["start_y"]:.6g}], dtype="float64")
    optimizer.build([place])
    for step in range({settings["step"]}):
        here = keras.ops.convert_to_numpy(place)
        slope = gradient(step, here) + noise[step]
        optimizer.apply([keras.ops.convert_to_tensor(slope)])
    here = keras.ops.convert_to_numpy(place)
    gap = max(ground.loss(here) - ground.lowest, 0)
    print(f"{{name}}: {{gap:.5g}} above the lowest loss, at {{here.round(4)}}")
"""


def _ground(settings):
    return (
        f'ground = surface("{settings["surface"]}")\n'
        f"gradient = ground.gradients(seed={settings['seed']})\n"
        f"noise = ground.noise({settings['noise']:.6g}, seed={settings['seed']})"
    )


def _rate(path):
    return repr(float(f"{path.learning_rate:.6g}"))
