"""The other picture of the training lab: what happens in each layer, epoch by epoch."""

import numpy as np

from dlkit.display.numbers import percent, short
from dlkit.network import Network
from dlkit.plots.chart import Area, Chart, Line, Panel, Points
from dlkit.plots.style import DASHES, series_color

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_ENOUGH = 4000  # weights tell the quantiles of a layer
# The middle of this, 0.001, is a rule of thumb
_USUAL = Area(y0=1e-4, y1=1e-2, label="usual: 0.01 to 1 %", color="grey", opacity=0.15)

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SHORT = {
    "batch_normalization": "batch norm",
    "layer_normalization": "layer norm",
    "multi_head_attention": "attention",
    "self_attention": "attention",
    "conv2d": "conv",
}


def layers_chart(layers, spreads, *, epochs, x_ticks, words):
    """Return gradients, steps, dead units and weights of each layer.

    Parameters
    ----------
    layers : sequence of LayerCurves
        What was recorded of each layer.
    spreads : dict of str to array, or None
        Layer name → quantiles of its weights now, at ``QUANTILES``; see `weight_spreads`. None
        before the network is made.
    epochs : int
        Right end of the axis.
    x_ticks : tuple
        Ticks of the axis of epochs.
    words : str
        What the text alternative begins with; a sentence on the layers follows.

    Returns
    -------
    Chart
    """
    trained = [layer for layer in layers if np.isfinite(layer.gradient_norm).any()]
    common = {"x_label": "epoch", "x_range": (0, 1.02 * epochs), "x_ticks": x_ticks}
    panels = (
        Panel(
            [*_lines(trained, "gradient_norm", trained)],
            title=gradient_words(trained),
            y_label="norm of the gradient ‖g‖",
            y_scale="log",
            **_decades(trained, "gradient_norm", (1e-3, 10.0)),
            **common,
        ),
        Panel(
            [_USUAL, *_lines(trained, "update_ratio", trained, named=False)],
            title=step_words(trained),
            y_label="‖step‖ / ‖weights‖",
            y_scale="log",
            **_decades(trained, "update_ratio", (1e-5, 1e-1)),
            **common,
        ),
        Panel(
            [*_lines(layers, "dead_share", trained)],
            title=dead_words(layers),
            y_label="dead ReLU units (share)",
            y_range=(-0.02, 1.02),
            legend=False,
            **common,
        ),
        _weights_panel(spreads, trained),
    )
    summary = f"{words} {_sentence(layers, trained)}"
    return Chart(panels, summary, columns=2, width=760, height=500)


def weight_spreads(model):
    """Return layer name → quantiles of its weights (biases left out), at ``QUANTILES``.

    Of a large layer every second, third … weight is looked at.

    Parameters
    ----------
    model : Network or keras.Model

    Returns
    -------
    dict of str to numpy.ndarray, shape (5,)
    """
    found = {}
    for name, values in _kernels(model):
        values = np.ravel(values)
        found.setdefault(name, []).append(values[:: 1 + len(values) // _ENOUGH])
    return {
        name: np.quantile(np.concatenate(parts), QUANTILES)
        for name, parts in found.items()
        if all(np.isfinite(part).all() for part in parts)
    }


def _kernels(model):
    """Yield layer name and array of every trained parameter with two axes or more."""
    if isinstance(model, Network):
        for name, start, stop, shape in model.segments:
            if len(shape) > 1:
                yield name.split("/")[0], model.flat_parameters[start:stop]
        return
    from dlkit.keras.layer_watch import trained_weights

    for name, weights in trained_weights(model).items():
        for weight in weights:
            if len(weight.shape) > 1:
                yield name, weight.numpy() if hasattr(weight, "numpy") else np.asarray(weight)


def gradient_words(trained):
    """Say how much gradient the first layer gets, measured by the last one."""
    found = _last_norms(trained)
    if found is None:
        return "Gradients: after the first epoch"
    first, last = found
    if len(trained) < 2:
        return f"Gradient norm {short(first, 2)}"
    if not last > 0:
        return "The last layer gets no gradient"
    return f"First layer: {short(first / last, 2)} × the last one's gradient"


def _last_norms(trained):
    if not trained:
        return None
    return float(trained[0].gradient_norm[-1]), float(trained[-1].gradient_norm[-1])


def step_words(trained):
    """Say how long the last step was, measured by the weights."""
    ratios = np.array([layer.update_ratio[-1] for layer in trained])
    ratios = ratios[np.isfinite(ratios)]
    if not ratios.size:
        return "Steps: after the first epoch"
    low, high = short(100 * ratios.min(), 2), short(100 * ratios.max(), 2)
    return f"A step moves {low} to {high} % of the weights"


def dead_words(layers):
    """Say in which layer most units are dead."""
    with_units = [layer for layer in layers if np.isfinite(layer.dead_share[-1:]).any()]
    if not with_units:
        return "Dead units: no ReLU here" if layers else "Dead units: after the first epoch"
    worst = max(with_units, key=lambda layer: layer.dead_share[-1])
    share = worst.dead_share[-1]
    if share == 0:
        return "No unit is dead"
    return f"Up to {percent(share)} of units dead: {short_name(worst.name)}"


def _sentence(layers, trained):
    if not trained:
        return "The layers are measured at the end of each epoch."
    parts = (gradient_words(trained), step_words(trained), dead_words(layers))
    return f"{len(trained)} trained layers. {'. '.join(parts)}."


def short_name(name):
    """Return the name of a layer as a legend has room for it."""
    name = name.split("/")[-1]
    for long, word in _SHORT.items():
        if name.startswith(long):
            return word + name.removeprefix(long).replace("_", " ")
    return name.replace("_", " ")


def _lines(layers, key, trained, named=True):
    names = [layer.name for layer in trained]
    for layer in layers:
        values = getattr(layer, key)
        if not np.isfinite(values).any():
            continue
        index = names.index(layer.name) if layer.name in names else len(names)
        at, dash = np.arange(1, len(values) + 1), _dash(index)
        # a norm of 0 has no place on an axis of decades: the line ends there
        drawn = values if key == "dead_share" else np.where(values > 0, values, np.nan)
        color = series_color(index)
        yield Line(at, drawn, short_name(layer.name) if named else "", color, dash)
        if len(at) == 1:
            yield Points(at, drawn, color=color, size=5)


def _dash(index):
    return list(DASHES)[(index // 6) % len(DASHES)]


def _decades(layers, key, least):
    """Return range and ticks of an axis of whole decades that holds all values: it moves seldom."""
    values = np.concatenate([getattr(layer, key) for layer in layers] or [np.empty(0)])
    values = np.clip(values[np.isfinite(values) & (values > 0)], 1e-12, 1e12)
    if values.size:
        least = min(values.min(), least[0]), max(values.max(), least[1])
    low, high = int(np.floor(np.log10(least[0]))), int(np.ceil(np.log10(least[1])))
    step = 1 + (high - low) // 7
    ticks = tuple(
        (10.0**at, f"10{str(at).translate(_RAISED)}") for at in range(low, high + 1, step)
    )
    return {"y_range": (10.0**low, 10.0**high), "y_ticks": ticks}


def _weights_panel(spreads, trained):
    names = [layer.name for layer in trained]
    empty, spreads = "Weights: after Start" if spreads is None else "Weights", spreads or {}
    marks, ticks = [], []
    for at, (name, spread) in enumerate(spreads.items(), start=1):
        color = series_color(names.index(name)) if name in names else "grey"
        marks += [
            Line([at, at], spread[[0, 4]], color=color, width=3, opacity=0.45),
            Line([at, at], spread[[1, 3]], color=color, width=9),
            Points([at], spread[[2]], color="text", marker="circle", size=4),
        ]
        ticks.append((at, short_name(name)))
    reach = max([0.5, *(np.abs(spread).max() for spread in spreads.values())])
    top = next((size for size in (0.5, 1, 2, 5, 10, 20, 50, 100) if reach <= size), reach)
    widest = max(spreads, key=lambda name: np.ptp(spreads[name]), default="")
    return Panel(
        marks,
        title=f"Weights now: widest in {short_name(widest)}" if widest else empty,
        x_label="layer (bar: middle half, line: 90 % of its weights)",
        y_label="weight",
        x_range=(0.4, max(len(spreads), 1) + 0.6),
        y_range=(-1.05 * top, 1.05 * top),
        x_ticks=tuple(ticks),
        legend=False,
    )
