"""Faults in the losses: mean for sum, lost factors, swapped arguments, clipping, smoothing."""

from mutant import Mutant

# What the table of the conformance tests calls the cases of a loss.
CASES = {
    "mean_squared_error": "mse",
    "mean_absolute_error": "mae",
    "binary_crossentropy": "binary",
    "categorical_crossentropy": "categorical",
    "sparse_categorical_crossentropy": "sparse",
}
# Losses of another form have test files of their own.
OWN_FILES = {
    "ctc": [
        (
            "unit/test_ctc.py",
            [
                "test_the_loss_is_the_sum_over_all_alignments",
                "test_gradient_is_the_central_difference",
                "test_laws",
                "test_even_odds_count_the_alignments",
                "test_gradient_by_hand",
                "test_labels_behind_the_length_do_not_count",
                "test_huge_logits_and_long_sequences_stay_finite",
            ],
        ),
        ("conformance/test_ctc_agrees.py", ["test_agrees_with_keras"]),
    ],
    "triplet_loss": [
        (
            "unit/test_triplet.py",
            [
                "test_values_by_hand",
                "test_gradients_by_hand",
                "test_gradient_is_the_central_difference",
                "test_equal_points_have_no_slope_and_the_margin_as_loss",
            ],
        ),
        ("conformance/test_triplet_agrees.py", ["test_agrees_with_tensorflow"]),
    ],
}


def tests(entry):
    """Return the tests of a loss: by hand, by central differences, and beside Keras."""
    if entry in OWN_FILES:
        return tuple(f"tests/{file}::{name}" for file, names in OWN_FILES[entry] for name in names)
    short = CASES.get(entry, entry)
    unit = "tests/unit/test_losses.py"
    names = dict.fromkeys((f"{unit}::{entry}", f"tests/conformance/test_losses_agree.py::{short}"))
    return tuple(names)


def fault(entry, place, find, replace, why, *more):
    """Return a mutant of a loss in losses.py."""
    return Mutant(entry, f"dlkit/losses.py: {place}", find, replace, why, more)


def entropy(entry, place, find, replace, why, *more):
    """Return a mutant of a cross-entropy."""
    return Mutant(entry, f"dlkit/crossentropy.py: {place}", find, replace, why, more)


def ctc(file, place, find, replace, why):
    """Return a mutant of CTC or of the alignments inside it."""
    return Mutant("ctc", f"dlkit/{file}.py: {place}", find, replace, why)


def triplet(place, find, replace, why):
    """Return a mutant of the triplet loss."""
    return Mutant("triplet_loss", f"dlkit/triplet.py: TripletLoss.{place}", find, replace, why)


MUTANTS = [
    fault(
        "mean_squared_error", "MeanSquaredError.slope", "2 * ", "", "the 2 lost in the derivative"
    ),
    fault(
        "mean_squared_error",
        "MeanSquaredError.slope",
        " / y_pred.shape[-1]",
        "",
        "sum for mean over the outputs",
    ),
    fault(
        "mean_squared_error", "MeanSquaredError.slope", "y_pred - y_true", "y_true - y_pred", "sign"
    ),
    fault(
        "mean_squared_error", "MeanSquaredError.per_sample", "** 2", "** 2 / 2", "half the square"
    ),
    Mutant(
        "mean_squared_error",
        "dlkit/loss_base.py: Loss.gradient",
        " / samples",
        "",
        "sum for mean over the batch",
    ),
    fault(
        "mean_absolute_error",
        "MeanAbsoluteError.slope",
        "y_pred - y_true",
        "y_true - y_pred",
        "sign",
    ),
    fault(
        "mean_absolute_error",
        "MeanAbsoluteError.slope",
        " / y_pred.shape[-1]",
        "",
        "sum for mean over the outputs",
    ),
    fault(
        "mean_absolute_error",
        "MeanAbsoluteError.per_sample",
        "np.abs(y_pred - y_true)",
        "y_pred - y_true",
        "no absolute value",
    ),
    Mutant(
        "mean_absolute_error",
        "dlkit/loss_base.py: Loss.value_and_gradient",
        " / samples",
        "",
        "sum for mean over the batch, on the training loop's door",
    ),
    fault("huber", "Huber.per_sample", " - delta**2 / 2", "", "a jump where the line begins"),
    fault("huber", "Huber.per_sample", "e * e / 2", "e * e", "half lost in the square"),
    fault(
        "huber",
        "Huber.per_sample",
        "delta * np.abs(e)",
        "np.abs(e)",
        "delta lost in the line (as in smooth L1)",
    ),
    fault(
        "huber",
        "Huber.slope",
        "np.clip(y_pred - y_true, -self.delta, self.delta)",
        "np.clip(y_pred - y_true, -1, 1)",
        "delta fixed at 1",
    ),
    fault("huber", "Huber.per_sample", "<= delta", ">= delta", "branches exchanged"),
    fault("log_cosh", "LogCosh.per_sample", " - np.log(2)", "", "without log 2"),
    fault("log_cosh", "LogCosh.per_sample", "-2 * size", "-size", "softplus of e instead of 2 e"),
    fault(
        "log_cosh",
        "LogCosh.slope",
        "np.tanh(y_pred - y_true)",
        "np.sinh(y_pred - y_true)",
        "sinh for tanh",
    ),
    fault(
        "log_cosh", "LogCosh.slope", "np.tanh(y_pred - y_true)", "np.tanh(y_true - y_pred)", "sign"
    ),
    fault("hinge", "Hinge.targets", "t == 0, -1, t", "t == 0, 0, t", "labels 0 left at 0"),
    fault(
        "hinge",
        "Hinge.slope",
        "(1 - y_true * y_pred > 0)",
        "(y_true * y_pred < 0)",
        "margin 0 in the derivative",
    ),
    fault("hinge", "Hinge.slope", "-y_true", "y_true", "sign"),
    fault("hinge", "Hinge.per_sample", "1 - y_true", "1 + y_true", "sign of the margin"),
    fault(
        "hinge",
        "Hinge.per_sample",
        "np.maximum(1 - y_true * y_pred, 0)",
        "np.maximum(1 - y_true * y_pred, 0) ** 2",
        "squared hinge",
    ),
    fault(
        "kl_divergence",
        "KLDivergence.per_sample",
        "t * np.log(t / y)",
        "y * np.log(y / t)",
        "arguments exchanged",
    ),
    fault(
        "kl_divergence",
        "KLDivergence.per_sample",
        "t * np.log(t / y)",
        "-t * np.log(y)",
        "cross-entropy: the truth's entropy lost",
    ),
    fault(
        "kl_divergence",
        "KLDivergence.per_sample",
        "np.sum",
        "np.mean",
        "mean for sum (PyTorch's reduction='mean')",
    ),
    fault(
        "kl_divergence",
        "KLDivergence.slope",
        " * (y == y_pred)",
        "",
        "gradient where the clip has cut",
    ),
    fault(
        "kl_divergence",
        "KLDivergence.slope",
        "-t / y",
        "np.log(t / y) - 1",
        "derivative with respect to the truth",
    ),
    entropy(
        "binary_crossentropy",
        "BinaryCrossentropy.per_sample",
        "np.log(1 - p)",
        "np.log(p)",
        "log p for log(1 - p)",
    ),
    entropy(
        "binary_crossentropy",
        "BinaryCrossentropy.per_sample",
        " - z * t",
        " - z * (1 - t)",
        "truth exchanged on logits",
    ),
    entropy(
        "binary_crossentropy",
        "BinaryCrossentropy.slope",
        "(sigmoid.forward(y_pred) - t)",
        "(y_pred - t)",
        "sigmoid left out on logits",
    ),
    entropy(
        "binary_crossentropy",
        "BinaryCrossentropy.smooth",
        "0.5 * self.label_smoothing",
        "self.label_smoothing",
        "smoothed towards 1, not 1/2",
    ),
    entropy(
        "binary_crossentropy",
        "BinaryCrossentropy.smooth",
        "y_true * (1 - self.label_smoothing) + 0.5 * self.label_smoothing",
        "(y_true + self.label_smoothing) / 2",
        "smoothing halves the truth (utils.pytorch#13)",
    ),
    entropy(
        "binary_crossentropy",
        "BinaryCrossentropy.slope",
        "inside * ",
        "",
        "gradient where the clip has cut",
    ),
    entropy(
        "binary_crossentropy",
        "BinaryCrossentropy.slope",
        " / (p * (1 - p))",
        "",
        "slope of the logits taken for that of the probabilities",
    ),
    entropy(
        "binary_crossentropy",
        "BinaryCrossentropy.per_sample",
        "np.log1p(np.exp(-np.abs(z)))",
        "np.log1p(np.exp(-z))",
        "overflow-proof form half done",
    ),
    entropy(
        "categorical_crossentropy",
        "CategoricalCrossentropy.smooth",
        "/ y_true.shape[-1]",
        "/ (y_true.shape[-1] - 1)",
        "smoothing over K - 1 classes (fastai#1814)",
    ),
    entropy(
        "categorical_crossentropy",
        "CategoricalCrossentropy.smooth",
        "self.label_smoothing / y_true",
        "1 / y_true",
        "1 / K for s / K (ConvE#55)",
    ),
    entropy(
        "categorical_crossentropy",
        "CategoricalCrossentropy.smooth",
        "(1 - self.label_smoothing)",
        "(1 - self.label_smoothing / y_true.shape[-1])",
        "1 - s / K for 1 - s (pytorch-randaugment#30)",
    ),
    entropy(
        "categorical_crossentropy",
        "CategoricalCrossentropy.per_sample",
        "y_pred / y_pred.sum(axis=-1, keepdims=True)",
        "y_pred",
        "rows not normalised",
    ),
    entropy(
        "categorical_crossentropy",
        "CategoricalCrossentropy.per_sample",
        "return -np.sum(t * np.log(p)",
        "return -np.mean(t * np.log(p)",
        "mean over the classes for sum",
    ),
    entropy(
        "categorical_crossentropy",
        "CategoricalCrossentropy.slope",
        "softmax.forward(y_pred) - t",
        "sigmoid.forward(y_pred) - t",
        "sigmoid for softmax",
    ),
    entropy(
        "categorical_crossentropy",
        "CategoricalCrossentropy.slope",
        "(g - np.sum(g * share, axis=-1, keepdims=True))",
        "g",
        "normalisation left out of the derivative",
    ),
    entropy(
        "categorical_crossentropy",
        "CategoricalCrossentropy.slope",
        "softmax.forward(y_pred) - t",
        "t - softmax.forward(y_pred)",
        "sign",
    ),
    entropy(
        "sparse_categorical_crossentropy",
        "SparseCategoricalCrossentropy.slope",
        "axis=-1) - 1, axis=-1)",
        "axis=-1) + 1, axis=-1)",
        "sign of the true class",
    ),
    entropy(
        "sparse_categorical_crossentropy",
        "SparseCategoricalCrossentropy.value_and_gradient",
        "p.reshape(-1)[true] -= 1",
        "p[:, self.targets(y_true, y_pred)] -= 1",
        "1 taken from every row",
    ),
    entropy(
        "sparse_categorical_crossentropy",
        "SparseCategoricalCrossentropy.value_and_gradient",
        "p /= samples",
        "",
        "sum for mean over the batch",
    ),
    entropy(
        "sparse_categorical_crossentropy",
        "SparseCategoricalCrossentropy.value_and_gradient",
        "        p /= total\n",
        "",
        "exponentials not divided by their sum",
    ),
    entropy(
        "sparse_categorical_crossentropy",
        "SparseCategoricalCrossentropy.per_sample",
        "np.take_along_axis(log_softmax.forward(z), truth,",
        "np.take_along_axis(log_softmax.forward(z), truth - 1,",
        "classes counted from 1",
    ),
    entropy(
        "sparse_categorical_crossentropy",
        "SparseCategoricalCrossentropy.slope",
        "delta / p * inside",
        "delta",
        "slope of the logits taken for that of the probabilities",
    ),
    entropy(
        "sparse_categorical_crossentropy",
        "SparseCategoricalCrossentropy.per_sample",
        "y_pred if self.from_logits else np.log(clip(y_pred)[0])",
        "y_pred",
        "softmax of probabilities: from_logits forgotten",
    ),
    ctc(
        "ctc_alignments",
        "may_skip",
        " & (states[:, 2:] != states[:, :-2])",
        "",
        "equal labels without a blank between them (chainer#2292)",
    ),
    ctc(
        "ctc_alignments",
        "sum_alignments",
        "(place == end) | (place == end - 1)",
        "place == end",
        "an alignment must end in a blank",
    ),
    ctc(
        "ctc_alignments",
        "sum_alignments",
        "log_alpha[:, 0, :2] = log_p[:, 0, :2]",
        "log_alpha[:, 0, :1] = log_p[:, 0, :1]",
        "an alignment must begin with a blank",
    ),
    ctc(
        "ctc_alignments",
        "sum_alignments",
        "np.asarray(input_length) - 1",
        "np.full(len(states), log_p.shape[1] - 1)",
        "lengths of the inputs ignored",
    ),
    ctc(
        "ctc_alignments",
        "sum_alignments",
        "log_p[:, t + 1] + log_beta[:, t + 1]",
        "log_p[:, t] + log_beta[:, t + 1]",
        "backward recursion one step off",
    ),
    ctc(
        "ctc_alignments",
        "_leaving",
        "move[:, :-1] = after[:, 1:]",
        "move[:, 1:] = after[:, :-1]",
        "backward recursion in the direction of the forward one",
    ),
    ctc("ctc", "_slope", "slope -= shares", "slope += shares", "sign of the posterior"),
    ctc(
        "ctc",
        "_slope",
        "np.where(within[..., np.newaxis], slope, 0.0)",
        "slope",
        "gradient behind the end of a sequence (returnn#1835 has its like)",
    ),
    ctc("ctc", "CTC.gradient", " / len(y_pred)", "", "sum for mean over the batch"),
    triplet("per_sample", "near - far", "far - near", "positive and negative exchanged"),
    triplet("per_sample", " + self.margin", "", "margin left out"),
    triplet("per_sample", "+ self.margin", "- self.margin", "sign of the margin"),
    triplet(
        "distance", "np.sqrt(square)", "square", "squared distance for distance (pytorch#3339)"
    ),
    triplet("distance", "np.sum(", "np.mean(", "mean over the features for sum"),
    triplet("distance_slope", "2 * (a - b)", "a - b", "the 2 lost in the derivative"),
    triplet(
        "slope",
        "near - far, -near, far",
        "near - far, -near, -far",
        "sign of the negative's gradient",
    ),
    triplet(
        "slope",
        "near - far, -near, far",
        "near, -near, far",
        "the anchor not pushed from the negative",
    ),
    triplet("gradient", "slope / samples", "slope", "sum for mean over the batch"),
]
