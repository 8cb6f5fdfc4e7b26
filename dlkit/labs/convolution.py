"""ConvolutionLab: a kernel that slides, the layers of a trained network, and what it looks at."""

from html import escape

import numpy as np

from dlkit import checks
from dlkit.display.controls import button
from dlkit.display.drawing_pad import DrawingPad
from dlkit.display.lab import Lab
from dlkit.labs import convolution_words as words
from dlkit.labs.convolution_code import program
from dlkit.labs.convolution_controls import INK, PLACES, control_groups
from dlkit.labs.convolution_model import (
    SAMPLES,
    SIDE,
    digit_image,
    digit_index,
    kernel_named,
    occlude,
    probabilities,
    result_size,
    slide,
)
from dlkit.labs.convolution_picture import layers_chart, occlusion_chart, slide_chart
from dlkit.labs.digit_reader import feature_maps

MOST_CHANGED = 6
ENOUGH = 0.9
_KERNEL = ("kernel", "stride", "padding")
_OF_THE_DIGIT = ("digit", "sample")
_OF_THE_PATCH = ("patch", "cover")
_OF_THE_PEN = ("pen", "pen_row", "pen_column")


class ConvolutionLab(Lab):
    """Slide a kernel over a digit, and look into a small network that reads digits.

    The network (`dlkit.labs.digit_reader`) was trained on the digits' training part; the digits
    to choose from are of the validation part, which it has never seen.

    Parameters
    ----------
    challenge : str, optional
        What the learner should try.
    **values
        Opening values of the controls: ``view source digit sample kernel stride padding row column
        patch cover pen pen_row pen_column``.

    Examples
    --------
    >>> lab = ConvolutionLab(kernel="sobel_y", stride=2)   # doctest: +SKIP
    >>> lab.draw_pixel(0, 3, 1.0)                          # doctest: +SKIP
    >>> print(lab.summary())                               # doctest: +SKIP
    """

    title = "Convolution lab"
    question = "What does a small window see, and what does a network make of it, layer by layer?"
    challenge = (
        f"Copy a 3 to the sheet, and turn it into an 8: change at most {MOST_CHANGED} pixels, so "
        "that the network reads 8 with 90 % or more. Some 3s are easier: try other numbers."
    )

    def control_groups(self):
        return control_groups()

    def prepare(self):
        self._sheet = np.zeros((SIDE, SIDE))
        self._beginning = None  # (digit, sample) that the sheet began with
        self._pad = DrawingPad(SIDE, lambda *place: self.guard(self._press, *place))
        if self.controls.source.value == "sheet":
            self._copy()
        self._follow_view()
        self._follow_source()
        self._follow_size()

    def buttons(self):
        return [
            button(
                "Copy digit to sheet",
                lambda: self.guard(self.copy),
                help="Puts the chosen digit on your sheet, as it is in the data set.",
                name="copy",
                main=True,
            ),
            button(
                "Empty sheet",
                lambda: self.guard(self.clear),
                help="Makes every pixel of your sheet paper.",
                name="clear",
            ),
        ]

    def changed(self, name):
        if name == "view":
            self._follow_view()
        elif name == "source":
            if self._wants_sheet() and self._beginning is None and not self._sheet.any():
                self._copy()
            self._follow_source()
        elif name in ("stride", "padding"):
            self._follow_size()
        elif name in _OF_THE_PEN and self._wants_sheet():
            value = INK[self.controls.pen.value]
            if value is not None:
                place = (self.controls[f"pen_{axis}"].value - 1 for axis in PLACES)
                self._sheet[tuple(place)] = value
                self._pad.show(self._sheet)

    # What the buttons and the pad do; each may be called from a cell just as well

    def copy(self):
        """Put the chosen digit on the sheet, and look at the sheet."""
        self._copy()
        self._look_at_sheet()

    def clear(self):
        """Make every pixel of the sheet paper, and look at the sheet."""
        self._sheet, self._beginning = np.zeros((SIDE, SIDE)), None
        self._look_at_sheet(empty=True)

    def draw_pixel(self, row, column, value):
        """Set one pixel of the sheet, and look at the sheet.

        Parameters
        ----------
        row, column : int
            From 0, the upper left pixel.
        value : float
            0 paper to 1 ink.

        Raises
        ------
        TypeError, ValueError
            If there is no such pixel, or the value is out of range.
        """
        row = checks.whole_number("row", row, minimum=0, maximum=SIDE - 1)
        column = checks.whole_number("column", column, minimum=0, maximum=SIDE - 1)
        value = checks.number("value", value, minimum=0, maximum=1)
        if not self._wants_sheet() and self._beginning is None and not self._sheet.any():
            self._copy()
        self._sheet[row, column] = value
        self._look_at_sheet()

    @property
    def image(self):
        """The image that is looked at, (8, 8), 0 paper to 1 ink; a copy."""
        if self._wants_sheet():
            return self._sheet.copy()
        return digit_image(*(self.controls[name].value for name in _OF_THE_DIGIT))

    def met(self):
        """Whether a 3 was turned into an 8 by a few pixels."""
        if not self._wants_sheet() or (self._beginning or (None,))[0] != 3:
            return False
        return 1 <= self._changed_pixels() <= MOST_CHANGED and bool(
            probabilities(self._sheet)[8] >= ENOUGH
        )

    def state(self):
        """Return the state: the controls, the sheet, and the digit that it began with."""
        beginning = None if self._beginning is None else list(self._beginning)
        return {**super().state(), "sheet": self._sheet.tolist(), "beginning": beginning}

    def restore(self, state):
        sheet = checks.array(
            "sheet", state.get("sheet", self._sheet), shape=(SIDE, SIDE), dtype="float64"
        )
        if sheet.min() < 0 or sheet.max() > 1:
            raise ValueError("sheet must hold numbers from 0, paper, to 1, ink.")
        beginning = state.get("beginning")
        if beginning is not None:
            digit, sample = checks.array("beginning", beginning, shape=(2,)).tolist()
            digit = checks.whole_number("beginning", digit, minimum=0, maximum=9)
            sample = checks.whole_number("beginning", sample, maximum=SAMPLES)
            beginning = digit, sample
        self._sheet, self._beginning = sheet.copy(), beginning
        self._pad.show(self._sheet)
        self.refresh()

    # The picture and the words

    def chart(self):
        """Return the picture of the present view, with its sentence."""
        image, name = self.image, self._image_in_words()
        cursor = None
        if self._wants_sheet():
            cursor = tuple(self.controls[f"pen_{axis}"].value - 1 for axis in PLACES)
        if self.controls.view.value == "layers":
            maps = feature_maps(image)
            return layers_chart(image, maps, words.layers_words(name, maps))
        if self.controls.view.value == "occlusion":
            size = self.controls.patch.value
            found = occlude(image, size, INK[self.controls.cover.value])
            summary = words.occlusion_words(name, found, size)
            return occlusion_chart(found, size, summary, cursor)
        shown, settings = self._slide(image), [self.controls[k].value for k in _KERNEL]
        return slide_chart(shown, words.slide_words(name, shown, *settings), cursor)

    def details(self):
        """Return the nine products written out, where a kernel slides."""
        if self.controls.view.value != "slide":
            return ""
        written = words.sum_written_out(self._slide(self.image))
        return f"<p><strong>pixel · weight:</strong> {escape(written)}</p>"

    def dlkit_code(self):
        return self._program("dlkit")

    def keras_code(self):
        return self._program("keras")

    def _program(self, library):
        controls = self.controls
        digit = tuple(controls[name].value for name in _OF_THE_DIGIT)
        shown = self._slide(self.image)
        return program(
            library,
            controls.view.value,
            self._sheet.tolist() if self._wants_sheet() else digit_index(*digit),
            kernel=shown.kernel.tolist(),
            stride=controls.stride.value,
            padding=controls.padding.value,
            place=shown.place,
            size=controls.patch.value,
            cover=INK[controls.cover.value],
        )

    def _slide(self, image):
        kernel, stride, padding = (self.controls[name].value for name in _KERNEL)
        place = (self.controls[name].value - 1 for name in PLACES)
        return slide(image, kernel_named(kernel), stride, padding, *place)

    def _image_in_words(self):
        if not self._wants_sheet():
            return words.image_in_words(*(self.controls[name].value for name in _OF_THE_DIGIT))
        return words.image_in_words(*(self._beginning or (None, None)), self._changed_pixels())

    # The sheet

    def _wants_sheet(self):
        return self.controls.source.value == "sheet"

    def _changed_pixels(self):
        beginning = 0.0 if self._beginning is None else digit_image(*self._beginning)
        return int((self._sheet != beginning).sum())

    def _copy(self):
        self._beginning = tuple(self.controls[name].value for name in _OF_THE_DIGIT)
        self._sheet = digit_image(*self._beginning)
        self._pad.show(self._sheet)

    def _press(self, row, column):
        """Give a square that was pressed what the pen holds, or the next shade if it is lifted."""
        value = INK[self.controls.pen.value]
        if value is None:
            value = {0.0: 1.0, 1.0: 0.5}.get(self._sheet[row, column], 0.0)
        self.draw_pixel(row, column, value)

    def _look_at_sheet(self, empty=False):
        self._pad.show(self._sheet)
        with self.quietly():
            self.controls.source.value = "sheet"
        self._follow_source()
        self.say("Your sheet is empty now." if empty else "")
        self.refresh()

    def _follow_source(self):
        """Show the pad beside the sheet only, and leave idle controls grey."""
        drawing = self._wants_sheet()
        self._pad.view.layout.display = "" if drawing else "none"
        for name in _OF_THE_PEN:
            self.controls[name].disabled = not drawing

    def _follow_view(self):
        """Leave grey what the present view does not ask for."""
        for names, view in ((_KERNEL + PLACES, "slide"), (_OF_THE_PATCH, "occlusion")):
            for name in names:
                self.controls[name].disabled = self.controls.view.value != view

    def _follow_size(self):
        """Let the sliders of the place end where the result does."""
        count = result_size(self.controls.stride.value, self.controls.padding.value)
        with self.quietly():
            for name in PLACES:
                self.controls[name].max = count

    def _arrange(self):
        view = super()._arrange()
        groups = view.children[1].children[0].children
        pen = next(box for box in groups if self.controls.pen in getattr(box, "children", ()))
        pen.children = (*pen.children, self._pad.view)  # the pad stands under the pen's sliders
        return view
