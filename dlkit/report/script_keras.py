"""The training part of an exported script for ``model.fit`` of Keras."""

import numpy as np

# How a script may write the labels, and the same as a function of (y, outputs, dtype)
FORMS = (
    ("{y}", lambda y, outputs, dtype: y),
    ("{y}.astype('{dtype}')", lambda y, outputs, dtype: y.astype(dtype)),
    ("{y}[..., None].astype('{dtype}')", lambda y, outputs, dtype: y[..., None].astype(dtype)),
    ("np.eye({outputs})[{y}].astype('{dtype}')", lambda y, *to: np.eye(to[0])[y].astype(to[1])),
    ("{y}.argmax(axis=-1)", lambda y, outputs, dtype: y.argmax(axis=-1)),
    (
        "{y}.argmax(axis=-1)[..., None].astype('{dtype}')",
        lambda y, outputs, dtype: y.argmax(axis=-1)[..., None].astype(dtype),
    ),
)


def keras_code(run, config, model, name):
    """Return the code that builds the Keras model, and the code that trains it.

    Parameters
    ----------
    run : TrainingJob
        The run.
    config : TrainingConfig
        Its configuration, for as many epochs as are to be repeated.
    model, name : str
        How the script builds the model, and what it is called: ``"network"`` or ``"model"``.

    Returns
    -------
    str, str

    Raises
    ------
    ValueError
        If Keras's ``fit`` cannot do the same.
    """
    _check(config)
    from dlkit.keras.losses import gives_logits, loss_for

    if name == "network":
        model += "\nmodel = network.to_keras()"
        built = run.model.to_keras()
    else:
        built = run.model
    loss, targets = loss_for(built, run.data, config.loss)
    dtype = "float64" if built.outputs[0].dtype == "float64" else "float32"
    form = _form(run.data.y_train, targets, built.output_shape[-1], dtype)
    metric = "'mae'" if run.data.task_type == "regression" else "'accuracy'"
    if type(loss).__name__ == "BinaryCrossentropy" and gives_logits(built):
        metric = "keras.metrics.BinaryAccuracy(name='accuracy', threshold=0.0)"
    validation = run.data.x_validation is not None or config.validation_split > 0
    lines = ["data = with_validation(data, config)"] if config.validation_split else []
    steps = config.gradient_accumulation_steps
    accumulation = f"gradient_accumulation_steps={steps}" if steps > 1 else ""
    lines += [
        f"x, y = data.x_train, {form.format(y='data.y_train')}",
        "",
        "",
        "def batches():",
        '    """Yield the batches of each epoch in the order of the recorded run."""',
        "    for epoch in range(1, config.epochs + 1):",
        "        order = epoch_order(len(x), config.seed, epoch, config.shuffle)",
        "        for start in range(0, len(x), config.batch_size):",
        "            rows = order[start : start + config.batch_size]",
        "            yield x[rows], y[rows]",
        "",
        "",
        "model.compile(",
        f"    optimizer=config.build_optimizer().to_keras({accumulation}),",
        f"    loss={_loss(loss)},",
        f"    metrics=[{metric}],",
        ")",
        "history = model.fit(",
        "    batches(),",
        "    steps_per_epoch=math.ceil(len(x) / config.batch_size),",
        "    epochs=config.epochs,",
    ]
    if validation:
        y = form.format(y="data.y_validation")
        lines.append(f"    validation_data=(data.x_validation, {y}),")
    callbacks = _callbacks(config, validation)
    if callbacks:
        lines += ["    callbacks=[", *(f"        {each}," for each in callbacks), "    ],"]
    lines += ["    shuffle=False,", "    verbose=2,", ")", "found = history.history"]
    return model, "\n".join(lines)


def _check(config):
    if config.build_optimizer().needs_whole_loss:
        _refuse(f"optimizer={config.optimizer!r}")
    for setting in ("class_weight", "mixed_precision"):
        if getattr(config, setting) is not None:
            _refuse(f"{setting}={getattr(config, setting)!r}")


def _refuse(what):
    raise ValueError(
        f"framework must be 'dlkit' for a run with {what}, but got 'keras': a plain fit of Keras "
        "would not give the same numbers."
    )


def _form(y, targets, outputs, dtype):
    """Return how labels are written for the loss: the first form that gives what dlkit's engine does."""
    wanted = targets(y)
    for text, form in FORMS:
        try:
            found = form(y, outputs, dtype)
        except IndexError:  # these labels do not take this form
            continue
        if found.dtype == wanted.dtype and np.array_equal(found, wanted):
            return text.replace("{outputs}", str(outputs)).replace("{dtype}", dtype)
    raise ValueError("framework must be 'dlkit': the labels of this run have a form of their own.")


def _loss(loss):
    config = loss.get_config()
    fresh = type(loss)().get_config()
    given = [
        f"{name}={value!r}"
        for name, value in config.items()
        if value != fresh.get(name) and name != "dtype"
    ]
    if config.get("dtype") == "float64" or getattr(loss, "dtype", "") == "float64":
        given.append("dtype='float64'")
    return f"keras.losses.{type(loss).__name__}({', '.join(given)})"


def _callbacks(config, validation):
    watched = "val_loss" if validation else "loss"
    callbacks = []
    if config.early_stopping:
        callbacks.append(
            f"keras.callbacks.EarlyStopping(\n            {watched!r}, patience={config.patience}, "
            f"min_delta={config.min_delta}, restore_best_weights=True\n        )"
        )
    if config.plateau is not None:
        settings = config.plateau.get_config()
        if not validation:  # as the run did; Keras would look for val_… in vain
            settings["monitor"] = settings["monitor"].removeprefix("val_")
        given = ", ".join(f"{name}={value!r}" for name, value in settings.items())
        callbacks.append(f"keras.callbacks.ReduceLROnPlateau({given})")
    return callbacks
