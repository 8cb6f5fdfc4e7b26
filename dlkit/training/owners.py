"""Which job has a model: one at a time, for they would spoil each other's weights and optimizer."""

import contextlib
import threading
import weakref

from dlkit.training.memory import remember

TAKEN = (
    "Another run has taken over this model since, so this one cannot go on: rewind() takes the "
    "model back and begins anew, or make a new model."
)
LENT = (
    "The model is in use until the search for its learning rate has ended: wait for it, or make a "
    "new model."
)
_JOBS = weakref.WeakValueDictionary()  # id of a model -> its job, which keeps the model alive
_SWAPPING = threading.Lock()  # held for a moment, and no other lock is taken meanwhile


class ModelInUseError(RuntimeError):
    """A job is training the model that another one asks for."""


class _Borrower:
    """Has a model for a while as a running job does: nobody can take it meanwhile."""

    def _come_to_rest_if_held(self):
        """Nobody can ask it to hold."""

    def _at_rest(self):
        raise ModelInUseError(LENT)


def owner(model):
    """Return the job that has a model, or None."""
    return _JOBS.get(id(model))


def why_not(model):
    """Return in words why a job cannot go on with a model that it has no longer."""
    return LENT if isinstance(owner(model), _Borrower) else TAKEN


def settle(model, job=None):
    """Wait for another job that has the model to come to rest, if it has been asked to."""
    other = owner(model)
    if other is not None and other is not job:
        other._come_to_rest_if_held()


def take(model, job=None):
    """Let ``job`` have a model from now on (None: no job), and return the job that had it.

    Raises
    ------
    ModelInUseError
        If that one is training; nothing has changed then.
    """
    while True:
        other = owner(model)
        with contextlib.nullcontext() if other is None or other is job else other._at_rest():
            if _swap(model, other, job):
                return other


def take_all(models):
    """Take several models for no job at all: all of them, or none where one is in training.

    Raises
    ------
    ModelInUseError
        If a job is training one of them; nothing has changed then.
    """
    taken = []
    try:
        for model in models:
            settle(model)
            taken.append((model, take(model)))
    except ModelInUseError:
        for model, other in reversed(taken):  # a model may be there twice
            _give_back(model, other)
        raise


@contextlib.contextmanager
def taken_over(model, job=None):
    """Take a model, as `take` does; if the block raises an exception, all is as it was.

    Who had the model has it again then, with its weights and its optimizer.
    """
    other, put_back = take(model, job), None
    try:
        if job is None or other is not job:
            put_back = remember(model)
        yield
    except Exception:  # and not an interrupt, after which the model may be half-way
        if put_back is not None:
            put_back()
        _give_back(model, other)
        raise


@contextlib.contextmanager
def borrowed(model):
    """Take a model for the time of the block, which must leave it as it was; no job gets it then.

    Raises
    ------
    ModelInUseError
        If a job is training it, or another block has it.
    """
    settle(model)
    borrower = _Borrower()
    other = take(model, borrower)
    try:
        yield
    finally:
        _swap(model, borrower, other)


def _give_back(model, other):
    while not _swap(model, owner(model), other):
        pass


def _swap(model, old, new):
    """Let another job have the model if ``old`` still has it; return whether it had."""
    with _SWAPPING:
        if owner(model) is not old:
            return False
        if new is None:
            _JOBS.pop(id(model), None)
        else:
            _JOBS[id(model)] = new
        return True
