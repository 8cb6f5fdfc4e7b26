"""Faults in the activations: signs, missing factors, constants of another paper, wrong axes."""

from mutant import Mutant

FILE = "dlkit/activations.py"


def tests(entry):
    """Return the tests of an activation: by hand, by central differences, beside Keras and SciPy."""
    unit = (f"tests/unit/test_activations.py::{entry}",)
    return (*unit, f"tests/conformance/test_activations_agree.py::{entry}")


def fault(entry, place, find, replace, why, *more):
    """Return a mutant of one class of the file."""
    return Mutant(entry, f"{FILE}: {place}", find, replace, why, more)


MUTANTS = [
    fault("sigmoid", "Sigmoid.slope", "(1 - y)", "(1 + y)", "sign in the derivative"),
    fault("sigmoid", "Sigmoid.slope", "y * (1 - y)", "1 - y * y", "the derivative of tanh"),
    fault("sigmoid", "Sigmoid.slope", "y * (1 - y)", "x * (1 - x)", "slope from x instead of y"),
    fault("sigmoid", "Sigmoid.forward", "x >= 0", "x > 1", "the wrong branch between 0 and 1"),
    fault("tanh", "Tanh.slope", "1 - y * y", "1 - y", "y not squared"),
    fault("tanh", "Tanh.slope", "1 - y * y", "1 - x * x", "slope from x instead of y"),
    fault("tanh", "Tanh.slope", "1 - y * y", "y * (1 - y)", "the derivative of the sigmoid"),
    fault(
        "tanh", "Tanh.forward", "np.tanh(x, out=out)", "np.tanh(x / 2, out=out)", "argument halved"
    ),
    fault("relu", "Relu.slope", "y > 0", "y >= 0", "slope 1 at 0, where Keras has 0"),
    fault("relu", "Relu.backward", "y > 0", "y >= 0", "gradient passes where the unit is off"),
    fault("relu", "Relu.backward", "upstream * (y > 0)", "upstream * y", "times y, not its sign"),
    fault("relu", "Relu.forward", "np.maximum(x, 0", "np.abs(x", "absolute value"),
    fault(
        "leaky_relu",
        "LeakyRelu.forward",
        "self.negative_slope * x",
        "-self.negative_slope * x",
        "sign of the leak",
    ),
    fault(
        "leaky_relu",
        "LeakyRelu.slope",
        "self.negative_slope",
        "0",
        "the leak lost in the backward pass",
    ),
    fault(
        "leaky_relu",
        "LeakyRelu",
        '"negative_slope": 0.01',
        '"negative_slope": 0.2',
        "Keras's default instead of the paper's",
    ),
    fault("leaky_relu", "LeakyRelu.slope", "x > 0", "x >= 0", "slope at the kink"),
    fault(
        "elu",
        "Elu.slope",
        "self.alpha * np.exp(np.minimum(x, 0))",
        "y",
        "slope y instead of y + alpha (DeepCL#46 asks)",
    ),
    fault(
        "elu",
        "Elu.slope",
        "self.alpha * np.exp(np.minimum(x, 0))",
        "self.alpha + self.alpha * y",
        "y of y: alpha twice (mlpack#1540)",
    ),
    fault("elu", "Elu.slope", "self.alpha * np.exp", "np.exp", "alpha missing in the derivative"),
    fault("elu", "Elu.forward", "np.expm1", "np.exp", "without - 1"),
    fault(
        "selu",
        "Selu",
        "alpha = 1.6732632423543772",
        "alpha = 1.7580993408473768",
        "scale times alpha taken for alpha (tensorflow#10818)",
    ),
    fault("selu", "Selu.slope", "self.scale * np.where", "np.where", "slope without scale"),
    fault("selu", "Selu.slope", "self.alpha * np.exp", "np.exp", "slope without alpha"),
    fault(
        "selu",
        "Selu.forward",
        "self.scale * np.where(x > 0, x,",
        "np.where(x > 0, x, self.scale *",
        "scale on one side only",
    ),
    fault("gelu", "Gelu.slope", "+ x * density", "", "slope without x φ(x)"),
    fault(
        "gelu", "Gelu.slope", "math.sqrt(2 * math.pi)", "(2 * math.pi)", "density without the root"
    ),
    fault("gelu", "_gelu_argument", "0.044715", "0.44715", "a zero lost in the constant"),
    fault("gelu", "_gelu_argument", "x * x * x", "x * x", "square for cube"),
    fault("gelu", "Gelu.slope", "3 * 0.044715", "0.044715", "the cube's 3 lost in the derivative"),
    fault("gelu", "_normal_distribution", "-math.sqrt(0.5)", "-1", "erf of x instead of x / √2"),
    fault(
        "silu",
        "Silu.slope",
        "s * (1 + x * (1 - s))",
        "s * (1 - s)",
        "the derivative of the sigmoid",
    ),
    fault("silu", "Silu.slope", "1 + x * (1 - s)", "1 - x * (1 - s)", "sign in the derivative"),
    fault("silu", "Silu.slope", "1 + x * (1 - s)", "1 + x * s", "s for 1 - s"),
    fault(
        "silu",
        "Silu.forward",
        "sigmoid.forward(x)",
        "sigmoid.forward(1.702 * x)",
        "the quick form of gelu",
    ),
    fault("softplus", "Softplus.slope", "sigmoid.forward(x)", "sigmoid.forward(-x)", "sign"),
    fault(
        "softplus",
        "Softplus.slope",
        "sigmoid.forward(x)",
        "1 - np.exp(-x)",
        "slope from the series",
    ),
    fault(
        "softplus",
        "Softplus.forward",
        "np.logaddexp(0, x, out=out)",
        "np.where(x > 2, x, np.logaddexp(0, x))",
        "linear above a threshold, as PyTorch's above 20",
    ),
    fault(
        "softplus",
        "Softplus.forward",
        "np.logaddexp(0, x",
        "np.logaddexp(0, -x",
        "sign of the argument",
    ),
    fault("softsign", "Softsign.slope", "** 2", "", "not squared"),
    fault("softsign", "Softsign.slope", "1 + np.abs(x)", "1 + x", "no absolute value in the slope"),
    fault(
        "softsign", "Softsign.forward", "1 + np.abs(x)", "1 + x * x", "square for absolute value"
    ),
    fault("softsign", "Softsign.slope", "1 / (1", "x / (1", "x left standing"),
    fault("hard_sigmoid", "HardSigmoid.forward", "(x + 3) / 6", "0.2 * x + 0.5", "Keras 2's slope"),
    fault(
        "hard_sigmoid", "HardSigmoid.slope", "np.abs(x) < 3", "np.abs(x) <= 3", "slope at the kinks"
    ),
    fault("hard_sigmoid", "HardSigmoid.slope", "np.abs(x) < 3", "x < 3", "slope below -3"),
    fault("hard_sigmoid", "HardSigmoid.slope", "/ 6", "/ 3", "width taken for half the width"),
    fault("mish", "Mish.slope", "t + x *", "t + ", "x missing in the product rule"),
    fault("mish", "Mish.slope", "(1 - t * t)", "(1 - t)", "t not squared"),
    fault(
        "mish",
        "Mish.slope",
        "t + x * sigmoid.forward(x) * (1 - t * t)",
        "t",
        "product rule half done",
    ),
    fault(
        "mish", "Mish.forward", "np.tanh(softplus.forward(x))", "np.tanh(x)", "softplus left out"
    ),
    fault("linear", "Linear.slope", "np.ones_like(x)", "x", "slope x"),
    fault(
        "linear", "Linear.backward", "return upstream", "return upstream * x", "upstream times x"
    ),
    fault("linear", "Linear.forward", "return x", "return x - x.mean()", "centred"),
    fault(
        "softmax",
        "Softmax.backward",
        "y * (upstream - (upstream * y).sum(axis=-1, keepdims=True))",
        "upstream * y * (1 - y)",
        "only the diagonal of the Jacobian",
    ),
    fault(
        "softmax",
        "Softmax.backward",
        "(upstream * y).sum",
        "upstream.sum",
        "upstream not weighted by y",
    ),
    fault(
        "softmax",
        "Softmax.forward",
        "e.sum(axis=-1, keepdims=True)",
        "e.sum(axis=0, keepdims=True)",
        "summed along the first axis",
    ),
    fault("softmax", "Softmax.backward", "(upstream - (", "(upstream + (", "sign in the Jacobian"),
    fault(
        "log_softmax",
        "LogSoftmax.backward",
        "upstream.sum",
        "(upstream * y).sum",
        "weighted as in softmax",
    ),
    fault(
        "log_softmax",
        "LogSoftmax.backward",
        "np.exp(y) *",
        "y *",
        "log probability for probability",
    ),
    fault(
        "log_softmax",
        "LogSoftmax.forward",
        "np.exp(shifted).sum(axis=-1, keepdims=True)",
        "np.exp(shifted).sum()",
        "normalised over the whole batch",
    ),
    fault(
        "log_softmax",
        "LogSoftmax.forward",
        "return shifted -",
        "return x -",
        "the maximum not taken off on one side",
    ),
]
