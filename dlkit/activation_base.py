"""What all activations have in common: names, parameters, checks of arguments."""

import functools
import re
from typing import ClassVar

import numpy as np

from dlkit import checks


class Activation:
    """A function between the layers of a network, with its derivative.

    A subclass gives ``forward`` (the formula) and, below it, ``slope`` (the derivative, which may
    use the output y that is already there), or ``backward`` if its outputs depend on each other.

    Parameters
    ----------
    **parameters : float or bool
        What the formula leaves open, such as ``negative_slope``; see ``parameters``.

    Raises
    ------
    TypeError
        If a parameter is unknown or of the wrong type.
    ValueError
        If a parameter is out of range.
    """

    defaults: ClassVar = {}
    elementwise = True

    def __init__(self, **parameters):
        self.name = getattr(self, "name", None) or snake_case(type(self).__name__)
        for given in parameters:
            if given not in self.defaults:
                known = ", ".join(self.defaults) or "none"
                raise TypeError(
                    f"{self.name} has no parameter {given!r}; its parameters are: {known}."
                )
        self.parameters = {**self.defaults, **parameters}
        for key, value in self.parameters.items():
            if isinstance(self.defaults[key], bool):
                value = checks.truth_value(key, value)
            else:
                value = checks.number(key, value, minimum=0)
            self.parameters[key] = value
            setattr(self, key, value)

    def forward(self, x, out=None):
        """Return f(x) without checking x; ``out`` may be used for the result, to save memory."""
        raise NotImplementedError(f"{type(self).__name__} must define forward(x, out=None).")

    def slope(self, x, y):
        """Return f'(x) without checks, given the output y = f(x) as well."""
        raise NotImplementedError(f"{type(self).__name__} must define slope(x, y) or backward.")

    def backward(self, x, y, upstream):
        """Return upstream · ∂y/∂x without checks, given the output y = f(x) as well."""
        return upstream * self.slope(x, y)

    def __call__(self, x, **parameters):
        """Return f(x).

        Parameters
        ----------
        x : array_like
            Finite numbers of any shape. Whole numbers are taken as float64.
        **parameters
            Replace the activation's own for this call.

        Returns
        -------
        numpy.ndarray
            The shape and the floating dtype of ``x``.

        Raises
        ------
        TypeError, ValueError
            If ``x`` holds no finite numbers, or a parameter is wrong.
        """
        x, dtype = self._check("x", x)
        return self.with_parameters(**parameters).forward(x).astype(dtype)[()]

    def derivative(self, x, **parameters):
        """Return f'(x), element by element.

        Parameters
        ----------
        x : array_like
            Finite numbers of any shape.
        **parameters
            Replace the activation's own for this call.

        Returns
        -------
        numpy.ndarray
            The shape of ``x``. At a kink the value is the one that Keras uses.

        Raises
        ------
        TypeError
            If the activation is not elementwise (softmax): use ``vjp`` there.
        """
        if not self.elementwise:
            raise TypeError(
                f"{self.name} has no elementwise derivative: each output depends on every input "
                f"along the last axis. Use {self.name}.vjp(x, upstream)."
            )
        x, dtype = self._check("x", x)
        function = self.with_parameters(**parameters)
        return function.slope(x, function.forward(x)).astype(dtype)[()]

    def vjp(self, x, upstream, **parameters):
        """Return the gradient with respect to x (vector-Jacobian product).

        Parameters
        ----------
        x : array_like
            Finite numbers of any shape.
        upstream : array_like, shape of x
            ∂L/∂y, the gradient that comes from above.
        **parameters
            Replace the activation's own for this call.

        Returns
        -------
        numpy.ndarray, shape of x
            ∂L/∂x = Σ_i ∂L/∂y_i · ∂y_i/∂x.
        """
        x, dtype = self._check("x", x)
        upstream = checks.array("upstream", upstream, shape=x.shape).astype(x.dtype, copy=False)
        function = self.with_parameters(**parameters)
        return function.backward(x, function.forward(x), upstream).astype(dtype)[()]

    def with_parameters(self, **parameters):
        """Return this activation, or, if parameters are given, a copy that uses them."""
        return type(self)(**{**self.parameters, **parameters}) if parameters else self

    def get_config(self):
        """Return the name, or name and parameters where there are any, ready for JSON."""
        return {"name": self.name, **self.parameters} if self.parameters else self.name

    def __repr__(self):
        inside = ", ".join(f"{key}={value}" for key, value in self.parameters.items())
        return f"<activation {self.name}({inside})>" if inside else f"<activation {self.name}>"

    def _check(self, name, x):
        """Return x as floating array and the dtype of the result (float16 is computed wider)."""
        axes = None if self.elementwise else range(1, 33)
        x = checks.array(name, x, ndim=axes)
        dtype = x.dtype if x.dtype.kind == "f" else np.dtype("float64")
        work = np.float32 if dtype.itemsize < 4 else dtype
        return x.astype(work, copy=False), dtype


@functools.cache
def snake_case(name):
    """Return a class's name as Keras spells it: ``BatchNormalization``, ``batch_normalization``."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
