"""A sheet of squares to draw on with the mouse, made of plain buttons.

The keyboard has its own way (a lab's sliders move a pen), so the squares are left out of the order
of the Tab key: sixty-four stops would keep everybody from what comes after them.
"""

import functools

import ipywidgets as widgets
import numpy as np

_LEVELS = 5
_PX = 26
_CSS = "".join(
    f".dlkit-pad .dlkit-ink-{level}, .dlkit-pad .dlkit-ink-{level}:hover {{ background: {shade}; }}"
    for level, shade in enumerate(("#ffffff", "#c4c4c4", "#8a8a8a", "#484848", "#000000"))
) + (
    f".dlkit-pad button {{ width: {_PX}px; height: {_PX}px; min-width: 0; padding: 0; margin: 0; "
    "border: 1px solid #b0b0b0; border-radius: 0; }"
)


class DrawingPad:
    """Squares in rows and columns; each can be pressed.

    Parameters
    ----------
    side : int
        Squares in a row, and rows.
    on_press : callable
        Called as ``on_press(row, column)``, counted from 0.

    Attributes
    ----------
    view : ipywidgets.Widget
    """

    def __init__(self, side, on_press):
        shared = {"layout": widgets.Layout(), "style": widgets.ButtonStyle()}
        self._squares = []
        for row, column in np.ndindex(side, side):
            square = widgets.Button(
                tooltip=f"row {row + 1}, column {column + 1}", tabbable=False, **shared
            )
            square.on_click(functools.partial(self._pressed, row, column))
            self._squares.append(square)
        self._levels = [None] * len(self._squares)
        self._on_press = on_press
        grid = widgets.GridBox(
            self._squares,
            layout=widgets.Layout(
                grid_template_columns=f"repeat({side}, {_PX}px)", overflow="hidden"
            ),
        )
        self.view = widgets.VBox([widgets.HTML(f"<style>{_CSS}</style>"), grid])
        self.view.add_class("dlkit-pad").add_class("lab-pad")
        self.show(np.zeros((side, side)))

    def show(self, image):
        """Show these values, (rows, columns), 0 paper to 1 ink, in five shades."""
        levels = np.rint(np.clip(image, 0, 1) * (_LEVELS - 1)).astype(int).ravel().tolist()
        for place, (old, new) in enumerate(zip(self._levels, levels, strict=True)):
            if old != new:
                square = self._squares[place]
                square._dom_classes = (f"dlkit-ink-{new}",)
        self._levels = levels

    def _pressed(self, row, column, _):
        self._on_press(row, column)
