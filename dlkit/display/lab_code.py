"""The code that does without a lab what a lab does."""

from dlkit.display.cards import code_block, escape
from dlkit.display.source import highlighted


class LabCode:
    """Two programs that do what a lab shows: in dlkit, and in Keras.

    Parameters
    ----------
    dlkit, keras : str
        Whole programs, each of which runs alone.

    Attributes
    ----------
    dlkit, keras : str
        The same; write one to a file, or copy it into a cell.
    """

    def __init__(self, dlkit, keras):
        self.dlkit = dlkit.strip("\n") + "\n"
        self.keras = keras.strip("\n") + "\n"

    def __repr__(self):
        return "\n".join(f"# {title}\n\n{program}" for title, program in self._programs())

    def html(self):
        """Return both programs as HTML, highlighted in the theme's colours."""
        return "".join(
            f'<div class="dlkit-group">{escape(title)}</div>{code_block(highlighted(program))}'
            for title, program in self._programs()
        )

    def _programs(self):
        return (("In dlkit", self.dlkit), ("In Keras", self.keras))

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": repr(self), "text/html": self.html()}
