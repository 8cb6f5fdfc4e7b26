"""What a name stands for: an entry of one of the registries."""

import difflib


def registries():
    """Return kind -> registry (name -> thing) for everything that `show` finds by its name."""
    from dlkit import activations, initializers, layers, losses, optimizers, rules, schedules

    return {
        "rule": rules.RULES,
        "optimizer": {kind.__name__: kind for kind in optimizers.OPTIMIZERS.values()},
        "activation": activations.ACTIVATIONS,
        "loss": {**losses.LOSSES, **{kind.__name__: kind for kind in losses.LOSSES.values()}},
        "layer": layers.LAYERS,
        "schedule": schedules.SCHEDULES,
        "initializer": initializers.INITIALIZERS,
    }


def by_name(name):
    """Return what stands under a name in the registries: ``"adam"`` is the rule, ``"Adam"`` its host.

    Parameters
    ----------
    name : str
        Such as ``"adam"``, ``"relu"``, ``"huber"``, ``"Dense"`` or ``"CosineAnnealing"``.

    Returns
    -------
    object

    Raises
    ------
    ValueError
        If it is unknown; the message suggests the nearest.
    """
    known = {}
    for registry in registries().values():
        for each, thing in registry.items():
            known.setdefault(each, thing)
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    suggestion = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(
        f"show knows no {name!r}; a name must be that of a rule, an activation, a loss, a layer or "
        f"a schedule.{suggestion}"
    )
