"""Recurrent layers beside Keras's, every option of them, with faults that people make."""

import inspect
import sys
import textwrap

import keras
from layer_case import Case

from dlkit.layers import GRU, LSTM, Bidirectional, SimpleRNN


def spoilt(kind, method, right, wrong):
    """Return a method's name and the method with one piece of its text replaced."""
    function = getattr(kind, method)
    owner = sys.modules[function.__module__]
    text = textwrap.dedent(inspect.getsource(function))
    assert text.count(right) == 1, (method, right)
    text = text.replace(right, wrong).replace("super()", f"super({kind.__name__}, self)")
    names = dict(vars(owner))
    exec(compile(text, f"<{method} with a fault>", "exec"), names)  # noqa: S102 - our own text
    return method, names[method]


class Faults(dict):
    """Faults by name, each planted when it is asked for: one whose text is gone fails alone."""

    def __init__(self, kind, table):
        super().__init__(table)
        self.kind = kind

    def __getitem__(self, name):
        return spoilt(self.kind, *super().__getitem__(name))


def faults(kind, **table):
    """Return the faults of a kind: ``what_is_wrong=(method, right, wrong)``."""
    return Faults(kind, {name.replace("_", " "): each for name, each in table.items()})


def both(kind, units=4, shape=(5, 3), wrong=None, **arguments):
    """Return a case with the same arguments on both sides."""
    twin = getattr(keras.layers, kind.__name__)
    return Case(
        lambda: kind(units, **arguments), lambda: twin(units, **arguments), shape, wrong or {}
    )


def two_ways(inner, shape=(5, 3), wrong=None, inside=None, back=None, **arguments):
    """Return a case of a Bidirectional with the same arguments on both sides."""
    inside = inside or {}
    twin = getattr(keras.layers, inner.__name__)

    def make():
        backward = back and back[0](**back[1])
        return Bidirectional(inner(4, **inside), backward_layer=backward, **arguments)

    def make_twin():
        backward = back and getattr(keras.layers, back[0].__name__)(**back[1])
        return keras.layers.Bidirectional(twin(4, **inside), backward_layer=backward, **arguments)

    return Case(make, make_twin, shape, wrong or {})


# In all of them: time, and what comes back through it.
SHARED = {
    "kernel_gradient_of_the_last_step_only": (
        "compute_gradients",
        "np.matmul(inputs.T, rows, out=",
        "np.matmul(inputs[-6:].T, rows[-6:], out=",
    ),
    "recurrent_gradient_with_the_state_after": (
        "recurrent_gradients",
        "[:-1].reshape",
        "[1:].reshape",
    ),
    "upstream_of_sequences_not_added_at_each_step": (
        "compute_gradients",
        "gradients[0][-1] += upstream",
        "gradients[0][-1] += upstream / len(upstream)",
    ),
    "order_of_reading_forgotten": (
        "_read_order",
        "sequence[::-1] if self.go_backwards else sequence",
        "sequence",
    ),
}

SIMPLE_FAULTS = faults(
    SimpleRNN,
    slope_of_tanh_left_out=("run_back", "self.activation.slope(self._z, h[1:])", "0 * self._z + 1"),
    slope_at_the_state_before=("run_back", "slope(self._z, h[1:])", "slope(self._z, h[:-1])"),
    nothing_comes_through_time=("run_back", "dh[t] += np", "dh[t] += 0 * np"),
    recurrent_kernel_not_transposed=("run_back", '["recurrent_kernel"].T', '["recurrent_kernel"]'),
    previous_state_left_out=("run", "z[t] += np", "z[t] += 0 * np"),
    always_from_the_initial_state=("run", "np.matmul(h[t], ", "np.matmul(h[0], "),
    **SHARED,
)
LSTM_FAULTS = faults(
    LSTM,
    input_and_forget_gate_swapped=("run", "now, (i, f, g, o) =", "now, (f, i, g, o) ="),
    candidate_and_output_swapped=("run", "now, (i, f, g, o) =", "now, (i, f, o, g) ="),
    output_without_tanh=("run", "np.multiply(o, tanh_c,", "np.multiply(o, c_t,"),
    forgets_the_new_cell=("run", "np.multiply(f, c[t], ", "np.multiply(f, h[t], "),
    coupled_gates=("run", "np.multiply(i, g, ", "np.multiply(1 - f, g, "),
    candidate_by_a_sigmoid=("halves", "[0.5, 0.5, 1, 0.5]", "[0.5, 0.5, 0.5, 0.5]"),
    gates_of_z_not_halved=("run", "now *= half", "now *= 1"),
    cell_gradient_lost_in_time=(
        "run_back",
        "np.multiply(dc_t, forget[t]",
        "np.multiply(0, forget[t]",
    ),
    slope_of_tanh_left_out=(
        "_factors",
        "o * self.activation.slope(c[few.start + 1 : few.stop + 1], tanh_c)",
        "1 * o",
    ),
    slope_of_tanh_at_the_cell=("_factors", "few.stop + 1], tanh_c)", "few.stop + 1], c[few])"),
    forget_gradient_by_the_new_cell=("_factors", "(g, c[few], i,", "(g, c[1:][few], i,"),
    recurrent_kernel_not_scaled=("run", "recurrent_kernel * half[0]", "recurrent_kernel * 1"),
    nothing_comes_through_time=("run_back", "dh[t] += np", "dh[t] += 0 * np"),
    **SHARED,
)
GRU_FAULTS = faults(
    GRU,
    update_and_reset_swapped=(
        "run",
        "update, reset, candidate = self._values[t]",
        "reset, update, candidate = self._values[t]",
    ),
    update_the_other_way_round=("run", "h[t + 1] *= update", "h[t + 1] *= 1 - update"),
    recurrent_bias_outside_the_reset=(
        "run",
        "of_candidate += np.multiply(reset, inner, out=product)",
        "of_candidate += reset * (inner - candidate_bias) + candidate_bias",
    ),
    reset_before=(
        "run",
        "of_candidate += np.multiply(reset, inner, out=product)",
        "of_candidate += (reset * h[t]) @ kernel[:, 2 * units :] + candidate_bias",
    ),
    one_bias_for_both=("_biases", "tuple(bias)", "(bias[0], bias[0])"),
    reset_gradient_lost=(
        "run_back",
        "inner_blocks[t, :2] = blocks",
        "inner_blocks[t, :2] = 0 * blocks",
    ),
    short_cut_of_the_state_lost=(
        "run_back",
        "np.multiply(d, update[t]",
        "np.multiply(0, update[t]",
    ),
    update_gradient_with_the_wrong_sign=(
        "run_back",
        "(h[:-1] - candidate,",
        "(candidate - h[:-1],",
    ),
    candidate_weighted_by_the_update=("run_back", "1 - update)", "update)"),
    reset_left_out_on_the_way_back=(
        "run_back",
        "np.multiply(delta_g, reset[t]",
        "np.multiply(delta_g, 1",
    ),
    **{name: each for name, each in SHARED.items() if "recurrent" not in name},
)
BEFORE_FAULTS = faults(
    GRU,
    reset_after=(
        "run",
        "of_candidate += np.matmul(inner, kernel[:, 2 * units :], out=product)",
        "of_candidate += reset * (h[t] @ kernel[:, 2 * units :])",
    ),
    state_not_reset=("run", "np.multiply(reset, h[t], out=inner)", "inner[...] = h[t]"),
    gradient_through_the_reset_state_lost=(
        "run_back",
        "np.multiply(through, reset[t]",
        "np.multiply(0, reset[t]",
    ),
    gradient_of_the_reset_state_by_the_state=(
        "recurrent_gradients",
        "inner.T @ rows",
        "h[:-1].reshape(-1, units).T @ rows",
    ),
)
BOTH_FAULTS = faults(
    Bidirectional,
    way_back_not_turned=(
        "_turned",
        "sequence[:, ::-1] if self.return_sequences else sequence",
        "sequence",
    ),
    batch_turned_for_time=("_turned", "sequence[:, ::-1]", "sequence[::-1]"),
    one_input_gradient_lost=("compute_gradients", "np.add(gradient, other,", "np.add(gradient, 0,"),
    halves_swapped=("compute_output", "np.concatenate([a, b]", "np.concatenate([b, a]"),
    halves_of_upstream_swapped=(
        "compute_gradients",
        "(upstream[..., :units], upstream[..., units:])",
        "(upstream[..., units:], upstream[..., :units])",
    ),
    backward_layer_reads_forwards=("__init__", "back, turned)", "back, layer.go_backwards)"),
)
SEQUENCES = {"return_sequences": True}
OTHERS = {"activation": "softsign", "recurrent_activation": "hard_sigmoid"}

RECURRENT_CASES = {
    "SimpleRNN": both(SimpleRNN, wrong=SIMPLE_FAULTS, go_backwards=True),
    "SimpleRNN, sequences": both(SimpleRNN, **SEQUENCES),
    "SimpleRNN, relu, no bias": both(SimpleRNN, activation="relu", use_bias=False, **SEQUENCES),
    "SimpleRNN, linear": both(SimpleRNN, 2, (2, 1), activation="linear"),
    "SimpleRNN, one of everything": both(SimpleRNN, 1, (1, 1)),
    "LSTM": both(LSTM, wrong=LSTM_FAULTS, go_backwards=True),
    "LSTM, sequences": both(LSTM, **SEQUENCES),
    "LSTM, sequences, backwards": both(LSTM, go_backwards=True, **SEQUENCES),
    "LSTM, no bias": both(LSTM, use_bias=False, unit_forget_bias=False),
    "LSTM, other activations": both(LSTM, **OTHERS, **SEQUENCES),
    "LSTM, relu and sigmoid": both(LSTM, 2, (2, 1), activation="relu"),
    "LSTM, tanh and linear gates": both(LSTM, 2, (2, 1), recurrent_activation="linear"),
    "LSTM, one of everything": both(LSTM, 1, (1, 1)),
    "LSTM, one time step": both(LSTM, 4, (1, 3), **SEQUENCES),
    "GRU": both(GRU, wrong=GRU_FAULTS, go_backwards=True),
    "GRU, sequences": both(GRU, **SEQUENCES),
    "GRU, no bias": both(GRU, use_bias=False),
    "GRU, other activations": both(GRU, **OTHERS, **SEQUENCES),
    "GRU, reset before": both(GRU, reset_after=False, wrong=BEFORE_FAULTS),
    "GRU, reset before, sequences": both(GRU, reset_after=False, go_backwards=True, **SEQUENCES),
    "GRU, reset before, no bias": both(GRU, reset_after=False, use_bias=False),
    "GRU, reset before, other activations": both(GRU, reset_after=False, **OTHERS),
    "GRU, one of everything": both(GRU, 1, (1, 1)),
    "Bidirectional": two_ways(LSTM, wrong=BOTH_FAULTS, inside=SEQUENCES),
    "Bidirectional, last": two_ways(GRU),
    **{
        f"Bidirectional, {mode}": two_ways(
            GRU,
            wrong=fault,
            inside=SEQUENCES,
            merge_mode=mode,
        )
        for mode, fault in (
            ("sum", None),
            (
                "ave",
                faults(
                    Bidirectional,
                    sum_for_mean=("compute_output", "y /= 2", "y /= 1"),
                    upstream_not_halved=(
                        "compute_gradients",
                        "(upstream / 2, upstream / 2)",
                        "(upstream, upstream)",
                    ),
                ),
            ),
            (
                "mul",
                faults(
                    Bidirectional,
                    factors_swapped=(
                        "compute_gradients",
                        "(upstream * b, upstream * a)",
                        "(upstream * a, upstream * b)",
                    ),
                ),
            ),
        )
    },
    "Bidirectional, mul, last": two_ways(SimpleRNN, merge_mode="mul"),
    "Bidirectional, another layer back": two_ways(
        LSTM, inside=SEQUENCES, back=(GRU, {"units": 2, "go_backwards": True, **SEQUENCES})
    ),
    "Bidirectional, of a layer that reads backwards": two_ways(
        SimpleRNN,
        inside={"go_backwards": True, **SEQUENCES},
        back=(SimpleRNN, {"units": 4, **SEQUENCES}),
    ),
}
