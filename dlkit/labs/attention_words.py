"""The sentences and tables of AttentionLab."""

from html import escape

import numpy as np

from dlkit.datasets import characters
from dlkit.display.numbers import fixed, signed
from dlkit.labs.attention_models import CONTEXT, SYMBOLS
from dlkit.labs.attention_picture import visible
from dlkit.labs.attention_sentence import largest_difference, twins, usable_mask

_FIRST = 4  # numbers of a value that the table shows


def sentence_words(seen, head, row, masked):
    """Return the sentence of the first view.

    Parameters
    ----------
    seen : dlkit.labs.attention_sentence.Look
    head, row : int
        From 0.
    masked : str
        The mask, as its control has it.

    Returns
    -------
    str
    """
    weights, hidden = seen.weights[head, row], seen.hidden[row]
    best, keys = int(weights.argmax()), int((~hidden).sum())
    words = (
        f"Head {head + 1} of {len(seen.weights)}: “{seen.tokens[row]}” (word {row + 1}) looks most at "
        f"“{seen.tokens[best]}” (word {best + 1}), weight {fixed(weights[best])}"
    )
    if keys > 1:
        words += (
            f"; the entropy of its weights is {fixed(seen.entropy(head, row))} of at most "
            f"{fixed(np.log(keys))} nats"
        )
    words += ". "
    if masked != "none":
        words += f"The mask hides {int(hidden.sum())} of {len(hidden)} words from it. "
    if usable_mask(seen.tokens, masked) != masked:
        words += "There is no word, so that the padding is not hidden: nothing would be left. "
    return words + _about_twins(seen)


def _about_twins(seen):
    pairs = twins(seen.tokens)
    if not pairs:
        return "No word comes twice."
    i, j = pairs[0]
    word, difference = seen.tokens[i], largest_difference(seen.weights, pairs)
    if difference < 1e-9:
        return (
            f"Both “{word}” (words {i + 1} and {j + 1}) look at the sentence in the very same way: "
            "attention alone does not see where a word stands."
        )
    return f"The same word at two places now has weights that differ by up to {fixed(difference)}."


def row_table(seen, head, row):
    """Return the way of one row as HTML: scores, softmax, and the mix of the values."""
    raw, scores, hidden = seen.raw[head, row], seen.scores[head, row], seen.hidden[row]
    weights, values = seen.weights[head, row], seen.value[head][:, :_FIRST]
    shares = np.where(hidden, 0.0, np.exp(np.where(hidden, 0.0, scores - scores[~hidden].max())))
    head_cells = ("key", "q·k", f"÷ {fixed(seen.divisor)}", "exp(score − largest)", "weight",
                  *(f"weight × v{i + 1}" for i in range(values.shape[1])))  # fmt: skip
    rows = "".join(
        f'<tr><th scope="row">{escape(token)}</th><td>{fixed(raw[j])}</td>'
        f"<td>{'hidden' if hidden[j] else fixed(scores[j])}</td><td>{fixed(shares[j], 3)}</td>"
        f"<td>{fixed(weights[j], 3)}</td>"
        + "".join(f"<td>{signed(weights[j] * v)}</td>" for v in values[j])
        + "</tr>"
        for j, token in enumerate(seen.tokens)
    )
    total = "".join(f"<td>{signed(v)}</td>" for v in seen.result[head, row, : values.shape[1]])
    length = seen.value.shape[-1]
    return (
        f"<details open><summary>“{escape(seen.tokens[row])}”, written out: scores, softmax, mix of "
        f"the values</summary><table><thead><tr>"
        + "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head_cells)
        + f'</tr></thead><tbody>{rows}<tr><th scope="row">sum</th><td></td><td></td>'
        f"<td>{fixed(shares.sum(), 3)}</td><td>{fixed(weights.sum(), 3)}</td>{total}</tr></tbody>"
        f"</table><p>The last line is what “{escape(seen.tokens[row])}” takes away: the first "
        f"{values.shape[1]} of the {length} numbers of this head.</p></details>"
    )


def maps_words(name, text, outputs, weights, layer, head, row):
    """Return the sentence of the second view.

    Parameters
    ----------
    name : str
        Of the model.
    text : str
        What it sees: of a language model with the end of the line before it.
    outputs : numpy.ndarray
        (tokens, classes).
    weights : numpy.ndarray
        Of the head that is shown, (tokens, tokens).
    layer, head, row : int
        Layer and place from 0; head from 1, 0 for the mean of all heads.

    Returns
    -------
    str
    """
    best = int(weights[row].argmax())
    where = f"layer {layer + 1}, {f'head {head}' if head else 'mean of all heads'}"
    look = (
        f"In {where} place {row + 1} (“{visible(text[row])}”) looks most at place {best + 1} "
        f"(“{visible(text[best])}”), weight {fixed(weights[row, best])}. "
    )
    if name == "language_model":
        after = text[1 : row + 1]
        likely = np.argsort(-outputs[row], kind="stable")[:3]
        said = ", ".join(
            f"“{visible(characters.alphabet()[i])}” {fixed(outputs[row, i])}" for i in likely
        )
        return f"{look}After “{after}” the model expects {said}."
    written = "".join(SYMBOLS[i] for i in outputs.argmax(axis=-1))
    right = sum(a == b for a, b in zip(written, text[::-1], strict=True))
    return (
        f"{look}From “{text}” it writes “{written}”: {right} of {len(text)} letters right. On the "
        f"mirrored place lies {fixed(_mirrored(weights))} of the weight on average."
    )


def finding(name, weights):
    """Return in a few words what the map of a model shows as a whole."""
    n = len(weights)
    if name == "language_model":
        back = float((weights * np.abs(np.subtract.outer(range(n), range(n)))).sum(axis=1).mean())
        return f"{fixed(back, 1)} places back on average"
    return f"{fixed(_mirrored(weights))} on mirrored places"


def _mirrored(weights):
    return float(np.fliplr(weights).diagonal().mean())


def writing_words(text, decisions, before, after, ended, full):
    """Return the sentence of the third view.

    Parameters
    ----------
    text : str
        What stands there.
    decisions : list of dict
        The steps that were made, as `AttentionLab` keeps them.
    before, after : numpy.ndarray
        Probabilities of the next character.
    ended : bool
        Whether the line is at its end.
    full : bool
        Whether it is there because the room ran out.

    Returns
    -------
    str
    """
    words = ""
    if decisions:
        last = decisions[-1]
        words = (
            f"Drawn: “{visible(last['character'])}”, number {last['rank']} of the candidates, with "
            f"probability {fixed(last['after'])} (the model said {fixed(last['before'])}). "
        )
    if full:
        return (
            f"{words}The room ran out: the model takes {CONTEXT - 1} characters at most, and the line "
            f"“{text}” is not finished, so that the grammar cannot judge it."
        )
    if ended:
        obeys, new = characters.obeys_grammar(text), characters.is_new(text)
        return (
            f"{words}The line “{text}” {'obeys' if obeys else 'breaks'} the grammar, and "
            f"{'does not stand' if new else 'stands'} in the corpus."
        )
    best = int(after.argmax())
    left = int((after > 0).sum())
    return (
        f"{words}Next, “{visible(characters.alphabet()[best])}” is the favourite with "
        f"{fixed(after[best])} (the model says {fixed(before[best])}); {left} of {len(after)} "
        "characters can be drawn."
    )


def decisions_table(decisions):
    """Return the steps that were made as HTML, the last 12 of them; "" for none."""
    if not decisions:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{escape(visible(step["character"]))}</th><td>{step["rank"]}</td>'
        f"<td>{fixed(step['before'], 3)}</td><td>{fixed(step['after'], 3)}</td>"
        f"<td>{escape(visible(step['looked_at']))}, {step['steps_back']} back</td></tr>"
        for step in decisions[-12:]
    )
    names = ("drawn", "rank", "the model's probability", "after temperature and top-k",
             "looked most at")  # fmt: skip
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    return (
        "<details open><summary>Why these characters?</summary>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></details>"
    )
