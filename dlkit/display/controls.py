"""The controls of a lab: labelled widgets with a unit and a sentence that says what they do."""

import ipywidgets as widgets

from dlkit import checks
from dlkit.display.sliders import SteadyLogSlider, SteadySlider
from dlkit.display.style import CONTROL_WIDTH, LABEL_WIDTH

_STYLE = {"description_width": LABEL_WIDTH}


def slider(
    value, minimum, maximum, *, label, help, step=None, unit="", whole=False, logarithmic=False
):
    """Return a slider for one number.

    Parameters
    ----------
    value, minimum, maximum : float
        Where it starts, and its two ends.
    label, help : str
        Its name as the learner reads it, and one sentence that says what it does.
    step : float, optional
        Smallest move; a hundredth of the range by default (of the exponent when logarithmic).
    unit : str
        Written behind the label.
    whole : bool
        Whether it takes whole numbers only.
    logarithmic : bool
        Whether equal moves multiply by equal factors.

    Returns
    -------
    ipywidgets.Widget
    """
    common = {"description": _described(label, unit), "tooltip": help, "style": _STYLE}
    common["layout"] = widgets.Layout(width=CONTROL_WIDTH)
    common["continuous_update"] = True
    if logarithmic:
        import math

        low, high = math.log10(minimum), math.log10(maximum)
        step = step or (high - low) / 300
        made = SteadyLogSlider(
            value=value, base=10, min=low, max=high, step=step, readout_format=".2g", **common
        )
    elif whole:
        made = widgets.IntSlider(value=value, min=minimum, max=maximum, step=step or 1, **common)
    else:
        step = step or (maximum - minimum) / 100
        made = SteadySlider(
            value=value, min=minimum, max=maximum, step=step, readout_format=".2f", **common
        )
    made.help = help
    made.bounds = (minimum, maximum, whole)
    return made


def stops(value, options, *, label, help, unit=""):
    """Return a slider that stops at the given values only.

    Parameters
    ----------
    value : object
        Where it starts: one of the options.
    options : sequence
        Values, or (text, value) pairs.
    label, help, unit : str
        As for `slider`.

    Returns
    -------
    ipywidgets.SelectionSlider
    """
    made = widgets.SelectionSlider(
        options=list(options),
        value=value,
        description=_described(label, unit),
        tooltip=help,
        style=_STYLE,
        layout=widgets.Layout(width=CONTROL_WIDTH),
    )
    made.add_class("dlkit-stops")
    made.help = help
    return made


def menu(value, options, *, label, help):
    """Return a drop-down menu; arguments as for `stops`."""
    made = widgets.Dropdown(
        options=list(options),
        value=value,
        description=label,
        tooltip=help,
        style=_STYLE,
        layout=widgets.Layout(width=CONTROL_WIDTH),
    )
    made.help = help
    return made


def toggle(value, *, label, help):
    """Return a box to tick."""
    made = widgets.Checkbox(
        value=value,
        description=label,
        tooltip=help,
        indent=False,
        layout=widgets.Layout(width=CONTROL_WIDTH),
    )
    made.help = help
    return made


def text_field(value, *, label, help, longest=200):
    """Return a line to type in; the lab follows every keystroke.

    Parameters
    ----------
    value : str
        What it holds at first.
    label, help : str
        As for `slider`.
    longest : int
        The largest number of characters that a program may set.

    Returns
    -------
    ipywidgets.Text
    """
    made = widgets.Text(
        value=value,
        description=label,
        tooltip=help,
        style={"description_width": "initial"},  # what is typed needs the room
        layout=widgets.Layout(width=CONTROL_WIDTH),
    )
    made.help = help
    made.longest = longest
    return made


def button(label, handler, *, help, name, main=False):
    """Return a button that calls ``handler()`` when it is pressed.

    Parameters
    ----------
    label : str
        What it says.
    handler : callable
        Takes no argument.
    help : str
        What it does, in one sentence.
    name : str
        Its CSS class ends in this name: ``lab-start`` for ``"start"``.
    main : bool
        Whether it is the one marked button of its row.

    Returns
    -------
    ipywidgets.Button
    """
    made = widgets.Button(
        description=label,
        tooltip=help,
        button_style="primary" if main else "",
        layout=widgets.Layout(width="auto", min_width="76px"),
    )
    made.add_class(f"lab-{name}")
    made.help = help
    made.on_click(lambda _: handler())
    return made


class Controls:
    """All controls of a lab, each under its field name: ``controls.learning_rate.value``.

    Parameters
    ----------
    groups : dict of str to dict
        Group title -> field name -> widget, in the order in which they are shown.
    """

    def __init__(self, groups):
        self._groups = groups
        self._fields = {name: made for group in groups.values() for name, made in group.items()}
        for name, made in self._fields.items():
            made.add_class(f"lab-{name.replace('_', '-')}")
            setattr(self, name, made)

    def __iter__(self):
        return iter(self._fields)

    def __getitem__(self, name):
        return self._fields[checks.choice("control", name, self._fields)]

    def items(self):
        """Return pairs of field name and widget."""
        return self._fields.items()

    def groups(self):
        """Return group title -> field name -> widget."""
        return self._groups

    def values(self):
        """Return field name -> value, ready for JSON."""
        return {name: made.value for name, made in self._fields.items()}

    def set(self, values):
        """Set several controls at once, all or none.

        Parameters
        ----------
        values : dict
            Field name -> value.

        Raises
        ------
        TypeError, ValueError
            If a name is unknown or a value does not fit its control; nothing is changed then.
        """
        checked = {name: self._check(name, value) for name, value in values.items()}
        for name, value in checked.items():
            self._fields[name].value = value

    def _check(self, name, value):
        made = self[name]
        if hasattr(made, "bounds"):
            minimum, maximum, whole = made.bounds
            return checks.number(name, value, minimum=minimum, maximum=maximum, whole=whole)
        if isinstance(made, widgets.Checkbox):
            return checks.truth_value(name, value)
        if isinstance(made, widgets.Text):
            if len(checks.text(name, value)) > made.longest:
                raise ValueError(
                    f"{name} must be a text of {made.longest} characters or fewer, but got "
                    f"{checks.describe(value)} with {len(value)}."
                )
            return value
        allowed = [pair[1] for pair in made._options_full]
        if all(isinstance(option, str) for option in allowed):
            return checks.choice(name, value, allowed)
        if value not in allowed:
            raise ValueError(f"{name} must be one of {allowed}, but got {value!r}.")
        return value


def _described(label, unit):
    return f"{label} ({unit})" if unit else label
