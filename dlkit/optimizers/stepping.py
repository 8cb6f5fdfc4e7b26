"""One step of a rule over many parameters: clipping, weight decay, and the rule block by block."""

import numpy as np

from dlkit.optimizers.pairing import Segment

# A rule is applied to so many elements at once, so that its temporaries stay in the cache.
BLOCK = 32768

# After so many steps, slots are cleared of subnormal numbers: they do not matter, and a moment
# that decays through them makes each pass about 20 times slower.
FLUSH_EVERY = 64


def clip_scales(segments, clipnorm=None, global_clipnorm=None):
    """Return the factor for each segment's gradient that brings its norm down to what is allowed.

    Parameters
    ----------
    segments : list of Segment
        The gradients.
    clipnorm, global_clipnorm : float, optional
        The largest norm allowed of each gradient, or of all together; at most one is given.

    Returns
    -------
    list of float
        ``min(1, allowed / norm)``, one for each segment.
    """
    if clipnorm is None and global_clipnorm is None:
        return [1.0] * len(segments)
    squares = [float(np.sum(np.square(s.gradient, dtype=np.float64))) for s in segments]
    if clipnorm is not None:
        return [_scale(square, clipnorm) for square in squares]
    return [_scale(sum(squares), global_clipnorm)] * len(segments)


def _scale(square, allowed):
    norm = square**0.5
    return 1.0 if norm <= allowed else allowed / norm


def take_step(rule, segments, whole, step, slots, scalars, learning_rate, arguments):
    """Take one step in place: clip, decay the weights, then apply the rule block by block.

    Parameters
    ----------
    rule : type
        The rule.
    segments : list of Segment
        All parameters, each with its gradient.
    whole : Segment or None
        The same parameters as one segment, where they stand in one buffer.
    step : int
        Counted from 1.
    slots : dict of str to numpy.ndarray
        Flat slots over all parameters; changed, or replaced by new arrays.
    scalars : dict of str to float
        What `Rule.advance` made for this step.
    learning_rate : float
        This step's.
    arguments : dict
        The optimizer's checked arguments.
    """
    scales = clip_scales(segments, arguments["clipnorm"], arguments["global_clipnorm"])
    if whole is not None and len(set(scales)) == 1:
        segments, scales = [whole], scales[:1]
    hyperparameters = {name: arguments[name] for name in rule.hyperparameters}
    limit = arguments["clipvalue"]
    decay = (arguments["weight_decay"] or 0.0) * learning_rate
    for segment, scale in zip(segments, scales, strict=True):
        for block in _blocks(segment):
            gradient, parameter = block.gradient, block.parameter
            if scale != 1.0:
                gradient = gradient * scale
            if limit is not None:
                gradient = np.clip(gradient, -limit, limit)
            if decay:
                parameter -= decay * parameter
            views = {name: slot[block.start : block.stop] for name, slot in slots.items()}
            delta, updated = rule.update(
                np, gradient, parameter, views, scalars, learning_rate, **hyperparameters
            )
            parameter += delta
            for name, view in views.items():
                kept = _keep(slots, name, view, updated[name], gradient, parameter)
                if step % FLUSH_EVERY == 0:
                    kept[np.abs(kept) < np.finfo(kept.dtype).tiny] = 0.0


def _keep(slots, name, view, new, gradient, parameter):
    """Store a slot's new values and return where they are now.

    An array that is as large as the whole slot, and nobody else's, takes its place without a copy.
    """
    alone = new.base is None and new is not gradient and new is not parameter
    if alone and new.shape == slots[name].shape and new.dtype == view.dtype:
        slots[name] = new
        return new
    view[...] = new
    return view


def _blocks(segment):
    if segment.parameter.size <= BLOCK:
        return [segment]
    return [
        Segment(
            segment.name,
            segment.start + first,
            min(segment.start + first + BLOCK, segment.stop),
            segment.gradient[first : first + BLOCK],
            segment.parameter[first : first + BLOCK],
        )
        for first in range(0, segment.parameter.size, BLOCK)
    ]
