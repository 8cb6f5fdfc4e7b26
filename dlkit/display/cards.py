"""Small HTML cards that read well in light and dark themes, for quizzes, exercises and sources.

Colours come from JupyterLab's theme variables; elsewhere they fall back to the page's own text
colour, so that nothing is ever invisible. Meaning is always a word too, never colour alone.
"""

import html

BORDER = "1px solid var(--jp-border-color2, rgba(128, 128, 128, 0.5))"
TEXT = "var(--jp-ui-font-color1, inherit)"
# The background that the theme's code colours are made for.
EDITOR = "var(--jp-cell-editor-background, rgba(128, 128, 128, 0.08))"

# The bar at a card's left: a hint for the eye beside the words ✓, ✗ and …
_ACCENTS = {"passed": "#009E73", "failed": "#D55E00", "open": "#56B4E9", "plain": "#999999"}


def escape(text):
    """Return ``text`` with the characters that mean something in HTML made harmless.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
    """
    return html.escape(str(text), quote=True)


def paragraphs(text):
    """Return plain text as HTML paragraphs; ``code`` between backticks becomes a code element.

    Parameters
    ----------
    text : str
        Paragraphs separated by empty lines; a line that begins with ``- `` is a list item, and
        a paragraph whose lines are all indented by four spaces is a block of code.

    Returns
    -------
    str
    """
    return "".join(_block(block) for block in text.strip("\n").split("\n\n") if block.strip())


def card(title, body, kind="plain"):
    """Return a framed block of HTML.

    Parameters
    ----------
    title : str
        Plain text, shown in bold, with ``code`` as in `paragraphs`; empty for no headline.
    body : str
        HTML.
    kind : str
        ``"passed"``, ``"failed"``, ``"open"`` or ``"plain"``: the colour of the bar at the left.

    Returns
    -------
    str
    """
    headline = f"<strong>{inline(title)}</strong>" if title else ""
    return f'<div style="{_frame(kind)}">{headline}{body}</div>'


def folded(title, body, kind="open"):
    """Return a framed block of HTML that shows only its title until it is opened.

    Parameters
    ----------
    title : str
        Plain text, always shown.
    body : str
        HTML, shown once opened.
    kind : str
        See `card`.

    Returns
    -------
    str
    """
    summary = f'<summary style="cursor:pointer">{escape(title)}</summary>'
    return f'<details style="{_frame(kind)}">{summary}{body}</details>'


def code_block(lines_html):
    """Return HTML of highlighted or escaped source inside a frame that scrolls if need be."""
    # JupyterLab breaks the lines of outputs anywhere, inside words too: long ones scroll instead.
    unbroken = "white-space:pre;word-break:normal;overflow-wrap:normal"
    style = (
        f"background:{EDITOR};color:{TEXT};padding:0.6em 0.8em;margin:0.4em 0;overflow-x:auto;"
        "border-radius:4px;line-height:1.45;font-family:var(--jp-code-font-family, monospace);"
        f"{unbroken}"
    )
    inner = f"background:none;color:inherit;padding:0;font-family:inherit;{unbroken}"
    # mathjax_ignore and tex2jax_ignore keep a dollar sign in code from being typeset.
    return (
        f'<pre class="mathjax_ignore tex2jax_ignore" style="{style}">'
        f'<code style="{inner}">{lines_html}</code></pre>'
    )


def _frame(kind):
    return (
        f"border:{BORDER};border-left:5px solid {_ACCENTS[kind]};border-radius:4px;"
        f"padding:0.6em 1em;margin:0.4em 0;color:{TEXT};max-width:60em;line-height:1.5"
    )


def _block(block):
    lines = block.split("\n")
    if all(line.startswith("    ") for line in lines):
        return code_block(escape("\n".join(line[4:] for line in lines)))
    items = [line for line in lines if line.startswith("- ")]
    text = " ".join(line for line in lines if not line.startswith("- "))
    result = f'<p style="margin:0.4em 0">{inline(text)}</p>' if text else ""
    if items:
        inner = "".join(f"<li>{inline(item[2:])}</li>" for item in items)
        result += f'<ul style="margin:0.2em 0 0.4em 1.2em">{inner}</ul>'
    return result


def inline(text):
    """Return plain text as HTML; ``code`` between backticks becomes a code element."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # an odd backtick: leave the text as it is
        return escape(text)
    return "".join(
        f"<code>{escape(part)}</code>" if index % 2 else escape(part)
        for index, part in enumerate(parts)
    )
