"""The picture of ActivationLab: the curve with its flat zones, and the signal layer by layer."""

import numpy as np

from dlkit.display.numbers import fixed, percent, short
from dlkit.labs.activation_zones import HIGH, LOW, SATURATED, is_dead, is_saturated, zones
from dlkit.plots.chart import Area, Bars, Chart, Line, Panel, Points

_DECADES = (2, 4, 8, 12, 16, 24, 32, 64, 128, 300)
_TANGENT = 1.5


def activation_chart(activation, x, signal, survives, summary):
    """Return the picture.

    Parameters
    ----------
    activation : Activation
        Elementwise.
    x : float
        Where the tangent touches.
    signal : DeepSignal
        What was measured in the deep network.
    survives : tuple of (float, float)
        The gradient in layer 1 should lie between these multiples of that in the last layer.
    summary : str
        The sentence of the picture.

    Returns
    -------
    Chart
    """
    panels = (
        _curve_panel(activation, x),
        _forward_panel(signal, _is_bounded(activation)),
        _flat_panel(signal),
        _backward_panel(signal, survives),
    )
    return Chart(panels, summary, columns=2, height=470)


def _curve_panel(activation, x):
    grid = np.linspace(LOW, HIGH, 241)
    y, slope = activation(grid), activation.derivative(grid)
    value, steepness = float(activation(x)), float(activation.derivative(x))
    touching = np.array([x - _TANGENT, x + _TANGENT])
    marks = [
        *_areas(zones(activation, is_saturated), f"saturated: slope below {SATURATED}", "orange"),
        *_areas(zones(activation, is_dead), "dead: slope 0", "grey"),
        Line([LOW, HIGH], [0, 0], color="text", width=0.8, opacity=0.6),
        Line(grid, slope, "slope f'(x)", "vermillion", "dashed"),
        Line(grid, y, "f(x)", "blue", width=2.6),
        Line(touching, value + steepness * (touching - x), color="text", width=2),
        Points([x, x], [value, steepness], color="purple", marker="diamond", size=11),
    ]
    return Panel(
        marks,
        title=f"At x = {fixed(x)}: {activation.name} {fixed(value)}, slope {fixed(steepness, 3)}",
        x_label="x",
        x_range=(LOW, HIGH),
        y_range=(-1.3, 1.3)
        if _is_bounded(activation)
        else (-2.2, 6.2)
        if y.min() > -2.2
        else (-6.2, 6.2),
    )


def _is_bounded(activation):
    """Whether all outputs lie between -1 and 1, as far as one looks."""
    return bool(np.abs(activation(np.array([LOW, HIGH]))).max() <= 1)


def _areas(intervals, label, color):
    """Shaded zones; an empty one keeps the place of the legend, so that nothing jumps."""
    return [Area(a, b, label=label, color=color, opacity=0.22) for a, b in intervals] or [
        Area(LOW, LOW, label=label, color=color, opacity=0.22)
    ]


def _forward_panel(signal, bounded):
    depth = len(signal.mean)
    low, quarter, median, three_quarters, high = signal.quantiles.T
    reach = 1.1 if bounded else 3.0  # fixed: a signal that explodes fills the panel
    marks = [Line([0, depth + 1], [0, 0], color="text", width=0.8, opacity=0.6)]
    for layer in range(depth):
        for bottom, top, half, label, opacity in (
            (low, high, 0.14, "nine in ten", 0.35),
            (quarter, three_quarters, 0.3, "half of the outputs", 0.75),
        ):
            # A hair of height, so that a layer whose outputs are all equal is still seen.
            thickness = max(top[layer] - bottom[layer], reach / 60)
            middle = (top[layer] + bottom[layer]) / 2
            marks.append(
                Area(
                    layer + 1 - half,
                    layer + 1 + half,
                    middle - thickness / 2,
                    middle + thickness / 2,
                    label,
                    "blue",
                    opacity,
                )
            )
    marks.append(
        Points(np.arange(1, depth + 1), median, "median", "orange", "diamond", _marker_size(depth))
    )
    first, last = (short(value, 2) for value in signal.deviation[[0, -1]])
    return Panel(
        marks,
        title=f"Spread: {first} in layer 1, {last} in layer {depth}",
        y_label="outputs",
        y_range=(-reach, reach),
        **_layers(depth),
    )


def _flat_panel(signal):
    depth = len(signal.mean)
    layers = np.arange(1, depth + 1)
    flat = signal.saturated + signal.flat
    return Panel(
        [
            Bars(layers - 0.19, flat, "outputs on a flat part", "orange", width=0.36),
            Bars(layers + 0.19, signal.dead, "dead units", "grey", width=0.36),
            Points(layers, signal.slope, "mean slope", "vermillion", "circle", _marker_size(depth)),
        ],
        title=f"Layer {depth}: mean slope {fixed(signal.slope[-1])}, "
        f"{percent(signal.dead[-1])} of units dead",
        y_label="share, slope",
        y_range=(0, 1.15),
        **_layers(depth),
    )


def _backward_panel(signal, survives):
    depth = len(signal.gradient)
    layers = np.arange(1, depth + 1)
    last = signal.gradient[-1]
    share = signal.gradient / last if last > 0 else np.full(depth, np.nan)
    share = np.where(share > 0, share, np.nan)
    powers = np.log10(share[np.isfinite(share)]) if np.isfinite(share).any() else np.zeros(1)
    bottom = -_first(_DECADES, -powers.min() + 0.3)
    top = _first(_DECADES, powers.max() + 0.3)
    words = fate(signal.survival, survives)
    at_layer_1 = "" if np.isnan(signal.survival) else f": × {short(signal.survival, 2)} in layer 1"
    return Panel(
        [
            Area(None, None, *survives, "between a tenth and ten times", "green", 0.2),
            Line(layers, share, "gradient", "vermillion", width=2),
            Points(layers, share, color="vermillion", size=_marker_size(depth)),
        ],
        title=f"Gradient {words}{at_layer_1}",
        y_label=f"relative to layer {depth}",
        y_scale="log",
        y_range=(10.0**bottom, 10.0**top),
        y_ticks=_powers_of_ten(bottom, top),
        **_layers(depth),
    )


def fate(survival, survives):
    """Return what becomes of the gradient: "survives", "vanishes", "explodes" or "is 0"."""
    if np.isnan(survival):
        return "is 0"
    low, high = survives
    return "vanishes" if survival < low else "explodes" if survival > high else "survives"


def _layers(depth):
    every = 1 if depth <= 12 else 2
    return {
        "x_label": "layer",
        "x_range": (0.4, depth + 0.6),
        "x_ticks": [(layer, str(layer)) for layer in range(1, depth + 1, every)],
    }


def _powers_of_ten(bottom, top):
    every = max(1, -(-(top - bottom) // 5))
    powers = [power for power in range(bottom, top + 1) if power % every == 0]
    return [(10.0**power, "1" if power == 0 else f"1e{power}") for power in powers]


def _marker_size(depth):
    return 8 if depth <= 12 else 6


def _first(steps, needed):
    """The smallest step that is large enough: ranges change rarely, and never by a little."""
    return next((step for step in steps if step >= needed), steps[-1])
