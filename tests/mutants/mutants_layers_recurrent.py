"""Faults in recurrent layers: gates exchanged, steps off by one, masks, time run the wrong way."""

from mutant import Mutant


def layer(entry, file):
    """Return a maker of mutants for one layer."""

    def fault(place, find, replace, why, *more, file=file):
        return Mutant(entry, f"dlkit/layers/{file}.py: {place}", find, replace, why, more)

    return fault


simple, lstm = layer("SimpleRNN", "simple_rnn"), layer("LSTM", "lstm")
gru, both = layer("GRU", "gru"), layer("Bidirectional", "bidirectional")

MUTANTS = [
    simple(
        "SimpleRNN.run",
        "h[t], recurrent_kernel",
        "h[0], recurrent_kernel",
        "the state is not carried on",
    ),
    simple(
        "SimpleRNN.run_back",
        'self.parameters["recurrent_kernel"].T',
        'self.parameters["recurrent_kernel"]',
        "U not transposed in the backward pass",
    ),
    simple(
        "SimpleRNN.run_back",
        "            dh[t] += np.matmul(delta[t], back, out=product)\n",
        "",
        "gradient cut off after one step",
    ),
    simple("SimpleRNN.run", "where=~keep[t]", "where=keep[t]", "mask inverted"),
    simple(
        "SimpleRNN.run_back",
        "delta = delta * keep",
        "delta = delta * 1",
        "padding has a part in the gradient",
    ),
    simple(
        "SimpleRNN.run_back", "dh[t] += dh[t + 1] * ~keep[t]", "pass", "gradient lost at padding"
    ),
    simple("SimpleRNN.step", "h @ self", "0 * h @ self", "step forgets the state"),
    simple(
        "Recurrent.recurrent_gradients",
        "[0][:-1]",
        "[0][1:]",
        "∂L/∂U with the state after the step",
        file="recurrent",
    ),
    simple(
        "Recurrent.compute_gradients",
        "gradients[0][-1] += upstream",
        "gradients[0][0] += upstream",
        "gradient enters at the wrong end",
        file="recurrent",
    ),
    lstm(
        "LSTM.run",
        "now, (i, f, g, o) =",
        "now, (i, f, o, g) =",
        "gate order i f o g (coremltools#93)",
    ),
    lstm(
        "LSTM.run",
        "now, (i, f, g, o) =",
        "now, (f, i, g, o) =",
        "gate order f i g o (ngraph#2080)",
    ),
    lstm(
        "LSTM.run",
        "np.multiply(i, g, out=product)",
        "np.multiply(1 - f, g, out=product)",
        "input gate coupled to the forget gate",
    ),
    lstm(
        "LSTM.run",
        "tanh_c[...] = self.activation.forward(c_t, out=tanh_c)",
        "tanh_c[...] = c_t",
        "tanh of the cell left out",
    ),
    lstm(
        "LSTM.run",
        "np.copyto(c_t, c[t], where=~keep[t])",
        "pass",
        "the cell runs on over padding",
    ),
    lstm(
        "LSTM._factors",
        "(g, c[few], i, tanh_c)",
        "(g, c[few.start + 1 : few.stop + 1], i, tanh_c)",
        "forget gate's gradient with the cell after the step",
    ),
    lstm(
        "LSTM._factors",
        "o * self.activation.slope(c[few.start + 1 : few.stop + 1], tanh_c)",
        "o.copy()",
        "slope of tanh(c) left out",
    ),
    lstm(
        "LSTM.run_back",
        "np.multiply(dc_t, forget[t], out=dc[t])",
        "np.copyto(dc[t], dc_t)",
        "forget gate left out of ∂L/∂c",
    ),
    lstm(
        "LSTM.initialize",
        "[self.units : 2 * self.units] = 1",
        "[: self.units] = 1",
        "the 1 goes to the input gate's bias",
    ),
    lstm(
        "LSTM.step",
        "c = f * c + i * g",
        "c = f * (c + i * g)",
        "parentheses in the formula of the cell",
    ),
    lstm(
        "Recurrent.recurrent_gradients",
        "rows.sum(axis=0",
        "rows.mean(axis=0",
        "bias gradient averaged over time and batch",
        file="recurrent",
    ),
    gru(
        "GRU.run",
        "h[t + 1] *= update",
        "h[t + 1] *= 1 - update",
        "z and 1 - z exchanged, as the paper has them",
    ),
    gru(
        "GRU.run",
        "update, reset, candidate = self._values[t]",
        "reset, update, candidate = self._values[t]",
        "gate order r z g, PyTorch's",
    ),
    gru(
        "GRU.run",
        "np.multiply(reset, inner, out=product)",
        "np.multiply(1, inner, out=product)",
        "reset gate left out",
    ),
    gru(
        "GRU.run",
        "np.multiply(reset, h[t], out=inner)",
        "np.copyto(inner, h[t])",
        "reset gate left out in the paper's form (keras#3701 tells the two)",
    ),
    gru(
        "GRU.input_weights",
        "bias[: 2 * self.units] += recurrent_bias[: 2 * self.units]",
        "bias += recurrent_bias",
        "candidate's recurrent bias outside the reset gate too",
    ),
    gru(
        "GRU.run_back",
        "h[:-1], 1 - update)",
        "h[:-1], update)",
        "z for 1 - z in the candidate's gradient",
    ),
    gru(
        "GRU.run_back",
        "np.multiply(delta_g, reset[t], out=inner_blocks[t, 2])",
        "np.copyto(inner_blocks[t, 2], delta_g)",
        "reset gate left out of the way back",
    ),
    gru(
        "GRU.run_back",
        "            dh[t] += np.multiply(d, update[t], out=product)\n",
        "",
        "the direct way back through z lost",
    ),
    gru(
        "GRU.recurrent_gradients",
        "of_candidate[...] = inner.T @",
        "of_candidate[...] = h[:-1].reshape(-1, units).T @",
        "∂L/∂U_g with h for r h",
    ),
    gru(
        "GRU.step",
        "z * h + (1 - z) * g",
        "(1 - z) * h + z * g",
        "z and 1 - z exchanged in the formula",
    ),
    both(
        "Bidirectional.compute_output",
        "b = self._turned(b)",
        "b = b.copy()",
        "the way back not turned round",
    ),
    both(
        "Bidirectional.compute_gradients",
        "compute_gradients(self._turned(for_b))",
        "compute_gradients(for_b)",
        "gradient of the way back not turned round",
    ),
    both(
        "Bidirectional.compute_output",
        "np.concatenate([a, b]",
        "np.concatenate([b, a]",
        "the two halves exchanged (tensorflow#6072 asks)",
    ),
    both(
        "Bidirectional.compute_output",
        "                y /= 2\n",
        "                pass\n",
        "sum for mean",
    ),
    both(
        "Bidirectional.compute_gradients",
        "(upstream * b, upstream * a)",
        "(upstream * a, upstream * b)",
        "own output for the other's in the product's gradient",
    ),
    both(
        "Bidirectional.compute_gradients",
        "np.add(gradient, other,",
        "np.add(gradient, 0 * other,",
        "gradient of the way back lost",
    ),
    both(
        "Recurrent._read_order",
        "sequence[::-1] if",
        "sequence if",
        "both read forwards",
        file="recurrent",
    ),
]
