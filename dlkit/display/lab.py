"""What all labs share: controls at the left, a picture at the right, and words beneath it.

A lab is a plain Python object. It works the same with a browser and without: set a control's
value, call a method, ask for `summary`, `chart` or `figure`.
"""

import base64
import contextlib
import functools
import threading
import weakref
from html import escape

import ipywidgets as widgets

from dlkit import checks
from dlkit.display.accessibility import Accessibility
from dlkit.display.controls import Controls, button
from dlkit.display.lab_code import LabCode
from dlkit.display.png import png_bytes
from dlkit.display.style import LAB_CSS
from dlkit.display.svg import to_svg
from dlkit.plots.figure import to_figure

_SHOWN_BY_CELL = {}  # cell id -> (which run of the cell, weak set of the labs it shows)


class Lab:
    """Base of the labs.

    A lab supplies `control_groups`, `chart` and, where it needs them, `buttons`, `changed` and
    `details`; everything else stands here.

    Parameters
    ----------
    challenge : str, optional
        What the learner should try; the lab's own challenge by default.
    **values
        Values of controls, by field name.

    Raises
    ------
    TypeError, ValueError
        If a field name is unknown (the nearest is suggested) or a value does not fit its control.
    """

    title = ""
    question = ""
    challenge = ""

    def __init__(self, *, challenge=None, **values):
        if challenge is not None:
            if not isinstance(challenge, str):
                raise TypeError(
                    f"challenge must be a string, but got {checks.describe(challenge)}."
                )
            self.challenge = challenge
        self._drawing = threading.RLock()
        self._closed = False
        self._quiet = set()
        self._headings = {}
        self.controls = Controls(self.control_groups())
        names = ("picture", "sentence", "message", "details", "code")
        made = [widgets.HTML().add_class(f"lab-{name}") for name in names]
        self._picture, self._sentence, self._message, self._details, self._code = made
        self._code_is_shown = False
        try:
            self.controls.set(values)
            self.prepare()
        except BaseException:  # widgets live until they are closed
            for widget in (*made, *(control for _, control in self.controls.items())):
                _close_all(widget)
            raise
        self.view = self._arrange()
        for name, control in self.controls.items():
            control.observe(functools.partial(self._on_change, name), names="value")
        self.refresh()

    # What a lab supplies

    def control_groups(self):
        """Return group title -> field name -> widget (see `dlkit.display.controls`)."""
        raise NotImplementedError

    def chart(self):
        """Return the present picture as a `dlkit.plots.chart.Chart`."""
        raise NotImplementedError

    def prepare(self):
        """Make what the lab needs before it is first drawn; the controls are there already."""

    def buttons(self):
        """Return the buttons of the lab, in the order in which they are shown."""
        return []

    def changed(self, name):
        """React to a change of the control ``name``, before the picture is drawn again."""

    def details(self):
        """Return HTML to be shown under the sentence: a derivation, a report; "" for none."""
        return ""

    def met(self):
        """Return whether the challenge is met, or None for a lab that cannot tell."""

    def dlkit_code(self):
        """Return a program in dlkit that does what the lab shows now, or "" for none."""
        return ""

    def keras_code(self):
        """Return a program in Keras that does what the lab shows now, or "" for none."""
        return ""

    # What all labs have

    @property
    def sentence(self):
        """The sentence that says what the picture shows now."""
        return self.chart().summary

    def summary(self):
        """Return what the lab shows now, in words.

        Returns
        -------
        str
        """
        verdict = {True: " Challenge met.", False: "", None: ""}[self.met()]
        return f"{type(self).__name__}: {self.sentence}{verdict}"

    def code(self):
        """Return the code that does what the lab shows now, without the lab.

        Returns
        -------
        LabCode
            Its attributes ``dlkit`` and ``keras`` hold one whole program each.
        """
        return LabCode(self.dlkit_code(), self.keras_code())

    def pose(self, challenge):
        """Give the learner another challenge.

        Parameters
        ----------
        challenge : str
            In words.
        """
        self.challenge = checks.text("challenge", challenge)
        self._head.value = self._head_html()

    def show_code(self):
        """Show that code under the picture, where it follows the controls; or hide it again."""
        self._code_is_shown = not self._code_is_shown
        self.refresh()

    def figure(self):
        """Return the present picture as a matplotlib figure that carries its text alternative."""
        return to_figure(self.chart())

    def state(self):
        """Return the state of the lab as a dictionary that JSON can hold."""
        return {
            "lab": type(self).__name__,
            "challenge": self.challenge,
            "controls": self.controls.values(),
        }

    @classmethod
    def from_state(cls, state):
        """Return a lab in the given state.

        Parameters
        ----------
        state : dict
            What `state` returned.

        Raises
        ------
        TypeError, ValueError
            If ``state`` is no such dictionary, or belongs to another lab.
        """
        cls.check_state(state)
        lab = cls(challenge=state.get("challenge"), **state["controls"])
        try:
            lab.restore(state)
        except BaseException:
            lab.close()
            raise
        return lab

    @classmethod
    def check_state(cls, state):
        """Raise ``TypeError`` or ``ValueError`` unless ``state`` is a state of this lab."""
        if not isinstance(state, dict) or not isinstance(state.get("controls"), dict):
            raise TypeError(
                "state must be a dictionary with the entries 'lab' and 'controls', as lab.state() "
                f"returns it, but got {checks.describe(state)}."
            )
        if state.get("lab") != cls.__name__:
            raise ValueError(
                f"state must belong to {cls.__name__}, but it belongs to {state.get('lab')!r}. "
                f"Call the from_state of that lab instead."
            )

    def restore(self, state):
        """Take over what `state` holds beyond the values of the controls."""

    def show_only(self, titles, *, without=()):
        """Show these groups of controls and hide the others.

        Parameters
        ----------
        titles : sequence of str
            Titles of groups, as `control_groups` has them.
        without : sequence of str
            Field names of controls that are hidden all the same.
        """
        for title, group in self.controls.groups().items():
            parts = {"": self._headings[title], **group}
            for name, widget in parts.items():
                shown = title in titles and name not in without
                widget.layout.display = None if shown else "none"

    def say(self, words, *, problem=False):
        """Show a message in the lab; "" clears it.

        Parameters
        ----------
        words : str
            What to say.
        problem : bool
            Whether it reports a problem: it is then marked as one.
        """
        self.message = words
        mark = "<strong>Please note:</strong> " if problem and words else ""
        self._message.value = (
            f'<div class="dlkit-message" role="alert">{mark}{escape(words)}</div>'
            if words
            else '<div class="dlkit-message"></div>'
        )

    message = ""

    def refresh(self):
        """Draw the picture, the sentence and the details again."""
        with self._drawing:
            if self._closed:
                return
            self.draw()
            self._details.value = self.details()
            self._code.value = self.code().html() if self._code_is_shown else ""

    def draw(self, *, speak=True):
        """Draw the picture alone.

        Parameters
        ----------
        speak : bool
            Whether the sentence is written anew too: a screen reader reads each one out, so a
            picture that moves speaks less often than it moves.
        """
        chart = self.chart()
        self._picture.value = to_svg(chart)
        if speak:
            self._write_sentence(chart.summary)

    def close(self):
        """Remove the lab from the page and end what it started."""
        with self._drawing:
            if self._closed:
                return
            self._closed = True
        _close_all(self.view)

    def _write_sentence(self, sentence):
        badge = " <strong>✓ Challenge met.</strong>" if self.met() else ""
        value = (
            f'<div class="dlkit-sentence" role="status" aria-live="polite">'
            f"{escape(sentence)}{badge}</div>"
        )
        if self._sentence.value != value:
            self._sentence.value = value

    @contextlib.contextmanager
    def quietly(self):
        """Set controls without a new picture after each; call `refresh` once afterwards.

        It holds for the thread that enters it: what the learner moves meanwhile is still drawn.
        """
        thread = threading.get_ident()
        outermost = thread not in self._quiet
        self._quiet.add(thread)
        try:
            yield
        finally:
            if outermost:
                self._quiet.discard(thread)

    def _on_change(self, name, change):
        if threading.get_ident() in self._quiet:
            return
        self.guard(self._apply_change, name)

    def _apply_change(self, name):
        self.say("")
        self.changed(name)
        self.refresh()

    def guard(self, action, *arguments):
        """Call an action for the learner: what goes wrong is said in words, in the lab."""
        try:
            return action(*arguments)
        except Exception as error:  # noqa: BLE001 - a learner gets words, whatever it was
            self.say(str(error) or type(error).__name__, problem=True)
            return None

    def _arrange(self):
        column = []
        for title, group in self.controls.groups().items():
            heading = widgets.HTML(f'<div class="dlkit-group">{escape(title)}</div>')
            self._headings[title] = heading
            parts = [heading, *_rows(group.values())]
            column.append(widgets.VBox(parts, layout=widgets.Layout(flex="0 0 auto")))
        buttons = [*self.buttons(), self._code_button()]
        column.append(widgets.HTML(self._help(buttons)))
        row = widgets.HBox(buttons, layout=widgets.Layout(flex_flow="row wrap"))
        column.append(Accessibility())
        left = widgets.VBox(column, layout=widgets.Layout(flex="0 0 322px", overflow="visible"))
        left.add_class("dlkit-controls")
        right = widgets.VBox(
            [self._picture, row, self._message, self._sentence, self._details, self._code],
            layout=widgets.Layout(flex="1 1 520px", min_width="300px", overflow="auto hidden"),
        )
        body = widgets.HBox([left, right], layout=widgets.Layout(flex_flow="row wrap"))
        self._head = widgets.HTML(self._head_html())
        return widgets.VBox([self._head, body]).add_class("dlkit-lab").add_class(
            f"dlkit-{type(self).__name__.lower()}"
        )  # fmt: skip

    def _head_html(self):
        head = [f"<h3>{escape(self.title)}</h3>", f"<p>{escape(self.question)}</p>"]
        if self.challenge:
            head.append(
                f'<p class="dlkit-goal"><strong>Challenge:</strong> {escape(self.challenge)}</p>'
            )
        return f"<style>{LAB_CSS}</style>{''.join(head)}"

    def _code_button(self):
        return button(
            "Code",
            lambda: self.guard(self.show_code),
            name="show-code",
            help="Shows or hides the dlkit code and the Keras code that do the same; lab.code() "
            "gives you both.",
        )

    def _help(self, buttons):
        terms = [(made.description, made.help) for _, made in self.controls.items()]
        terms += [(made.description, made.help) for made in buttons if hasattr(made, "help")]
        listing = "".join(
            f"<dt>{escape(term)}</dt><dd>{escape(words)}</dd>" for term, words in terms
        )
        return f"<details><summary>What is this?</summary><dl>{listing}</dl></details>"

    def _png(self):
        return base64.b64encode(png_bytes(self.figure(), dpi=90)).decode()

    def _repr_mimebundle_(self, **kwargs):
        self._replace_earlier()
        for _, control in self.controls.items():
            if hasattr(control, "shown"):
                control.shown()
        bundle = {"text/plain": self.summary(), "image/png": self._png()}
        bundle.update(
            {
                kind: content
                for kind, content in self.view._repr_mimebundle_(**kwargs).items()
                if kind not in bundle
            }
        )
        return bundle, {"image/png": {"alt": self.sentence}}

    def _replace_earlier(self):
        """Close the labs that this cell showed when it ran before; one cell may show several."""
        cell, run = _present_cell()
        if cell is None:
            return
        known, labs = _SHOWN_BY_CELL.get(cell, (run, weakref.WeakSet()))
        if known != run:
            for lab in [lab for lab in labs if lab is not self]:
                lab.close()
            labs = weakref.WeakSet()
        labs.add(self)
        _SHOWN_BY_CELL[cell] = (run, labs)

    def __repr__(self):
        return f"<{self.summary()}>"


def _present_cell():
    """Return the id of the notebook cell that runs now and of this run of it, or (None, None)."""
    from IPython import get_ipython

    shell = get_ipython()
    header = getattr(shell, "parent_header", None)
    if not isinstance(header, dict):
        return None, None
    request = header.get("header", {}).get("msg_id")
    return header.get("metadata", {}).get("cellId"), request


def _rows(controls):
    """Return the controls as they stand in the column: many boxes to tick two in a row."""
    controls = list(controls)
    if len(controls) < 5 or not all(isinstance(made, widgets.Checkbox) for made in controls):
        return controls
    for made in controls:
        made.layout.width = "148px"
    return [widgets.Box(controls, layout=widgets.Layout(flex_flow="row wrap", flex="0 0 auto"))]


def _close_all(widget):
    for child in getattr(widget, "children", ()):
        _close_all(child)
    if hasattr(widget, "layout"):
        widget.layout.close()
    if hasattr(widget, "style") and hasattr(widget.style, "close"):
        widget.style.close()
    widget.close()
