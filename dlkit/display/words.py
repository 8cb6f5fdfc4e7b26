"""Words beside a widget or under a picture: shown in a notebook, printed anywhere else."""

import sys

from dlkit.display.cards import TEXT, escape


class Words:
    """A text that a notebook sets as HTML, and that is its plain self everywhere else.

    Parameters
    ----------
    text : str
        The plain text.
    html : str, optional
        Its HTML form; by default one paragraph with the very same words.
    """

    def __init__(self, text, html=None):
        self.text = text
        self.html = html or f'<p style="margin:0.2em 0;color:{TEXT}">{escape(text)}</p>'

    def __repr__(self):
        return self.text

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": self.text, "text/html": self.html}


def display(shown, plain=None):
    """Display something in a notebook; print it anywhere else.

    Parameters
    ----------
    shown : object
        Something with ``_repr_mimebundle_``.
    plain : str, optional
        What to print where there is no notebook; by default its ``repr``. Nothing if empty.
    """
    ipython = sys.modules.get("IPython")
    if ipython is not None and ipython.get_ipython() is not None:
        from IPython.display import display as display_in_notebook

        display_in_notebook(shown)
        return
    plain = repr(shown) if plain is None else plain
    if plain:
        print(plain)
