"""Sliders that keep a value which the kernel gives them.

A slider of ipywidgets with ``continuous_update`` rounds any value to its step and sends the result
back, as if a hand had moved it: 0.1234 becomes 0.12, and while a lab moves its sliders itself, old
values come back in the middle of it. Two measures end that. Values from the kernel travel together
with ``continuous_update=False``, which silences the page while it takes them over; and an answer
that is nothing but a value of the kernel's, rounded to the step, is not taken for a move. The page
may answer late, when the kernel is already further: so the values of the last two seconds are
remembered, the first one and the one that was there when the lab was shown until the page has answered
(a kernel that runs many cells listens late), and the present one always.
To an answer to an earlier value the present one is sent again, so that the page shows what is used.

The page moves a handle to the next step, also when a number is typed: on a logarithmic slider 0.003
becomes 0.00301995, and the page shows it as 0.0030. The kernel takes such a value as it is shown, so
that a number that was typed is that number.
"""

import math
import time
from collections import deque

import ipywidgets as widgets
from traitlets import CFloat

_MOVING = {"value", "step", "min", "max"}
_ANSWER_SECONDS = 2.0


class _Steady:
    """What both sliders share; it stands before the widget class in the list of bases."""

    _silent = False
    _heard = None

    def __init__(self, *arguments, **options):
        self._given = deque(maxlen=8)
        super().__init__(*arguments, **options)
        self._given.append((math.inf, self.value))

    def shown(self):
        """Note that the page is given the present value to show; it may answer at any later time."""
        self._given.append((math.inf, self.value))

    def send_state(self, key=None):
        names = {key} if isinstance(key, str) else set(key or ())
        if names == {"value"} and self.value == self._heard:
            return  # the page shows it so already, and its handle may have moved on
        if not (names & _MOVING and self.continuous_update):
            super().send_state(key)
            return
        self._given.append((time.monotonic() + _ANSWER_SECONDS, self.value))
        self._silent = True
        try:
            super().send_state(names | {"continuous_update"})
        finally:
            self._silent = False
        super().send_state("continuous_update")

    def get_state(self, key=None, drop_defaults=False):
        state = super().get_state(key, drop_defaults)
        if self._silent and "continuous_update" in state:
            state["continuous_update"] = False
        return state

    def set_state(self, sync_data):
        late = False
        if "value" in sync_data and self._is_rounding(sync_data["value"]):
            late = not self._is_answer(sync_data["value"], self.value)
            sync_data = {name: value for name, value in sync_data.items() if name != "value"}
        self._heard = self._as_shown(sync_data["value"]) if "value" in sync_data else None
        try:
            super().set_state(sync_data)
        finally:
            self._heard = None
        if late:
            self.send_state("value")

    def _is_rounding(self, value):
        """Whether the page only answers to a value of the kernel's, as it was or on the next step."""
        now = time.monotonic()
        for index, (until, given) in enumerate(self._given):
            if until >= now and self._is_answer(value, given):
                for _ in range(index):
                    self._given.popleft()  # earlier ones will not be answered any more
                self._given = deque(
                    ((min(end, now + _ANSWER_SECONDS), one) for end, one in self._given), maxlen=8
                )
                return True
        self._given.clear()
        return self._is_answer(value, self.value)

    def _is_answer(self, value, given):
        """Whether a value of the page is one that the kernel has given, exact or on its step."""
        place, exact = self._place(value), self._place(given)
        rounded = self.min + self.step * round((exact - self.min) / self.step)
        return min(abs(place - rounded), abs(place - exact)) < 1e-6 * self.step


def _from_page(value, slider):
    return slider._as_shown(value)


class SteadySlider(_Steady, widgets.FloatSlider):
    """A `FloatSlider` that keeps a value which the kernel gives it, also between its steps."""

    value = CFloat(0.0).tag(sync=True, from_json=_from_page)

    def _place(self, value):
        return value

    def _as_shown(self, value):
        """Return a value without what is left of the page's arithmetic: 0.7000000000000011 is 0.7."""
        return round(float(value), 9)


class SteadyLogSlider(_Steady, widgets.FloatLogSlider):
    """A `FloatLogSlider` that keeps a value which the kernel gives it, also between its steps."""

    value = CFloat(1.0).tag(sync=True, from_json=_from_page)

    def _place(self, value):
        return math.log(value, self.base)

    def _as_shown(self, value):
        """Return a value as the readout has it, with two digits."""
        return float(format(value, self.readout_format))
