"""L-BFGS: the rule that needs more than one gradient, and so has a host of its own."""

from dlkit.rules.base import Hyperparameter, Rule


class lbfgs(Rule):
    """L-BFGS: Newton's direction, guessed from how the gradient changed over the last few steps.

    With the last ``memory`` steps s_i = x_(i+1) - x_i and changes of the gradient
    y_i = g_(i+1) - g_i, and rho_i = 1 / (y_i · s_i)::

        q = gradient
        for i = newest, …, oldest:
            alpha_i = rho_i s_i · q
            q = q - alpha_i y_i
        r = gamma q, gamma = s · y / (y · y) of the newest
        for i = oldest, …, newest:
            beta = rho_i y_i · r
            r = r + s_i (alpha_i - beta)
        direction = -r

    r is the gradient times an approximation of the inverse Hessian that is never written down: two
    passes over the memory, that is ``4 * memory`` products with a vector of parameters, are all it
    takes. How far to go along the direction is found by a line search, which tries the loss itself
    at other places. So the rule needs the whole loss and not only a gradient of some samples: in a
    gradient of a random batch, y_i would mostly be noise.

    Of the first step nothing is known: it goes along the gradient, and the line search begins with
    ``learning_rate`` times it. All later ones begin with the full step, 1. Frameworks differ in
    this: PyTorch's ``LBFGS`` multiplies every step by its ``lr`` (1) and searches only if asked to,
    SciPy's begins with a step of length 1. Compare their optima, not their paths. Keras has none.

    Source: Nocedal (1980), "Updating quasi-Newton matrices with limited storage"; the lines are
    algorithm 7.4 of Nocedal and Wright (2006), "Numerical optimization", 2nd edition, with the
    scaling of its equation 7.20.
    """

    title = "LBFGS"
    learning_rate = 0.01
    hyperparameters = {"memory": Hyperparameter(10, {"minimum": 1, "whole": True})}

    @staticmethod
    def direction(gradient, steps, changes):
        """Return where to go: minus the guessed inverse Hessian times the gradient.

        Parameters
        ----------
        gradient : numpy.ndarray
            (parameters,).
        steps, changes : sequence of numpy.ndarray
            The s_i and y_i, oldest first, each (parameters,), with s_i · y_i above 0.

        Returns
        -------
        numpy.ndarray
            (parameters,); minus the gradient where nothing is remembered.
        """
        q = gradient
        alphas = []
        for s, y in zip(reversed(steps), reversed(changes), strict=True):
            alpha = (s @ q) / (y @ s)
            q = q - alpha * y
            alphas.append(alpha)
        r = q
        if len(steps):
            s, y = steps[-1], changes[-1]
            gamma = (s @ y) / (y @ y)
            r = gamma * q
        for s, y, alpha in zip(steps, changes, reversed(alphas), strict=True):
            beta = (y @ r) / (y @ s)
            r = r + s * (alpha - beta)
        return -r
