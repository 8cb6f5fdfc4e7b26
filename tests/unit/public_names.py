"""All public callables of the kit, found by walking its names and registries."""

import functools
import inspect
import re
import types
from dataclasses import dataclass
from importlib import import_module

import dlkit

# Public, but not handed on by ``dlkit/__init__.py``.
MODULES = ("keras.saving", "keras.convert", "plots.results")

OPERATORS = ["__call__"] + [
    f"__{side}{name}__" for name in ("add", "sub", "mul", "truediv", "pow") for side in ("", "r")
]

# What does not check its arguments, and why. A docstring that says "without checks" or "unchecked"
# is reason enough and needs no row here.
UNCHECKED = {
    r"rules\..*": "pure formulae, called for every block of every step; their hosts check",
    r"schedules\.\w+\.value": "pure formulae, run by NumPy and by Keras; calling the schedule checks",
    r"datasets\.(mnist|fashion_mnist|cifar10)": "need the network; test_downloads tries bad values",
    r"preparation\.(Leak|Prepared)": "made by prepare and find_leaks",
    r"losses\.\w+\.(check_shapes|check_domain|shape_hint|targets|smooth)": "parts of check()",
    r"layers\.\w+\.(add_parameter|add_state|bind|create|initialize|output_shape_for|workspace|"
    r"run|run_back|recurrent_gradients|time_steps|few_steps|split|adopt|start|check_call|"
    r"compute_mask|compute_output|"
    r"check_features|look|project|sample|new_attention|other_steps|short_cut|"
    r"linear|linear_gradients|check_values|collect|shifted|spread|winners|random =|draw_from)": (
        "for those who write a layer"
    ),
    r"(layers\.Layer|optimizers\.Optimizer|initializers\.(Initializer|VarianceScaling)|"
    r"schedules\.Schedule)(\..*)?": "base classes; their kinds are tested",
    r"training\.(BatchRecord|ChunkRecord|EpochRecord|LayerRecord|LearningRateRange|Status)": "records that the kit makes",
    r"NeuralNetwork(Classifier|Regressor)(\..*)?": "scikit-learn's own checks try them, and test_estimators",
    r"training\.(Sweep|Comparison)(\..*)?": "made by sweep and compare",
    r"autodiff\.(ForwardStep|BackwardStep|Contribution)": "records that the kit makes",
    r"gradcheck\.(ParameterCheck|GradientReport)": "records that the kit makes",
    r"activations\.(Softmax|LogSoftmax)\.derivative": "always refuses, and says what to use instead",
    r"optimizers\.LBFGS\.(apply|apply_flat|to_keras)": "always refuse, and say what to do instead",
    r"optimizers\.Minimum(\..*)?": "what the kit makes",
    r"training\.ReduceLROnPlateau\.(after_epoch|at_end)": "called by the training loop",
    r"training\.Engine(\..*)?": "a protocol: it has no code",
    r"labs\.\w+\.(changed|draw|guard|restore|say|pose|show_only|check_state)": "for those who write a lab",
    r"keras\.convert\.(Residual|Positions|SelfAttention|Transformer\w+)(\..*)?": "Keras layers that the conversion makes",
    r"Quiz\.mark": "for the view of the quiz",
    r"LiveLoss\.(changed|on_\w+)": "called by Keras during fit",
    r"exercises\.(check|hint|solution|statement)": "answer a wrong id with a note that says what to "
    "write; test_exercises tries them",
}


@dataclass(frozen=True)
class Callable:
    """A public function, constructor, method or settable property.

    Attributes
    ----------
    name : str
        Such as ``losses.Huber.gradient``; a settable property ends in `` =``.
    function : object
        What is called; for a method or property its name.
    owner : type or None
        The class of a method or property.
    """

    name: str
    function: object
    owner: type | None = None

    @property
    def setting(self):
        """Whether it is an attribute that may be set."""
        return self.name.endswith(" =")

    @property
    def method(self):
        """Whether it is called on an instance."""
        if self.owner is None:
            return False
        static = inspect.getattr_static(self.owner, self.function)
        return not isinstance(static, classmethod | staticmethod)

    @property
    def in_place(self):
        """The arguments that it is there to change."""
        changing = {"apply": ("parameters",), "apply_flat": ("flat_parameters",)}
        changing["optimizers.LBFGS.step"] = ("parameters",)
        changing |= {"Network": ("layers",), "layers.Residual": ("layers",)}
        changing |= {"training.TrainingJob": ("model",), "training.training_loop": ("engine",)}
        changing |= {"training.train_together": ("networks",)}
        changing |= {"DLTrainer.train_dl_model": ("model",)}
        changing |= {"training.TrainingJob.from_checkpoint": ("model",)}
        found = changing.get(self.function, ()) + changing.get(self.name, ())
        return (*found, "observer", "generator")

    @functools.cache  # noqa: B019 - there are as many as public names, and they stay
    def parameters(self):
        """Return name -> `inspect.Parameter`, without ``self``."""
        if self.setting:
            kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
            return {self.function: inspect.Parameter(self.function, kind)}
        if self.owner is None:
            return dict(inspect.signature(self.function).parameters)
        found = dict(inspect.signature(getattr(self.owner, self.function)).parameters)
        if inspect.isfunction(inspect.getattr_static(self.owner, self.function)):
            found.pop(next(iter(found)))
        return found

    @property
    def open_ended(self):
        """Whether it takes names that are not in its signature."""
        return any(each.kind is each.VAR_KEYWORD for each in self.parameters().values())

    def call(self, instance, arguments):
        """Call it, on an instance where it is a method."""
        if self.setting:
            return setattr(instance, self.function, arguments[self.function])
        positional, named = [], dict(arguments)
        for name, parameter in self.parameters().items():
            if parameter.kind is parameter.VAR_POSITIONAL and name in named:
                positional.append(named.pop(name))
        called = self.function
        if self.owner is not None:
            called = getattr(instance if self.method else self.owner, self.function)
        if self.function in OPERATORS[1:]:
            return called(*named.values())
        return called(*positional, **named)


def public_callables():
    """Return a list of every public `Callable` that takes an argument."""
    found, seen = {}, set()
    for name in dlkit._LAZY:
        _visit(name, getattr(dlkit, name), found, seen)
    for name in MODULES:
        _visit(name, import_module(f"dlkit.{name}"), found, seen)
    return [each for each in found.values() if each.parameters()]


def unchecked(each):
    """Return why a callable does not check its arguments, or None if it must."""
    function = getattr(each.owner, each.function) if each.owner else each.function
    if not each.setting and re.search(
        r"without checks|without checking|unchecked", inspect.getdoc(function) or ""
    ):
        return "its docstring says so"
    rows = (why for pattern, why in UNCHECKED.items() if re.fullmatch(pattern, each.name))
    return next(rows, None)


def _visit(name, thing, found, seen):
    if id(thing) in seen:
        return
    if inspect.ismodule(thing):
        place = thing.__name__.removeprefix("dlkit.")
        for each, value in _contents(thing):
            _visit(f"{place}.{each}", value, found, seen)
    elif inspect.isclass(thing) and not issubclass(thing, BaseException):
        seen.add(id(thing))
        found[name] = Callable(name, thing)
        for each in dir(thing):
            if each in OPERATORS or not each.startswith("_"):
                _member(f"{name}.{each}", thing, each, found)
    elif inspect.isfunction(thing):
        seen.add(id(thing))
        found[name] = Callable(name, thing)


def _contents(module):
    """Yield the public names of a module, and what its registries hold."""
    names = getattr(module, "__all__", None) or list(getattr(module, "_LAZY", ()))
    if not names:
        own = module.__name__
        names = [each for each, value in vars(module).items() if _module_of(value) == own]
    for each in names:
        if not each.startswith("_"):
            yield each, getattr(module, each)
    for each, registry in list(vars(module).items()):
        if each.isupper() and isinstance(registry, dict):
            for value in registry.values():
                ours = str(_module_of(value)).startswith("dlkit")
                if ours and (inspect.isclass(value) or inspect.isfunction(value)):
                    yield value.__name__, value


def _module_of(value):
    return getattr(value, "__module__", None)


def _member(name, owner, attribute, found):
    static = inspect.getattr_static(owner, attribute)
    ours = any(
        attribute in vars(kind) for kind in owner.__mro__ if kind.__module__.startswith("dlkit")
    )
    if not ours:
        return
    if isinstance(static, types.FunctionType | classmethod | staticmethod):
        found[name] = Callable(name, attribute, owner)
    elif isinstance(static, property) and static.fset is not None:
        found[f"{name} ="] = Callable(f"{name} =", attribute, owner)
