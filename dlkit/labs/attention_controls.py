"""The controls of AttentionLab, and which of its views needs which group."""

from dlkit.display.controls import menu, slider, stops, text_field, toggle
from dlkit.labs.attention_models import CONTEXT
from dlkit.labs.attention_sentence import MOST_WORDS

VIEW, SENTENCE, FORMULA = "What you look at", "The sentence", "The formula"
MODEL, INSIDE, WRITING = "The model", "Inside the model", "Writing"
GROUPS = {
    "sentence": (VIEW, SENTENCE, FORMULA),
    "trained": (VIEW, MODEL, INSIDE),
    "write": (VIEW, WRITING, INSIDE),
}
"""View -> the groups that it uses."""

OPENING = "the cat saw the dog and ran"
_PADDING = 3


def control_groups():
    """Return the controls (see `dlkit.display.controls`)."""
    return {
        VIEW: {"view": _view()},
        SENTENCE: _sentence(),
        FORMULA: _formula(),
        MODEL: _model(),
        WRITING: _writing(),
        INSIDE: _inside(),
    }


def _view():
    return menu(
        "sentence",
        [
            ("a sentence of your own", "sentence"),
            ("into a trained model", "trained"),
            ("a model that writes", "write"),
        ],
        label="view",
        help="The first computes the formula on words of your own, with random weights; the other two "
        "show models that were trained as in lesson 11.",
    )


def _sentence():
    return {
        "sentence": text_field(
            OPENING,
            label="sentence",
            help=f"Words with spaces between them; the first {MOST_WORDS} count. A word always has "
            "the same random vector of 64 numbers.",
        ),
        "query": slider(
            2, 1, MOST_WORDS + _PADDING, whole=True, label="query word",
            help="Which word looks: its row is marked and written out.",
        ),
        "heads": stops(
            4, (1, 2, 4, 8), label="heads",
            help="Attentions side by side; they share the 64 numbers, so d = 64 / heads each.",
        ),
        "head": slider(1, 1, 8, whole=True, label="head shown", help="Whose weights you see."),
    }  # fmt: skip


def _formula():
    return {
        "temperature": slider(
            1.0, 0.1, 8.0, step=0.1, label="temperature",
            help="Divides the scores once more: low sharpens the weights, high evens them out.",
        ),
        "scaled": toggle(
            True, label="divide the scores by √d",
            help="Off, the scores grow with d and softmax saturates: look at the entropy.",
        ),
        "mask": menu(
            "none",
            [("none", "none"), ("causal", "causal"), ("padding", "padding"),
             ("causal and padding", "both")],
            label="mask",
            help="Causal hides all later words; padding hides what only fills the sequence up.",
        ),
        "positions": slider(
            0.0, 0.0, 2.0, step=0.05, label="positions",
            help="Strength of the sine and cosine position vectors that are added; 0 is off.",
        ),
        "padding": slider(
            0, 0, _PADDING, whole=True, label="padding",
            help="Tokens (pad) after the words, as in a batch with longer sentences.",
        ),
        "seed": slider(
            0, 0, 20, whole=True, label="seed",
            help="Draws other word vectors and other weights for Q, K and V.",
        ),
    }  # fmt: skip


def _model():
    return {
        "model": menu(
            "reverser",
            [
                ("writes backwards", "reverser"),
                ("the same without positions", "reverser_without_positions"),
                ("writes sentences", "language_model"),
            ],
            label="model",
            help="Two encoders that are to reverse ten letters, and the language model.",
        ),
        "letters": text_field(
            "aheadbeach", label="letters", longest=60,
            help="Ten letters from a to h, which the encoder is to write backwards.",
        ),
        "line": text_field(
            "the cats that see a dog ", label="line", longest=200,
            help="The beginning of a sentence as in data/sentences, in lower case.",
        ),
        "place": slider(
            CONTEXT, 1, CONTEXT, whole=True, label="place",
            help="Which place looks; beyond the end the last one does.",
        ),
    }  # fmt: skip


def _writing():
    return {
        "prompt": text_field(
            "the cats that see a dog ", label="beginning", longest=200,
            help="What stands there before the model writes; it may be empty.",
        ),
        "sampling_temperature": slider(
            0.8, 0.1, 3.0, step=0.1, label="temperature",
            help="Below 1 the favourites are drawn more often, above 1 the others.",
        ),
        "top_k": stops(
            27, [*((str(k), k) for k in (1, 2, 3, 5, 10)), ("all", 27)], label="top-k",
            help="Only so many of the most probable characters can be drawn.",
        ),
        "draw_seed": slider(
            0, 0, 50, whole=True, label="luck",
            help="Another seed for the draws: the same luck and settings give the same line.",
        ),
    }  # fmt: skip


def _inside():
    return {
        "layer": slider(2, 1, 2, whole=True, label="layer", help="Whose attention you see."),
        "model_head": stops(
            0, [("mean", 0), *((str(k), k) for k in (1, 2, 3, 4))], label="head",
            help="One head, or the mean of all; the encoders have one layer of two heads.",
        ),
    }  # fmt: skip
