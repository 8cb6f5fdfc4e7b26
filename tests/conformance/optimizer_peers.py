"""PyTorch's optimizers in the conventions of dlkit: the same numbers, step by step in float64.

What differs between the two is mapped here, and nothing else: PyTorch keeps ``epsilon`` outside the
root, and the learning rate outside the velocity.
"""

from typing import NamedTuple

import numpy as np
import optimizer_cases as cases
from peers import torch, torch_in_float64


class Twin(NamedTuple):
    """A PyTorch optimizer and how to map the conventions.

    ``make`` takes (tensors, the case's hyper-parameters, learning rate); ``before`` is called
    before each step with (optimizer, step, learning rate, hyper-parameters), after the gradients
    are set. ``replace`` are hyper-parameters that both sides need instead of those of the case.
    """

    make: object
    before: object
    replace: dict = {}


def set_learning_rate(optimizer, step, rate, arguments):
    optimizer.param_groups[0]["lr"] = rate


def learning_rate_in_the_velocity(optimizer, step, rate, arguments):
    """Let the optimizer walk with rate 1 along gradients that are already multiplied."""
    for tensor in optimizer.param_groups[0]["params"]:
        tensor.grad *= rate


def epsilon_on_the_uncorrected_root(optimizer, step, rate, arguments):
    """√v̂ + ε' = (√v + ε) / √(1 - β₂ᵗ) for ε' = ε / √(1 - β₂ᵗ)."""
    set_learning_rate(optimizer, step, rate, arguments)
    optimizer.param_groups[0]["eps"] = (
        arguments["epsilon"] / (1 - arguments["beta_2"] ** step) ** 0.5
    )


def epsilon_inside_the_root(optimizer, step, rate, arguments):
    """√(v + ε) is PyTorch's √v' without epsilon, if v' is kept at v + ε.

    v' decays like v, so that before each step it is raised to v + ε / ρ.
    """
    set_learning_rate(optimizer, step, rate, arguments)
    raised = arguments["epsilon"] / arguments["rho"]
    for tensor in optimizer.param_groups[0]["params"]:
        state = optimizer.state[tensor]
        if step == 1:
            state["step"] = torch.zeros(())
            state["square_avg"] = torch.full_like(tensor, raised)
            if optimizer.param_groups[0]["momentum"]:
                state["momentum_buffer"] = torch.zeros_like(tensor)
        else:
            state["square_avg"] += raised - arguments["epsilon"]


def adam(kind, **more):
    """Return a maker of a relative of Adam; weight decay is what the optimizer is made with."""

    def make(tensors, arguments, rate):
        betas = arguments["beta_1"], arguments["beta_2"]
        decay = arguments.get("weight_decay") or 0.0
        return getattr(torch.optim, kind)(tensors, lr=rate, betas=betas, weight_decay=decay, **more)

    return make


def sgd(nesterov=False):
    def make(tensors, arguments, rate):
        momentum = arguments.get("momentum", 0.0)
        return torch.optim.SGD(tensors, lr=1.0, momentum=momentum, nesterov=nesterov)

    return make


TINY = {"epsilon": 2.0**-100}  # on both sides too small to matter wherever there is a gradient
TWINS = {
    "sgd": Twin(sgd(), learning_rate_in_the_velocity),
    "momentum": Twin(sgd(), learning_rate_in_the_velocity),
    "nesterov": Twin(sgd(nesterov=True), learning_rate_in_the_velocity),
    "adagrad": Twin(
        # The accumulator only grows: it may hold epsilon from the start.
        lambda tensors, a, rate: torch.optim.Adagrad(
            tensors,
            lr=rate,
            initial_accumulator_value=a["initial_accumulator_value"] + a["epsilon"],
            eps=0.0,
        ),
        set_learning_rate,
    ),
    "rmsprop": Twin(
        lambda tensors, a, rate: torch.optim.RMSprop(tensors, lr=rate, alpha=a["rho"], eps=0.0),
        epsilon_inside_the_root,
    ),
    "adam": Twin(adam("Adam"), epsilon_on_the_uncorrected_root),
    "nadam": Twin(
        adam("NAdam", eps=cases.EPSILON["epsilon"], momentum_decay=1.0), set_learning_rate
    ),
    "adadelta": Twin(
        lambda tensors, a, rate: torch.optim.Adadelta(
            tensors, lr=rate, rho=a["rho"], eps=a["epsilon"]
        ),
        set_learning_rate,
    ),
    "adamw": Twin(adam("AdamW"), epsilon_on_the_uncorrected_root),
    # PyTorch adds epsilon inside the maximum.
    "adamax": Twin(adam("Adamax", eps=TINY["epsilon"]), set_learning_rate, TINY),
    "amsgrad": Twin(adam("Adam", amsgrad=True), epsilon_on_the_uncorrected_root),
}
# What PyTorch has not.
WITHOUT_TWIN = {"lion", "ftrl"}


def arguments_of(name, **more):
    """Return the hyper-parameters that both sides get."""
    decay = {"weight_decay": 2.0**-4} if name == "adamw" else {}
    return {**cases.CASES[name].hyperparameters, **TWINS[name].replace, **decay, **more}


def torch_trajectory(name, gradients, rates, clipvalue=None):
    """Return (steps, 19) parameters after each step of PyTorch's optimizer on fed gradients."""
    twin, arguments = TWINS[name], arguments_of(name)
    rows = []
    with torch_in_float64():
        tensors = [torch.tensor(part) for part in cases.split(cases.initial_parameters())]
        optimizer = twin.make(tensors, arguments, float(rates[0]))
        for step, (gradient, rate) in enumerate(zip(gradients, rates), 1):
            for tensor, part in zip(tensors, cases.split(gradient)):
                tensor.grad = torch.tensor(part)
            if clipvalue is not None:
                torch.nn.utils.clip_grad_value_(tensors, clipvalue)
            twin.before(optimizer, step, float(rate), arguments)
            optimizer.step()
            rows.append(np.concatenate([tensor.numpy().ravel() for tensor in tensors]))
    return np.array(rows)
