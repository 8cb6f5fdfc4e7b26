"""Faults in where weights start: fans exchanged, scales and truncation lost; and regularizers."""

from mutant import Mutant

FILE = "dlkit/initializers.py"
FANS = "tests/unit/test_initializers.py::test_fans"
ROWS = "tests/unit/test_initializers.py::test_orthogonal_rows_or_columns"


def tests(entry):
    """Return the tests of an initializer: mean, variance, bounds, and the spread of Keras's."""
    own = (f"tests/unit/test_initializers.py::{entry}",)
    return (*own, FANS) if entry.partition("_")[0] in ("glorot", "he", "lecun") else own


def regularizer_tests(entry):
    """Return the tests of the regularizers: by hand, in a layer, and in a whole network."""
    return (
        "tests/unit/test_layers.py::test_regularizers",
        "tests/unit/test_layers.py::test_regularization_of_a_layer",
    )


def fault(entry, place, find, replace, why, *more):
    """Return a mutant of one class of the file."""
    return Mutant(entry, f"{FILE}: {place}", find, replace, why, more)


def scaled(entry, kind, *own):
    """Return the faults that all the variance-scaling initializers can have, and its own."""
    draw = "VarianceScaling.draw"
    common = {
        "uniform": [
            fault(
                entry,
                draw,
                "3 * self.scale / fan",
                "self.scale / fan",
                "variance of the uniform distribution forgotten (LBANN#316)",
            ),
            fault(
                entry,
                draw,
                "math.sqrt(3 * self.scale / fan)",
                "3 * self.scale / fan",
                "variance taken for the limit",
            ),
            fault(
                entry,
                "compute_fans",
                "receptive_field * shape[-2], receptive_field",
                "shape[-2], 1",
                "receptive field left out of the fans (Flux.jl#442)",
            ),
            fault(
                entry,
                draw,
                "generator.uniform(-limit, limit, shape)",
                "generator.uniform(0, limit, shape)",
                "from 0 upwards",
            ),
        ],
        "normal": [
            fault(
                entry,
                draw,
                " / 0.87962566103423978",
                "",
                "variance lost by truncation not made up for",
            ),
            fault(
                entry,
                draw,
                "math.sqrt(self.scale / fan)",
                "self.scale / fan",
                "variance taken for the standard deviation",
            ),
            fault(
                entry,
                draw,
                "truncated_normal(generator, shape, stddev)",
                "stddev * generator.standard_normal(shape)",
                "not truncated",
            ),
            fault(
                entry,
                "compute_fans",
                "receptive_field * shape[-2], receptive_field",
                "shape[-2], 1",
                "receptive field left out of the fans (Flux.jl#442)",
            ),
        ],
    }
    return [*common[kind], *own]


def exchanged(entry):
    """Return fan_out in the place of fan_in (Lasagne#858)."""
    return fault(
        entry,
        "VarianceScaling.draw",
        '"fan_in": fan_in',
        '"fan_in": fan_out',
        "fan_out for fan_in (Lasagne#858)",
    )


MUTANTS = [
    fault("zeros", "Zeros.draw", "np.zeros(shape)", "np.ones(shape)", "ones"),
    fault("zeros", "Zeros.draw", "np.zeros(shape)", "np.zeros(shape) + 1e-3", "almost zero"),
    fault(
        "zeros",
        "Zeros.draw",
        "np.zeros(shape)",
        "0.01 * generator.standard_normal(shape)",
        "random biases",
    ),
    fault("ones", "Ones.draw", "np.ones(shape)", "np.zeros(shape)", "zeros"),
    fault("ones", "Ones.draw", "np.ones(shape)", "np.eye(*shape)", "the unit matrix"),
    fault(
        "ones", "Ones.draw", "np.ones(shape)", "np.ones(shape) / shape[0]", "divided by the inputs"
    ),
    fault("constant", "Constant.draw", "self.value", "1", "value ignored"),
    fault(
        "constant",
        "Constant.draw",
        "self.value",
        "-self.value",
        "sign",
        "tests/unit/test_initializers.py::test_fixed_values",
    ),
    fault("constant", "Constant", '"value": 0.0', '"value": 1.0', "default 1"),
    fault(
        "random_normal",
        "RandomNormal.draw",
        "self.stddev * generator",
        "self.stddev**2 * generator",
        "variance taken for the standard deviation",
    ),
    fault(
        "random_normal",
        "RandomNormal.draw",
        "self.stddev * generator",
        "self.stddev**0.5 * generator",
        "standard deviation taken for the variance",
    ),
    fault("random_normal", "RandomNormal.draw", "self.mean + ", "0.01 + ", "mean not 0"),
    fault("random_normal", "RandomNormal", '"stddev": 0.05', '"stddev": 0.1', "another default"),
    fault(
        "truncated_normal",
        "truncated_normal",
        "np.abs(values) > 2\n    while",
        "np.abs(values) > 9\n    while",
        "not truncated",
    ),
    fault(
        "truncated_normal",
        "truncated_normal",
        "return stddev * values",
        "return values",
        "standard deviation forgotten",
    ),
    fault(
        "truncated_normal",
        "truncated_normal",
        "values[beyond] = generator.standard_normal(int(beyond.sum()))",
        "values[beyond] = 2 * np.sign(values[beyond])",
        "clipped, not drawn again",
    ),
    fault("random_uniform", "RandomUniform", '"minval": -0.05', '"minval": 0.0', "from 0 upwards"),
    fault(
        "random_uniform",
        "RandomUniform.draw",
        "self.minval, self.maxval",
        "-1, 1",
        "bounds ignored",
    ),
    fault(
        "random_uniform",
        "RandomUniform.draw",
        "generator.uniform(self.minval, self.maxval, shape)",
        "generator.uniform(self.minval, self.maxval, shape) / 3**0.5",
        "bounds taken for standard deviations",
    ),
    *scaled(
        "glorot_uniform",
        "uniform",
        fault(
            "glorot_uniform",
            "VarianceScaling.draw",
            "(fan_in + fan_out) / 2",
            "fan_in + fan_out",
            "sum of the fans for their mean (Flux.jl#442)",
        ),
        fault(
            "glorot_uniform", "GlorotUniform", '"fan_average"', '"fan_in"', "fan_in for the mean"
        ),
    ),
    *scaled(
        "glorot_normal",
        "normal",
        fault("glorot_normal", "GlorotNormal", '"fan_average"', '"fan_in"', "fan_in for the mean"),
    ),
    *scaled(
        "he_uniform",
        "uniform",
        fault("he_uniform", "HeUniform", "2.0", "1.0", "LeCun's scale (LBANN#316)"),
        exchanged("he_uniform"),
    ),
    *scaled(
        "he_normal",
        "normal",
        fault("he_normal", "HeNormal", "2.0", "1.0", "LeCun's scale (LBANN#316)"),
        exchanged("he_normal"),
    ),
    *scaled(
        "lecun_uniform",
        "uniform",
        exchanged("lecun_uniform"),
        fault(
            "lecun_uniform",
            "LecunUniform",
            '"uniform"',
            '"normal"',
            "normal for uniform (LBANN#316)",
        ),
    ),
    *scaled("lecun_normal", "normal", exchanged("lecun_normal")),
    fault(
        "orthogonal",
        "Orthogonal.draw",
        "q * np.sign(np.diag(r))",
        "generator.standard_normal(q.shape)",
        "not orthogonal",
        ROWS,
    ),
    fault("orthogonal", "Orthogonal.draw", "self.gain * ", "self.gain**2 * ", "gain squared", ROWS),
    fault(
        "orthogonal",
        "Orthogonal.draw",
        "rows, columns = math.prod(shape[:-1]), shape[-1]",
        "rows, columns = shape[0], math.prod(shape[1:])",
        "rows counted over the first axis alone",
        ROWS,
    ),
    fault(
        "orthogonal",
        "Orthogonal.draw",
        "q * np.sign(np.diag(r))",
        "q",
        "signs of R left in: not uniform over the orthogonal matrices",
        "tests/unit/test_initializers.py::test_orthogonal_draws_have_no_favourite_sign",
    ),
]
REGULARIZERS = [
    Mutant(
        "l1",
        "dlkit/regularizers.py: L1L2.slope",
        "np.sign(w)",
        "np.abs(w)",
        "absolute value for the sign",
    ),
    Mutant("l1", "dlkit/regularizers.py: L1L2.penalty", "np.abs(w)", "w", "no absolute value"),
    Mutant("l1", "dlkit/regularizers.py: L1.__init__", "l1=l1", "l2=l1", "squares instead"),
    Mutant(
        "l1",
        "dlkit/regularizers.py: L1L2.slope",
        "self.l1 * np.sign(w)",
        "-self.l1 * np.sign(w)",
        "sign",
    ),
    Mutant(
        "l2",
        "dlkit/regularizers.py: L1L2.slope",
        "2 * self.l2 * w",
        "self.l2 * w",
        "the 2 lost in the derivative",
    ),
    Mutant(
        "l2",
        "dlkit/regularizers.py: L1L2.penalty",
        "float(np.square(w).sum())",
        "float(np.square(w).sum() ** 0.5)",
        "the norm, not its square",
    ),
    Mutant(
        "l2",
        "dlkit/regularizers.py: L1L2.penalty",
        "self.l2 * float",
        "self.l2 / 2 * float",
        "half the square (PyTorch's weight decay)",
    ),
    Mutant(
        "l2",
        "dlkit/regularizers.py: L1L2.penalty",
        "np.square(w).sum()",
        "np.square(w).mean()",
        "mean for sum",
    ),
    Mutant(
        "l2",
        "dlkit/layers/base.py: Layer.add_regularization_gradients",
        "+= regularizer",
        "-= regularizer",
        "the penalty's gradient taken off",
    ),
    Mutant(
        "l1_l2",
        "dlkit/regularizers.py: L1L2.__init__",
        '"l1", l1',
        '"l1", l2',
        "both strengths the same",
    ),
    Mutant(
        "l1_l2",
        "dlkit/regularizers.py: L1L2.penalty",
        "self.l1 * float(np.abs(w).sum()) + ",
        "",
        "l1 left out of the value",
    ),
    Mutant(
        "l1_l2",
        "dlkit/regularizers.py: L1L2.slope",
        " + 2 * self.l2 * w",
        "",
        "l2 left out of the gradient",
    ),
    Mutant(
        "l1_l2",
        "dlkit/regularizers.py: L1L2.slope",
        "self.l1 * np.sign(w) + 2 * self.l2 * w",
        "2 * self.l1 * np.sign(w) + self.l2 * w",
        "the 2 at the wrong place",
    ),
]
