"""Regularizers: a price on large weights, added to the loss."""

import numpy as np

from dlkit import checks


class L1L2:
    """penalty = l1 Σ|w| + l2 Σw², gradient l1 sign(w) + 2 l2 w (the elastic net).

    Parameters
    ----------
    l1 : float
        Pulls weights to exactly 0 (Tibshirani 1996); 0 or more.
    l2 : float
        Shrinks large weights (Hoerl and Kennard 1970); 0 or more.

    Raises
    ------
    TypeError, ValueError
        If a strength is no finite number or negative.
    """

    def __init__(self, l1=0.0, l2=0.0):
        self.l1 = checks.number("l1", l1, minimum=0)
        self.l2 = checks.number("l2", l2, minimum=0)

    def __call__(self, w):
        """Return the penalty of the weights w (any shape) as a float."""
        w = checks.array("w", w)
        return self.penalty(w)

    def penalty(self, w):
        """Return the penalty without checks."""
        return self.l1 * float(np.abs(w).sum()) + self.l2 * float(np.square(w).sum())

    def gradient(self, w):
        """Return ∂penalty/∂w, in the shape of w."""
        return self.slope(checks.array("w", w))

    def slope(self, w):
        """Return ∂penalty/∂w without checks: what a training loop calls."""
        return self.l1 * np.sign(w) + 2 * self.l2 * w

    def get_config(self):
        """Return the name and the strengths, ready for JSON."""
        return {"name": "l1_l2", "l1": self.l1, "l2": self.l2}

    def __repr__(self):
        return f"<regularizer l1={self.l1} l2={self.l2}>"


class L1(L1L2):
    """penalty = l1 Σ|w| (the lasso)."""

    def __init__(self, l1=0.01):
        super().__init__(l1=l1)


class L2(L1L2):
    """penalty = l2 Σw² (ridge); its gradient is 2 l2 w, not l2 w."""

    def __init__(self, l2=0.01):
        super().__init__(l2=l2)


REGULARIZERS = {"l1": L1, "l2": L2, "l1_l2": L1L2}


def get(regularizer):
    """Return a regularizer by name, instance or saved configuration; None stays None.

    Parameters
    ----------
    regularizer : str, L1L2, dict or None
        ``"l1"``, ``"l2"`` (strength 0.01, as in Keras), ``"l1_l2"``, or for example ``L2(1e-4)``.

    Returns
    -------
    L1L2 or None

    Raises
    ------
    TypeError, ValueError
        If it is unknown, or a strength is wrong.
    """
    if regularizer is None or isinstance(regularizer, L1L2):
        return regularizer
    if isinstance(regularizer, dict) and "name" in regularizer:
        settings = {key: value for key, value in regularizer.items() if key != "name"}
        return REGULARIZERS[checks.choice("regularizer", regularizer["name"], REGULARIZERS)](
            **settings
        )
    if regularizer == "l1_l2":
        return L1L2(0.01, 0.01)
    return REGULARIZERS[checks.choice("regularizer", regularizer, REGULARIZERS)]()
