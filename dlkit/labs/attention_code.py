"""The programs of AttentionLab's button Code: what each view shows, without the lab."""

import textwrap

_KERAS_HEAD = """
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
"""


def sentence_programs(tokens, settings, head, row):
    """Return the programs of the first view: the weights of one query.

    Parameters
    ----------
    tokens : tuple of str
    settings : dict
        Arguments of `dlkit.labs.attention_sentence.look`.
    head, row : int
        From 0.

    Returns
    -------
    tuple of str
        In dlkit, and in Keras.
    """
    heads, mask = settings["heads"], settings["mask"]
    scaling = "1.0" if settings["scaled"] else "np.sqrt(d)"
    words = textwrap.fill(repr(list(tokens)), 90, subsequent_indent="    ", break_long_words=False)
    shared = f"""
tokens = {words}
n, features, heads, seed = {len(tokens)}, 64, {heads}, {settings["seed"]}
d = features // heads
x = np.stack([np.random.default_rng([seed, *t.encode()]).normal(size=features) for t in tokens])
"""
    maps = """
generator = np.random.default_rng([seed, 0])
w_query, w_key, w_value = generator.normal(size=(3, features, features)) / np.sqrt(features)
"""
    dlkit = f"""
import numpy as np
from dlkit.layers.attend import attention
from dlkit.layers.positions import sinusoidal_table
{shared}x += {settings["positions"]!r} * sinusoidal_table(n, features)
{maps.strip()}


def split(z):  # (tokens, features) -> (heads, tokens, d)
    return z.reshape(n, heads, d).swapaxes(0, 1)


{_hidden(mask)}
query = split(x @ w_query) * {scaling} / {settings["temperature"]!r}  # attention divides by sqrt(d)
result, weights = attention(query, split(x @ w_key), split(x @ w_value), hidden)
{_told(f"weights[{head}, {row}]", "tokens[{best}]")}
"""
    keras = f"""{_KERAS_HEAD}import numpy as np
{shared}t, i = np.arange(n)[:, None], np.arange(features)[None] // 2
angle = t / 10000.0 ** (2 * i / features)
x += {settings["positions"]!r} * np.where(np.arange(features) % 2, np.cos(angle), np.sin(angle))
{maps.strip()}
{_hidden(mask)}
layer = keras.layers.MultiHeadAttention(heads, d, use_bias=False, dtype="float64")
layer.build((1, n, features), (1, n, features))
w_query *= {scaling} / {settings["temperature"]!r}  # Keras divides by sqrt(d)
maps = [w.reshape(features, heads, d) for w in (w_query, w_key, w_value)]
layer.set_weights([*maps, np.eye(features).reshape(heads, d, features)])
look = {{"attention_mask": ~hidden[None], "return_attention_scores": True}}
_, weights = layer(x[None], x[None], **look)
weights = keras.ops.convert_to_numpy(weights)[0]
{_told(f"weights[{head}, {row}]", "tokens[{best}]")}
"""
    return dlkit, keras


def _hidden(mask):
    lines = ["hidden = np.zeros((n, n), bool)"]
    if mask in ("causal", "both"):
        lines.append("hidden |= ~np.tri(n, dtype=bool)")
    if mask in ("padding", "both"):
        lines.append('hidden |= np.array([token == "(pad)" for token in tokens])')
    return "\n".join(lines)


def _told(row, name):
    return (
        f"row = {row}\nbest = row.argmax()\n"
        f'print(f"looks most at {{{name.replace("{best}", "best")}!r}}: {{row[best]:.4f}}")'
    )


def maps_programs(name, text, tokens, layer, head, row):
    """Return the programs of the second view: where one place of a trained model looks.

    Parameters
    ----------
    name : str
        Of the model.
    text : str
        A character for each token.
    tokens : sequence of int
    layer, head, row : int
        Layer and place from 0; head from 1, 0 for the mean of all.

    Returns
    -------
    tuple of str
    """
    chosen = "mean(axis=0)" if head == 0 else f"[{head - 1}]"
    of_head = f".{chosen}[{row}]" if head == 0 else f"{chosen}[{row}]"
    numbers = _numbers(tokens)
    dlkit = f"""
from dlkit.labs.attention_models import look_inside, trained

text = {text!r}
tokens = {numbers}
outputs, weights = look_inside(trained({name!r}), tokens)
{_told(f"weights[{layer}]{of_head}", "text[{best}]")}
"""
    keras = f"""{_KERAS_HEAD}import numpy as np
from dlkit.labs.attention_models import trained

text = {text!r}
tokens = {numbers}
model = trained({name!r}).to_keras()
x = np.zeros((1, *model.input_shape[1:]))
x[0, : len(tokens)] = tokens
weights = []
for layer in model.layers:
    if "transformer" in layer.name:
        attention, norm = layer.layers[0], layer.layers[2]
        z = norm(x) if layer.normalize_first else x
        options = {{"use_causal_mask": attention.causal, "return_attention_scores": True}}
        found = keras.layers.MultiHeadAttention.call(attention, z, z, **options)[1]
        weights.append(keras.ops.convert_to_numpy(found)[0])
    x = layer(x)
{_told(f"weights[{layer}]{of_head}", "text[{best}]")}
"""
    return dlkit, keras


def writing_programs(text, tokens, temperature, top_k):
    """Return the programs of the third view: what may come next.

    Parameters
    ----------
    text : str
        From the beginning of the line.
    tokens : sequence of int
        Its characters, with the end of the line before them.
    temperature : float
    top_k : int

    Returns
    -------
    tuple of str
    """
    numbers = _numbers(tokens)
    told = """best = q.argmax()
print(f"most probable next: {characters.alphabet()[best]!r} with {q[best]:.4f}")"""
    dlkit = f"""
from dlkit import sampling
from dlkit.datasets import characters
from dlkit.labs.attention_models import look_inside, trained

tokens = characters.encode({chr(10) + text!r})
outputs, weights = look_inside(trained("language_model"), tokens)
q = sampling.candidates(outputs[-1], temperature={temperature!r}, top_k={top_k})
{told}
"""
    keras = f"""{_KERAS_HEAD}import numpy as np
from dlkit.datasets import characters
from dlkit.labs.attention_models import trained

tokens = {numbers}
model = trained("language_model").to_keras()
x = np.zeros((1, *model.input_shape[1:]))
x[0, : len(tokens)] = tokens
p = keras.ops.convert_to_numpy(model(x))[0, len(tokens) - 1].astype("float64")
q = p ** (1 / {temperature!r})
q[np.argsort(-q, kind="stable")[{top_k}:]] = 0
q /= q.sum()
{told}
"""
    return dlkit, keras


def _numbers(tokens):
    return textwrap.fill(str([int(token) for token in tokens]), 90, subsequent_indent="    ")
