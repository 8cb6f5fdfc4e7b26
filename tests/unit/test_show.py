"""What show prints is the source that runs."""

import ast
import dataclasses
import functools
import inspect

import numpy as np
import pytest
from matplotlib.figure import Figure

from dlkit import rules
from dlkit.display import cards
from dlkit.display.show import Picture, Source, show
from dlkit.display.source import without_docstrings


def squared(x):
    r"""Return the square of each element.

    .. math:: y = x^2 < \infty

    Parameters
    ----------
    x : array of shape (batch,)
    """
    # why: the simplest curve
    return x * x  # 1 < 2


class Holder:
    """Hold a number; $$z = w x + b$$ is what it computes."""

    def forward(self, x):
        """Return x."""
        return x


@dataclasses.dataclass
class Rule:
    """A rule made of two functions."""

    name: str
    init: object
    update: object


def test_show_prints_the_very_source_in_plain_python(capsys):
    show(squared)
    assert capsys.readouterr().out == inspect.getsource(squared)


def test_without_the_docstring_the_code_is_unchanged():
    text = Source(squared, docstring=False).text
    assert text == "def squared(x):\n    # why: the simplest curve\n    return x * x  # 1 < 2"
    kept, whole = (ast.parse(code).body[0].body for code in (text, inspect.getsource(squared)))
    assert [ast.dump(line) for line in kept] == [ast.dump(line) for line in whole[1:]]


def test_a_body_that_is_only_a_docstring_still_compiles():
    source = 'class A:\n    """Only words."""\n\n\nclass B:\n    """Words."""\n\n    x = 1\n'
    short = without_docstrings(source)
    compile(short, "test", "exec")
    assert "Only words." in short and '"""Words."""' not in short


def test_formulae_come_from_the_docstring():
    assert Source(squared).formulae == [r"y = x^2 < \infty"]
    assert Source(Holder).formulae == ["z = w x + b"]
    html = Source(squared)._repr_mimebundle_()["text/html"]
    assert r"$$y = x^2 &lt; \infty$$" in html
    assert "Return the square of each element." in html


def test_a_block_of_several_formulae():
    def f():
        r"""Say.

        .. math::

            a = b \\
            c = d

            e = f

        More words.
        """

    assert Source(f).formulae == ["a = b \\\\\nc = d", "e = f"]


def test_a_formula_written_as_code_stays_when_the_docstring_goes():
    def f():
        """Say.

        ::

            a = b * c < 1
            d = a

        More words.
        """
        return 1

    assert "a = b * c" not in Source(f, docstring=False).text
    html = Source(f, docstring=False)._repr_mimebundle_()["text/html"]
    assert "a = b * c &lt; 1\nd = a</code>" in html
    whole = Source(f)
    assert whole._repr_mimebundle_()["text/html"].count("d = a") == 1
    assert Source(Holder, docstring=False)._plain_formula == ""


def test_source_in_the_page_is_escaped_and_follows_the_theme():
    html = Source(squared)._repr_mimebundle_()["text/html"]
    assert "1 &lt; 2" in html
    assert "--jp-mirror-editor-keyword-color" in html
    bundle = Source(squared)._repr_mimebundle_()
    assert bundle["text/plain"] == inspect.getsource(squared).rstrip("\n")


def test_instances_stand_for_their_class_and_rules_for_their_functions():
    assert Source(Holder()).text == inspect.getsource(Holder).rstrip("\n")
    assert Source(Holder.forward, docstring=False).text == "def forward(self, x):\n    return x"
    rule = Rule("square", squared, without_docstrings)
    assert Source(rule).text.startswith("def squared(x):")
    assert "def without_docstrings(source):" in Source(rule).text
    assert Source(functools.partial(squared, 2)).text.startswith("def squared(x):")


@pytest.mark.parametrize("thing", [len, 3, np.add, None])
def test_things_without_python_source_are_refused_in_words(thing):
    with pytest.raises(TypeError, match="show needs something written in Python"):
        show(thing)


def test_nothing_is_shown_if_one_argument_is_wrong(capsys):
    with pytest.raises(TypeError):
        show(squared, 3)
    with pytest.raises(TypeError, match="docstring must be True or False"):
        show(squared, docstring="no")
    with pytest.raises(TypeError, match="show needs something to show"):
        show()
    assert capsys.readouterr().out == ""


def test_a_figure_is_shown_with_its_sentence(capsys):
    figure = Figure()
    axes = figure.subplots()
    axes.plot([1, 2], [3, 4], label="training")
    axes.set(title="Loss falls", xlabel="epoch", ylabel="loss")
    show(figure)
    sentence = capsys.readouterr().out.strip()
    assert "Loss falls" in sentence and "training" in sentence
    data, metadata = Picture(figure)._repr_mimebundle_()
    assert data["image/png"].startswith(b"\x89PNG")
    assert data["text/plain"] == sentence
    assert metadata["image/png"]["alt"] == sentence
    assert "text/html" not in data  # a picture's bytes differ between machines


def test_in_a_notebook_it_displays(monkeypatch):
    import IPython
    import IPython.display

    shown = []
    monkeypatch.setattr(IPython, "get_ipython", lambda: object())
    monkeypatch.setattr(IPython.display, "display", shown.append)
    show(squared, Holder)
    assert [part.text.split("\n")[0] for part in shown] == ["def squared(x):", "class Holder:"]


def test_in_a_notebook_the_sentence_is_displayed_directly_under_its_picture(monkeypatch, capsys):
    import IPython
    import IPython.display

    shown = []
    monkeypatch.setattr(IPython, "get_ipython", lambda: object())
    monkeypatch.setattr(IPython.display, "display", shown.append)
    figure = Figure()
    figure.subplots().set(title="Loss & gap fall", xlabel="epoch", ylabel="loss")
    show(figure, squared)
    picture, sentence, source = shown
    assert isinstance(picture, Picture) and isinstance(source, Source)
    bundle = sentence._repr_mimebundle_()
    assert bundle["text/plain"] == picture.sentence
    assert bundle["text/html"].startswith("<p") and "Loss &amp; gap fall" in bundle["text/html"]
    assert capsys.readouterr().out == ""


def test_a_source_says_its_first_sentence_once():
    sentence = "Return the square of each element."
    for docstring in (True, False):
        html = Source(squared, docstring=docstring)._repr_mimebundle_()["text/html"]
        assert html.count(sentence) == 1
        assert ("<strong>" in html) is not docstring


def test_code_in_the_sentence_above_a_source_is_set_as_code():
    html = Source(rules.nadam.advance, docstring=False)._repr_mimebundle_()["text/html"]
    assert "<strong>Return the scalars of step <code>step</code> = 1, 2, ..., from" in html


def test_code_scrolls_instead_of_breaking_inside_words():
    html = cards.code_block("x")
    for tag in ("<pre", "<code"):
        style = html.partition(tag)[2].partition(">")[0]
        for rule in ("white-space:pre;", "word-break:normal", "overflow-wrap:normal"):
            assert rule in style
    assert "overflow-x:auto" in html


def test_cards_escape_titles_and_lay_out_paragraphs():
    html = cards.card("1 < 2", cards.paragraphs("Use `a < b`.\n\n- one\n- two\n\n    x = 1"))
    assert "1 &lt; 2" in html and "<code>a &lt; b</code>" in html
    assert html.count("<li>") == 2 and "x = 1</code></pre>" in html
