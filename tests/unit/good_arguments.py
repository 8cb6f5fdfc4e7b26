"""A good value and its kind for every argument of every public name.

Where to add what a new name needs: an argument that means the same wherever it stands has a row in
`ARGUMENTS` (``good_common.py``); what holds for one callable alone has a row in `SPECIAL`
(``good_specials.py``), under the callable's name; what all layers or all losses share stands here.
A new loss that is no regression has a row in `LOSS_ARGUMENTS`, a class whose methods need more than
a constructor call one in `INSTANCES`.
"""

import functools
import math
from dataclasses import replace

import numpy as np
from bad_values import (
    Argument,
    Made,
    array,
    choice,
    count,
    dictionary,
    function,
    labels,
    number,
    probabilities,
    shape,
    text,
    thing,
    truth,
)
from good_common import (
    ARGUMENTS,
    GENERATOR,
    INITIALIZER,
    REGULARIZER,
    SCALAR_TOO,
    arrays_in,
    fraction,
    optional,
    rate,
    share,
    window,
)
from good_preparation import PREPARATION, prepared
from good_recurrent import RECURRENT, RECURRENT_CONSTRUCTORS
from good_specials import SPECIAL
from good_things import (
    CURVES,
    GRADIENTS,
    LABELS,
    ONE_HOT,
    PARAMETERS,
    QUIZ,
    SHARES,
    X,
    data,
    job,
    network,
)
from public_names import Callable

from dlkit import (
    activations,
    autodiff,
    datasets,
    initializers,
    layers,
    losses,
    optimizers,
    schedules,
)
from dlkit.display.lab import Lab
from dlkit.display.quiz import Quiz
from dlkit.network import Network
from dlkit.network_loss import NetworkLoss
from dlkit.preparation import Prepared
from dlkit.report import Report
from dlkit.training import TrainingConfig, TrainingJob

# layer -> the shape of one input, where it is not (4,)
LAYER_INPUTS = {
    "Flatten": (2, 2),
    "Conv2D": (4, 4, 2),
    "Conv1D": (4, 2),
    "MaxPooling2D": (4, 4, 2),
    "AveragePooling2D": (4, 4, 2),
    "GlobalAveragePooling2D": (4, 4, 2),
    "GlobalAveragePooling1D": (4, 2),
    "PositionalEncoding": (4, 2),
    **dict.fromkeys(("SimpleRNN", "LSTM", "GRU", "Bidirectional"), (4, 2)),
    **dict.fromkeys(("MultiHeadAttention", "TransformerEncoder", "TransformerDecoder"), (4, 2)),
}

# loss -> (y_true, y_pred)
LOSS_ARGUMENTS = {
    "BinaryCrossentropy": (probabilities(ONE_HOT), probabilities(SHARES)),
    "CategoricalCrossentropy": (probabilities(ONE_HOT), probabilities(SHARES)),
    "SparseCategoricalCrossentropy": (labels(LABELS, 3), probabilities(SHARES, width=False)),
    "Hinge": (array(2 * ONE_HOT - 1), array(SHARES)),
    "KLDivergence": (probabilities(SHARES), probabilities(SHARES)),
    "CTC": (
        labels(np.where(LABELS[:, None] == 2, [[1, 2]], [[3, 0]]), 4, width=False),
        array(np.stack([X, X, X], axis=1), width=False),
    ),
}
REGRESSION = (array(ONE_HOT), array(SHARES))
LENGTHS = {  # of the sequences of CTC: of two labels, and of three time steps
    "label_length": array([1, 1, 2, 1, 1, 2], integers=True, none=True),
    "input_length": array([3, 3, 2, 3, 3, 3], integers=True, none=True),
}


def _family(each):
    """Return what all kinds of activations, losses, optimizers … have in common."""
    owner, kind = each.owner, each.owner or each.function
    if not isinstance(kind, type):
        return {}
    constructor = owner is None
    if issubclass(kind, activations.Activation):
        if constructor or each.function == "with_parameters":
            return _activation_parameters(kind)
        arrays = {"x": array(X, any_shape=True), "upstream": array(X)}
        taken = each.parameters()
        return {name: arrays[name] for name in taken if name in arrays} | _activation_parameters(
            kind
        )
    if issubclass(kind, losses.Loss):
        y_true, y_pred = LOSS_ARGUMENTS.get(kind.__name__, REGRESSION)
        if constructor:
            smoothing = {"from_logits": truth(False), "label_smoothing": fraction()}
            return {**smoothing, "delta": rate(), "margin": rate(1.0), "squared": truth(True)}
        triplet = dict.fromkeys(("anchor", "positive", "negative"), array(SHARES))
        return {"y_true": y_true, "y_pred": y_pred, **LENGTHS, **triplet}
    if issubclass(kind, initializers.Initializer):
        given = {name: number(0.01) for name in kind.defaults}
        two = replace(SCALAR_TOO, odd=([3, 4],)) if kind.__name__ == "Orthogonal" else SCALAR_TOO
        return given if constructor else {"shape": two}
    if issubclass(kind, optimizers.Optimizer):
        if constructor:
            return _optimizer_arguments(kind)
        methods = {**OPTIMIZER_METHODS, "state": _optimizer_state(kind)}
        methods |= WHOLE_LOSS_METHODS if kind is optimizers.LBFGS else {}
        return {name: methods[name] for name in each.parameters() if name in methods}
    if issubclass(kind, schedules.Schedule) and not constructor:
        bad = tuple(value for value in number(3, minimum=0).bad if np.size(value) != 2)
        return {"step": Argument(3, (*bad, [1, -1], [math.nan]), ([1, 2], np.int64(3)))}
    if issubclass(kind, layers.Layer):
        return _layer_constructor(kind) if constructor else _layer_methods(kind)
    if issubclass(kind, autodiff.Value):
        other = number(2.0, names=("other", "exponent", "base", "data"))
        return {name: other for name in ("other", "exponent", "base", "data")}
    if issubclass(kind, Lab):
        return _lab_arguments(kind, constructor)
    return {}


def _layer_constructor(kind):
    names = (3, True, "", "a/b", [], {}, object(), math.nan, b"dense")
    axes = getattr(kind, "axes", 2)
    targets = (*shape((2, 2)).bad[:-2], (-1, -1), (-2, 2))
    targets = tuple(bad for bad in targets if bad != (-1,))
    return {
        "momentum": share(),
        "filters": count(3),
        "kernel_size": window(2, axes),
        "pool_size": window(2, axes),
        "strides": optional(window(1, axes)) if "Pooling" in kind.__name__ else window(1, axes),
        "padding": choice("same", ("valid", "same")),
        "keepdims": truth(True),
        "input_dim": number(5, minimum=1, maximum=2**24, whole=True),
        "output_dim": count(3),
        "sequence_length": optional(count(4)),
        "kind": choice("learned", ("sinusoidal", "learned")),
        "layers": Argument(
            Made(lambda: [layers.Dense(4)]),
            (None, 3, "text", [], {}, layers.Dense(4), [layers.Dense], [None], [3], [{}]),
        ),
        "name": Argument("mine", names, (None,)),
        "key_dim": count(3),
        "value_dim": optional(count(3)),
        "context_dim": optional(count(3)),
        "dropout": fraction(),
        "causal": truth(True),
        "normalize_first": truth(True),
        "layer_norm_epsilon": rate(0.001),
        "target_shape": Argument((2, 2), targets, ([2, 2], (-1,), (-1, 2))),
        **RECURRENT_CONSTRUCTORS.get(kind.__name__, {}),
    }


def _layer_methods(kind):
    given, taken = instance_of(kind).output_shape, LAYER_INPUTS.get(kind.__name__, (4,))
    return {
        "x": array(np.ones((6, *taken), "float32"), alone=True),
        "upstream": array(np.ones((6, *given), "float32")),
        "generator": GENERATOR,
        "input_shape": shape(taken),
        "mask": array(np.ones((6, taken[0]), bool), none=True),
        **ATTENTION_METHODS.get(kind.__name__, {}),
    }


SEQUENCE = np.ones((6, 4, 2), "float32")
ATTENTION_METHODS = {
    "MultiHeadAttention": {
        "query": array(SEQUENCE, alone=True),
        "value": array(SEQUENCE, none=True),
        "key": array(SEQUENCE, none=True),
        "padding_mask": array(np.ones((6, 4), bool), none=True),
        "attention_mask": array(np.ones((6, 4, 4), bool), none=True, width=True, any_shape=True),
    },
    "TransformerDecoder": {
        "x": array(SEQUENCE, alone=True),
        "context": thing(None, SEQUENCE, optional=True),  # the decoder here has none
        "context_mask": thing(None, np.ones((6, 4), bool), optional=True),
    },
}


def _activation_parameters(kind):
    return {
        name: truth(value) if isinstance(value, bool) else number(value, minimum=0)
        for name, value in kind.defaults.items()
    }


def _optimizer_arguments(kind):
    limits = {name: row.limits for name, row in kind.rule.hyperparameters.items()}
    values = {name: row.default for name, row in kind.rule.hyperparameters.items()}
    own = {
        name: truth(value) if isinstance(value, bool) else number(value, **limits[name])
        for name, value in values.items()
    }
    if kind is optimizers.LBFGS:
        return own
    own |= {name: rate(1.0, optional=True) for name in ("clipnorm", "clipvalue", "global_clipnorm")}
    return own | {"weight_decay": number(0.1, minimum=0, optional=True)}


OPTIMIZER_METHODS = {
    "gradients": arrays_in(GRADIENTS),
    "parameters": arrays_in(PARAMETERS),
    "flat_gradients": array(np.full(6, 0.5, "float32"), width=False),
    "flat_parameters": Argument(
        Made(lambda: np.ones(6, "float32")),
        (None, 3, "text", [1.0] * 6, np.ones((2, 3)), np.ones(5), np.ones(6, int), np.ones(0)),
        names=("flat_parameters", "flat_gradients", "parameters"),
    ),
    "segments": Argument(
        Made(lambda: [("w", 0, 6, (6,))]),
        (3, "text", [3], [("w", 0)], [("w", 0, 5, (5,))], [("w", 1, 6, (5,))], {}, [], [(1, 2, 3)],
         [("w", "0", 6, (6,))], [("w", 0, math.nan, (6,))], [("w", 0, None, (6,))]),
    ),
    "learning_rate": rate(),
}  # fmt: skip


def parabola(x):
    """Return value and gradient of a function for L-BFGS."""
    return float((x * x).sum()), 2 * x


def _pairs_that_are_none():
    return (lambda x: (x, x)), (lambda x: (1.0, "text")), (lambda x: (1.0, np.ones(0)))


FLAT = Argument(
    Made(lambda: np.ones(6)),
    (None, 3, "text", [1.0] * 6, {}, np.ones(6, int), np.ones(0), np.full(6, math.nan)),
)
WHOLE_LOSS_METHODS = {
    "function": Argument(
        parabola, (*function(parabola).bad, *_pairs_that_are_none()), names=("function",)
    ),
    "x0": array(np.ones(6), any_shape=True),
    "parameters": FLAT,
    "start": Argument(
        (6.0, np.full(6, 2.0)), (3, "text", (1.0,), (1.0, [2.0]), ("a", np.ones(6)), {}, math.nan),
        odd=(None,),
    ),
    "max_iterations": count(3),
    "tolerance": rate(),
}  # fmt: skip


def _optimizer_state(kind):
    spoilt = (
        {},
        {"iterations": -1},
        {"iterations": "3"},
        {"iteratons": 1},
        {"iterations": 2.5},
        {"iterations": 0, "learning_rate": -1},
        {"iterations": math.nan},
    )
    names = ("state", "iterations", "learning_rate")
    return dictionary(Made(lambda: kind().state), *spoilt, names=names)


def _lab_arguments(kind, constructor):
    if not constructor:
        state = {"lab": kind.__name__, "controls": {}}
        bad = ({}, {"lab": kind.__name__}, {**state, "lab": "NeuronLap"}, {**state, "controls": 3})
        bad += ({**state, "controls": {"qq": 3}},)
        state = dictionary(state, *bad, names=("state", "control"))
        found = {"state": state, "timeout": ARGUMENTS["timeout"]}
        return found
    own = {"challenge": text("Try.", optional=True)}
    for name, made in shown(kind).controls.items():
        own[name] = _control(made)
    return own


@functools.cache
def shown(kind):
    """Return one lab of a kind, made once."""
    return kind()


def _control(made):
    """Return what a control takes, in few values: each of them makes all widgets of a lab."""
    if hasattr(made, "bounds"):
        return Argument(made.value, ("3", math.nan, made.bounds[0] - 1))
    if isinstance(made.value, bool):
        return Argument(made.value, ("yes", 1))
    if hasattr(made, "longest"):
        return Argument(made.value, (3, "x" * (made.longest + 1)))
    return Argument(made.value, ("qqqq", None))


# class -> an instance ready for its methods, where calling the class is not enough
INSTANCES = {
    Network: network,
    TrainingJob: job,
    NetworkLoss: lambda: NetworkLoss(network(), X, LABELS),
    TrainingConfig: TrainingConfig,
    datasets.Data: lambda: datasets.Data(X, LABELS, X, LABELS, X, LABELS),
    Report: lambda: Report(network(), data(), CURVES),
    Quiz: lambda: Quiz(*QUIZ),
    Prepared: prepared,
}


def _seen(layer):
    layer.forward(np.ones((6, *LAYER_INPUTS.get(type(layer).__name__, (4,))), "float32"))
    return layer


def instance_of(owner):
    """Return an instance of a class, ready for its methods."""
    if owner in INSTANCES:
        return INSTANCES[owner]()
    if owner.__name__ == "TrainingLab":
        made = owner(dataset="iris")
        made.job.step(epochs=1)  # without which there is nothing to export
        return made
    if issubclass(owner, Lab):
        return owner()
    made = owner(**good_arguments(Callable(f"{_place(owner)}.{owner.__name__}", owner)))
    if isinstance(made, layers.Layer):
        _seen(made)
    if isinstance(made, optimizers.LBFGS):
        made.step(parabola, np.arange(6.0))
    elif isinstance(made, optimizers.Optimizer):
        made.apply(GRADIENTS, {"w": PARAMETERS["w"].copy()})
    return made


def _place(owner):
    return owner.__module__.removeprefix("dlkit.")


@functools.cache
def arguments_for(each):
    """Return name -> `Argument` for a public callable; raise ``KeyError`` for what nobody gave."""
    own = {
        **_family(each),
        **RECURRENT.get(each.name, {}),
        **PREPARATION.get(each.name, {}),
        **SPECIAL.get(each.name, {}),
    }
    found = {}
    for name, parameter in each.parameters().items():
        if name in own:
            found[name] = own[name]
        elif parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            found |= {extra: own[extra] for extra in own if extra != "*"}
        elif name.endswith("_initializer"):
            found[name] = INITIALIZER
        elif name.endswith("_regularizer"):
            found[name] = REGULARIZER
        else:
            found[name] = ARGUMENTS[name]
    return {name: found[name] for name in found if name in each.parameters() or each.open_ended}


def good_arguments(each):
    """Return good values for the arguments that a callable needs, fresh for this call."""
    given = dict(SPECIAL.get(each.name, {}).get("*", {}))
    for name, argument in arguments_for(each).items():
        parameter = each.parameters().get(name)
        if parameter is not None and parameter.default is parameter.empty:
            given.setdefault(name, fresh(argument.good))
    return given


def fresh(value):
    """Return a good value for one call; arrays are copied."""
    if isinstance(value, Made):
        return value.make()
    return value.copy() if isinstance(value, np.ndarray) else value
