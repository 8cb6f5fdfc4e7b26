"""One step of a rule over many parameters: clipping, weight decay, and the rule block by block."""

import numpy as np

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


def take_step(
    rule, segments, whole, step, slots, scalars, learning_rate, arguments, hyperparameters
):
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
    hyperparameters : dict of str to float
        Those of them that the rule takes.
    """
    limit = arguments["clipvalue"]
    decay = (arguments["weight_decay"] or 0.0) * learning_rate
    size = segments[-1].stop
    for segment, scale in _scaled(segments, whole, arguments):
        for first in range(segment.start, segment.stop, BLOCK):
            last = min(first + BLOCK, segment.stop)
            block = slice(first - segment.start, last - segment.start)
            gradient, parameter = segment.gradient[block], segment.parameter[block]
            if scale != 1.0:
                gradient = gradient * scale
            if limit is not None:
                gradient = np.clip(gradient, -limit, limit)
            if decay:
                parameter -= decay * parameter
            old = slots
            if last - first < size:
                old = {name: slot[first:last] for name, slot in slots.items()}
            delta, new = rule.update(
                np, gradient, parameter, old, scalars, learning_rate, **hyperparameters
            )
            parameter += delta
            for name, slot in old.items():
                if old is slots and _is_fresh(new[name], slot, gradient, parameter):
                    slots[name] = slot = new[name]  # takes the slot's place without a copy
                else:
                    slot[...] = new[name]
                if step % FLUSH_EVERY == 0:
                    slot[np.abs(slot) < np.finfo(slot.dtype).tiny] = 0.0


def _scaled(segments, whole, arguments):
    """Return pairs of a segment and the factor for its gradient: one pair, where one will do."""
    clipnorm, global_clipnorm = arguments["clipnorm"], arguments["global_clipnorm"]
    if whole is not None and clipnorm is None and global_clipnorm is None:
        return [(whole, 1.0)]
    scales = clip_scales(segments, clipnorm, global_clipnorm)
    if whole is not None and len(set(scales)) == 1:
        return [(whole, scales[0])]
    return list(zip(segments, scales, strict=True))


def _is_fresh(new, slot, gradient, parameter):
    """Return whether a slot's new values are an array like it that belongs to nobody else."""
    alone = new.base is None and new is not gradient and new is not parameter
    return alone and new.dtype == slot.dtype and new.shape == slot.shape
