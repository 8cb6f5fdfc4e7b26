"""Live curves for anybody's own ``model.fit``."""

import base64
import threading
from html import escape
from time import perf_counter

import ipywidgets as widgets

from dlkit.display.png import png_bytes
from dlkit.display.svg import to_svg
from dlkit.keras.watching import FitRecorder
from dlkit.plots.figure import to_figure
from dlkit.plots.live_curves import live_curves
from dlkit.plots.run_curves import training_curves
from dlkit.training.diagnosis import diagnose

PAUSE = 0.1  # seconds at least between two pictures
SPOKEN = 3.0  # seconds at least between two sentences: a screen reader reads each one out


class LiveLoss(FitRecorder):
    """A Keras callback that draws the curves of a ``model.fit`` while it runs.

    Training is solid, validation dashed. In a notebook the picture appears under the cell; when
    the run is over, a plain picture and its sentence stay in its place. Without a notebook nothing
    is drawn, and `history`, `figure` and `diagnosis` work all the same.

    Examples
    --------
    >>> live = dlkit.LiveLoss()                                          # doctest: +SKIP
    >>> model.fit(x, y, validation_split=0.2, callbacks=[live])         # doctest: +SKIP
    >>> live.diagnosis().label                                           # doctest: +SKIP
    """

    def __init__(self):
        super().__init__()
        self._picture, self._sentence = widgets.HTML(), widgets.HTML()
        self.view = widgets.VBox([self._picture, self._sentence]).add_class("dlkit-live-loss")
        self._drawn = self._spoken = -float("inf")
        self._shown = False
        self._draw()

    @property
    def history(self):
        """A dictionary of lists, one value an epoch, with Keras's keys (a fresh copy)."""
        return {name: list(values) for name, values in self.columns.items()}

    @property
    def sentence(self):
        """What the picture shows now, in words."""
        columns = self.columns
        done = len(columns.get("loss", ()))
        if not done:
            begun = self.state == "running"
            return f"Training has {'begun' if begun else 'not begun'}: no epoch is over yet."
        words = f"Epoch {done} of {self.epochs}: training loss {columns['loss'][-1]:.3g}"
        values = columns.get("val_loss", [])
        validated = [epoch for epoch, value in enumerate(values, start=1) if value == value]
        if validated:
            last, best = validated[-1], min(validated, key=lambda epoch: values[epoch - 1])
            words += f", validation loss {values[last - 1]:.3g}"
            words += f" (after epoch {last})" if last < done else ""
            words += f"; lowest validation loss so far in epoch {best}"
        return words + (". The run is over." if self.state == "finished" else ".")

    def chart(self):
        """Return the present picture as a `Chart`."""
        return live_curves(self.columns, self.epochs, self.within, self.sentence)

    def figure(self):
        """Return the curves as a matplotlib figure that carries its text alternative."""
        whole = len(self.columns.get("loss", ()))
        return to_figure(training_curves(self.history) if whole else self.chart())

    def diagnosis(self):
        """Return what the curves show, a `Diagnosis`.

        Raises
        ------
        ValueError
            If no epoch is over yet.
        """
        if not self.columns.get("loss"):
            raise ValueError(
                "A diagnosis needs at least one epoch, but none is over yet. Give the callback to "
                "model.fit(…, callbacks=[live]) first."
            )
        return diagnose(_validated(self.history))

    def changed(self, what):
        """Draw what is new, ten times a second at most; the first and the last picture always."""
        now = perf_counter()
        if what == "begin":
            self._appear()
        elif what != "end" and now - self._drawn < PAUSE:
            return
        self._draw(speak=what in ("begin", "end") or now - self._spoken >= SPOKEN)
        if what == "end":
            self._leave_picture()

    def _draw(self, speak=True):
        chart = self.chart()
        self._picture.value = to_svg(chart)
        self._drawn = perf_counter()
        if speak:
            self._spoken = self._drawn
            self._sentence.value = (
                f'<div role="status" aria-live="polite">{escape(chart.summary)}</div>'
            )

    def _appear(self):
        """Show the live picture under the cell that trains; from another thread it would not be."""
        if self._shown or not _in_notebook_cell():
            return
        from IPython.display import display

        self.view.layout.display = None
        bundle = self.view._repr_mimebundle_()
        display({**bundle, "text/plain": "Live curves of this training."}, raw=True)
        self._shown = True

    def _leave_picture(self):
        """Put a picture that is stored with the notebook in the place of the live one."""
        if not self._shown or not _in_notebook_cell():
            return
        from IPython.display import display

        self.view.layout.display = "none"
        bundle, metadata = self._still()
        display(bundle, metadata=metadata, raw=True)
        self._shown = False

    def _still(self):
        picture = base64.b64encode(png_bytes(self.figure(), dpi=90)).decode()
        bundle = {"text/plain": f"LiveLoss: {self.sentence}", "image/png": picture}
        return bundle, {"image/png": {"alt": self.sentence}}

    def _repr_mimebundle_(self, **kwargs):
        bundle, metadata = self._still()
        if self.state != "finished":
            self.view.layout.display = None
            self._shown = True
            bundle |= {
                kind: content
                for kind, content in self.view._repr_mimebundle_(**kwargs).items()
                if kind not in bundle
            }
        return bundle, metadata

    def __repr__(self):
        return f"<LiveLoss: {self.sentence}>"


def _in_notebook_cell():
    """Return whether a picture would appear under the cell that runs."""
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel") and (
        threading.current_thread() is threading.main_thread()
    )


def _validated(columns):
    """Return the columns without the epochs that Keras's ``validation_freq`` has left out."""
    pairs = zip(columns["loss"], columns.get("val_loss", columns["loss"]), strict=True)
    rows = [at for at, (loss, val) in enumerate(pairs) if val == val or loss != loss]
    return {name: [values[at] for at in rows] for name, values in columns.items()}
