"""The words of LossLab: its sentence, its table, and what it says when it helps out."""

from html import escape

from dlkit.display.numbers import fixed, percent, short
from dlkit.labs.loss_data import COOLING, DAYS, THERMOMETERS
from dlkit.labs.loss_shown import border

NAMES = {
    "mean_squared_error": "mean squared error",
    "mean_absolute_error": "mean absolute error",
    "huber": "Huber",
    "log_cosh": "log cosh",
    "binary_crossentropy": "binary cross-entropy",
    "categorical_crossentropy": "categorical cross-entropy",
    "sparse_categorical_crossentropy": "sparse categorical cross-entropy",
    "hinge": "hinge",
    "kl_divergence": "KL divergence",
}
"""How sentences call the losses."""

MENU = NAMES | {
    "binary_crossentropy": "cross-entropy, binary",
    "categorical_crossentropy": "cross-entropy, one-hot",
    "sparse_categorical_crossentropy": "cross-entropy, labels",
}
"""How the menus call them, where there is less room."""

TO_CLASSES = (
    "This loss needs a truth of 0 or 1, so the data are now days with snow (1) or rain (0)."
)
TO_NUMBERS = (
    "The truth is a temperature now, any number: only mean squared error, mean absolute error, "
    "Huber and log cosh can be taken."
)


def full_name(loss, classes):
    """Return the name of a loss with its arguments, and with the sigmoid before it."""
    name = NAMES[loss.name]
    if loss.name == "huber":
        name += f" (delta {short(loss.delta)})"
    if getattr(loss, "label_smoothing", 0):
        name += f" (label smoothing {short(loss.label_smoothing)})"
    taken_on_sigmoid = classes and not loss.fuses_with and loss.name != "hinge"
    return f"{name} of a sigmoid" if taken_on_sigmoid else name


def sentence(shown):
    """Return what the picture shows, with its numbers."""
    classes = shown.data.classes
    values, slopes = shown.at_prediction()
    names = [full_name(loss, classes) for loss in shown.curves]
    what = {"number": "°C", "logit": "(a logit)", "probability": "(a probability)"}[shown.over]
    truth = ("rain (0)", "snow (1)")[int(shown.truth)] if classes else f"{fixed(shown.truth, 1)} °C"
    costs = " and ".join(
        f"{name} costs {short(value)} with the gradient {short(slope)}"
        for name, value, slope in zip(names, values, slopes, strict=True)
    )
    words = f"Truth {truth}, prediction {fixed(shown.prediction)} {what}: {costs}. "
    return words + (_two_classes(shown, names) if classes else _numbers(shown, names))


def _numbers(shown, names):
    first, second = shown.measured
    words = (
        f"Fitted to {THERMOMETERS} thermometers, {_count(shown.data.outliers, 'of them')} in the sun"
        f"{_too_warm(shown.data)}: air cools by {fixed(-first.line.w)} °C per km with {names[0]} "
        f"and by {fixed(-second.line.w)} with {names[1]}; planted are {fixed(-COOLING, 1)}."
    )
    return words + _pulls(shown, "On the lines without them, those in the sun make up")


def _two_classes(shown, names):
    parts = []
    for one, name in zip(shown.measured, names, strict=True):
        hits, snowy = one.found
        parts.append(
            f"{name} says snow {border(one.line)} (accuracy {percent(one.accuracy)}, finds {hits} "
            f"of {snowy} days with snow)"
        )
    wrong = shown.data.outliers
    words = f"Fitted to {DAYS} days, {shown.data.snow} with snow"
    if wrong:
        days = "1 more day" if wrong == 1 else f"{wrong} more days"
        words += f", and {days} around {fixed(1 + shown.data.distance, 1)} °C wrongly noted as snow"
    return f"{words}: {'; '.join(parts)}." + _pulls(shown, "The wrong notes make up")


def _pulls(shown, beginning):
    if not shown.data.outliers:
        return ""
    shares = [percent(one.wrong_share) for one in shown.measured]
    return f" {beginning} {shares[0]} and {shares[1]} of the pull."


def _too_warm(data):
    return f", {fixed(data.distance, 1)} °C too warm" if data.outliers else ""


def _count(number, of):
    return f"{number or 'none'} {of}"


def table(shown):
    """Return the formulae and the numbers of both losses as a table in HTML."""
    classes = shown.data.classes
    values, slopes = shown.at_prediction()
    head = ["loss at the prediction", "gradient there"]
    head += ["w per °C", "b", "says snow", "accuracy", "snow found"] if classes else [
        "°C per km", "at 0 km (°C)", "without those in the sun"]  # fmt: skip
    head.append("pull of the wrong ones")
    rows, formulae = "", ""
    for loss, one, value, slope in zip(shown.curves, shown.measured, values, slopes, strict=True):
        hits, snowy = one.found if classes else (0, 0)
        own = (
            [short(one.line.w), short(one.line.b), border(one.line),
             percent(one.accuracy), f"{hits} of {snowy}"]
            if classes
            else [fixed(one.line.w), fixed(one.line.b), fixed(one.clean.w)]
        )  # fmt: skip
        cells = [short(value), short(slope), *own, percent(one.wrong_share)]
        name = escape(full_name(loss, classes))
        rows += f'<tr><th scope="row">{name}</th>'
        rows += "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
        formula = escape(type(loss).__doc__.split("\n")[0])
        formulae += f"<p><strong>{name}</strong>: {formula}</p>"
    top = "".join(f'<th scope="col">{text}</th>' for text in ("loss", *head))
    return (
        f"{formulae}<details><summary>The numbers of both losses</summary>"
        f"<table><thead><tr>{top}</tr></thead><tbody>{rows}</tbody></table></details>"
    )
