"""The programs of RecurrentLab: what it shows now, in dlkit and in Keras, without the lab."""

from dlkit.labs.recurrent_gradient import BATCH, FEATURES, LONGEST, NAMES, UNITS


def adding_code(cell, example, step, unit):
    """Return both programs for the reading of two marked numbers."""
    name = NAMES[cell]
    ours = f'''
from dlkit.labs.recurrent_readers import adding_examples, adding_reader

network = adding_reader("{cell}")  # {name}(16), Dense(1): trained weights, in float64
x, y = adding_examples()  # (sequences, time steps, number and mark), not trained on
x, y = x[[{example}]], y[{example}]

layer, dense = network.layers
answer = network.predict(x)[0, 0]
print(f"right: {{y:.4f}}, answer: {{answer:.4f}}")
state = layer.hidden_states[0, {step}, {unit}]
print(f"h of unit {unit + 1} after step {step + 1}: {{state:.4f}}")
'''
    if cell != "simple_rnn":
        ours += f"""for name, values in layer.gates.items():
    print(f"{{name}}: {{values[0, {step}, {unit}]:.4f}}")
"""
    theirs = f'''
import keras

from dlkit.labs.recurrent_readers import adding_examples, adding_reader

x, y = adding_examples()  # (sequences, time steps, number and mark)
x, y = x[[{example}]], y[{example}]

inputs = keras.Input((60, 2))
states = keras.layers.{name}(16, return_sequences=True)(inputs)
answers = keras.layers.Dense(1)(states)
model = keras.Model(inputs, [states, answers])
model.set_weights(list(adding_reader("{cell}").parameters.values()))  # kernels and biases, in order

states, answers = model.predict(x, verbose=0)
print(f"right: {{y:.4f}}, answer: {{answers[0, -1, 0]:.4f}}")
print(f"h of unit {unit + 1} after step {step + 1}: {{states[0, {step}, {unit}]:.4f}}")
'''
    return ours.lstrip(), theirs.lstrip()


def text_code(cell, text, step, unit, temperature):
    """Return both programs for the reading of a text and the next character."""
    name = NAMES[cell]
    ours = f'''
import numpy as np

from dlkit.labs.recurrent_readers import character_reader
from dlkit.labs.recurrent_training import ALPHABET
from dlkit.labs.recurrent_writer import probabilities

network = character_reader("{cell}")  # Embedding, {name}(64), Dense: trained weights
embedding, layer, dense = network.layers
text = "\\n" + {_literal(text)}
numbers = np.array([[ALPHABET.index(letter) for letter in text]])
vectors = embedding.parameters["embeddings"][numbers]
logits = layer.forward(vectors) @ dense.parameters["kernel"] + dense.parameters["bias"]

print(f"h of unit {unit + 1} after step {step + 1}: {{layer.hidden_states[0, {step}, {unit}]:.4f}}")
shares = probabilities(logits[0, -1], temperature={temperature!r})
for i in np.argsort(-shares)[:3]:
    print(f"next {{ALPHABET[i]!r}}: {{shares[i]:.4f}}")
'''
    theirs = f'''
import keras
import numpy as np

from dlkit.labs.recurrent_readers import character_reader
from dlkit.labs.recurrent_training import ALPHABET

inputs = keras.Input((None,))
vectors = keras.layers.Embedding(len(ALPHABET), 16)(inputs)
states = keras.layers.{name}(64, return_sequences=True)(vectors)
logits = keras.layers.Dense(len(ALPHABET))(states)
model = keras.Model(inputs, [states, logits])
model.set_weights(list(character_reader("{cell}").parameters.values()))

text = "\\n" + {_literal(text)}
numbers = np.array([[ALPHABET.index(letter) for letter in text]])
states, logits = model.predict(numbers, verbose=0)
print(f"h of unit {unit + 1} after step {step + 1}: {{states[0, {step}, {unit}]:.4f}}")
shares = keras.ops.softmax(logits[0, -1] / {temperature!r})
shares = keras.ops.convert_to_numpy(shares)
for i in np.argsort(-shares)[:3]:
    print(f"next {{ALPHABET[i]!r}}: {{shares[i]:.4f}}")
'''
    return ours.lstrip(), theirs.lstrip()


def _literal(text):
    """Return a text as Python writes it, a long one in parts below each other."""
    parts = [text[i : i + 70] for i in range(0, len(text), 70)] or [""]
    written = "\n    ".join(map(repr, parts))
    return written if len(parts) == 1 else f"(\n    {written}\n)"


def gradient_code(length, recurrent_scale, gate_bias, seed):
    """Return both programs for the gradient through time."""
    ours = f"""
import numpy as np

from dlkit.layers import GRU, LSTM, SimpleRNN

length, units = {length}, {UNITS}
x = np.random.default_rng({seed}).normal(size=({LONGEST}, {BATCH}, {FEATURES}))[:length].swapaxes(0, 1)
u = np.random.default_rng(({seed}, 1)).normal(size=({BATCH}, units))
u /= np.linalg.norm(u, axis=1, keepdims=True)  # the loss is u · h after the last step

for kind in (SimpleRNN, LSTM, GRU):
    layer = kind(units, seed={seed})
    layer.build((length, {FEATURES}), dtype="float64")
    layer.parameters["recurrent_kernel"][...] *= {recurrent_scale!r}
    if kind is LSTM:
        layer.parameters["bias"][units : 2 * units] = {gate_bias!r}  # forget gate
    if kind is GRU:
        layer.parameters["bias"][0, :units] = {gate_bias!r}  # update gate
    layer.forward(x)
    layer.backward(u)
    start = layer.initial_gradient[0] if kind is LSTM else layer.initial_gradient
    print(f"{{kind.__name__}}: {{np.linalg.norm(start, axis=1).mean():.3e}}")
"""
    theirs = f"""
import keras
import numpy as np
import tensorflow as tf

from dlkit.labs.recurrent_gradient import random_layer

for cell, kind in [("simple_rnn", "SimpleRNN"), ("lstm", "LSTM"), ("gru", "GRU")]:
    ours, x, u = random_layer(cell, {length}, {recurrent_scale!r}, {gate_bias!r}, {seed})
    layer = getattr(keras.layers, kind)({UNITS}, dtype="float64")
    layer.build(x.shape)
    layer.set_weights(list(ours.parameters.values()))
    start = [tf.zeros(u.shape, "float64") for _ in ours.state_names]  # h, and an LSTM's c
    with tf.GradientTape() as tape:
        tape.watch(start)
        states = layer(x, initial_state=start)
        loss = tf.reduce_sum(u * states)  # the loss is u · h after the last step
    gradient = tape.gradient(loss, start)[0].numpy()
    print(f"{{kind}}: {{np.linalg.norm(gradient, axis=1).mean():.3e}}")
"""
    return ours.lstrip(), theirs.lstrip()
