"""The programs that do what ConvolutionLab shows, in dlkit and in Keras."""

_IMPORTS = {
    "dlkit": "import numpy as np\n",
    "keras": (
        'import os\n\nos.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")\n'
        "import keras\nimport numpy as np\n"
    ),
}


def program(library, view, image, *, kernel, stride, padding, place, size, cover):
    """Return a program that prints what the lab shows.

    Parameters
    ----------
    library : str
        ``"dlkit"`` or ``"keras"``.
    view : str
        ``"slide"``, ``"layers"`` or ``"occlusion"``.
    image : int or list of list of float
        The position of a digit in the validation part, or the pixels themselves.
    kernel : list of list of float
    stride : int
    padding : str
    place : tuple of int
        (row, column) in the result, from 0.
    size : int
        Of the covering patch.
    cover : float
        What the patch is filled with.

    Returns
    -------
    str
    """
    parts = [_IMPORTS[library] + _imports(library, view, image), _image(image)]
    if view == "slide":
        parts.append(_slide(library, kernel, stride, padding, place))
    elif view == "layers":
        parts.append(_LAYERS[library])
    else:
        parts.append(_OCCLUSION[library].format(size=size, cover=cover))
    return "\n".join(parts)


def _imports(library, view, image):
    names = ["from dlkit import datasets\n"] if isinstance(image, int) else []
    if view != "slide":
        names.append("from dlkit.labs.digit_reader import digit_reader\n")
    elif library == "dlkit":
        names.append("from dlkit.layers import Conv2D\n")
    return "\n" + "".join(names) if names else ""


def _image(image):
    if isinstance(image, int):
        return f'image = datasets.digits().x_validation[{image}].astype("float64")  # (8, 8, 1), unseen\n'
    rows = "".join(f"    {row},\n" for row in image)
    return f"image = np.array([\n{rows}])[:, :, np.newaxis]  # (8, 8, 1)\n"


def _slide(library, kernel, stride, padding, place):
    rows = "".join(f"    {row},\n" for row in kernel)
    layer = {
        "dlkit": (
            f'layer = Conv2D(1, 3, strides={stride}, padding="{padding}", use_bias=False)\n'
            'layer.build(image.shape, dtype="float64")\n'
            'layer.parameters["kernel"][:, :, 0, 0] = kernel\n'
            "result = layer.forward(image[np.newaxis])[0, :, :, 0]\n"
        ),
        "keras": (
            "layer = keras.layers.Conv2D(\n"
            f'    1, 3, strides={stride}, padding="{padding}", use_bias=False\n)\n'
            "layer.build((None, 8, 8, 1))\n"
            "layer.set_weights([kernel[:, :, np.newaxis, np.newaxis]])\n"
            "result = keras.ops.convert_to_numpy(layer(image[np.newaxis]))[0, :, :, 0]\n"
        ),
    }[library]
    row, column = place
    return (
        f"kernel = np.array([\n{rows}])\n\n{layer}\n"
        'print("size of the result:", result.shape)\n'
        f'print(f"row {row + 1}, column {column + 1}: {{result[{row}, {column}]:.4f}}")\n'
    )


_SAID = 'said = answers.argmax()\nprint(f"read as {said} with probability {answers[said]:.4f}")\n'

_LAYERS = {
    "dlkit": (
        "reader = digit_reader()  # a small trained network\n"
        "y = image[np.newaxis]\n"
        "for layer in reader.layers:\n"
        "    y = layer.forward(y)\n"
        "    print(layer.name, y.shape[1:])\n"
        f"answers = y[0]\n{_SAID}"
    ),
    "keras": (
        "model = digit_reader().to_keras()  # a small trained network\n"
        "outputs = [layer.output for layer in model.layers]\n"
        "watched = keras.Model(model.inputs, outputs)\n"
        "maps = watched.predict(image[np.newaxis], verbose=0)\n"
        "for layer, y in zip(model.layers, maps):\n"
        "    print(layer.name, y.shape[1:])\n"
        f"answers = maps[-1][0]\n{_SAID}"
    ),
}

_COVER = (
    "size, cover = {size}, {cover}\n"
    "places = list(np.ndindex(9 - size, 9 - size))\n"
    "copies = np.repeat(image[np.newaxis], len(places), axis=0)\n"
    "for copy, (row, column) in zip(copies, places):\n"
    "    copy[row : row + size, column : column + size] = cover\n"
)
_WORST = (
    "said = before.argmax()\n"
    "worst = after[:, said].argmin()\n"
    'print(f"read as {{said}} with probability {{before[said]:.4f}}")\n'
    'print(f"worst patch at {{places[worst]}}, left {{after[worst, said]:.4f}}")\n'
)
_OCCLUSION = {
    "dlkit": (
        f"reader = digit_reader()  # a small trained network\n{_COVER}"
        "before = reader.predict(image[np.newaxis])[0]\n"
        f"after = reader.predict(copies)\n{_WORST}"
    ),
    "keras": (
        f"model = digit_reader().to_keras()  # a small trained network\n{_COVER}"
        "before = model.predict(image[np.newaxis], verbose=0)[0]\n"
        f"after = model.predict(copies, verbose=0)\n{_WORST}"
    ),
}
