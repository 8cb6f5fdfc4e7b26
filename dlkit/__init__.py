"""dlkit: deep learning whose mathematics you can read.

Importing it loads NumPy and nothing heavier; every other name is imported when you first use it.
"""

from importlib import import_module

__version__ = "0.1.0"

# name -> where it lives. "module" alone means that the name is the module itself.
_LAZY = {
    # mathematics
    "activations": "dlkit.activations",
    "losses": "dlkit.losses",
    "initializers": "dlkit.initializers",
    "regularizers": "dlkit.regularizers",
    "rules": "dlkit.rules",
    "optimizers": "dlkit.optimizers",
    "schedules": "dlkit.schedules",
    "layers": "dlkit.layers",
    "autodiff": "dlkit.autodiff",
    "Value": "dlkit.autodiff:Value",
    "Network": "dlkit.network:Network",
    "NetworkLoss": "dlkit.network_loss:NetworkLoss",
    "gradcheck": "dlkit.gradcheck",
    "check_gradients": "dlkit.gradcheck:check_gradients",
    # data
    "datasets": "dlkit.datasets",
    "Data": "dlkit.datasets:Data",
    "augment": "dlkit.datasets:augment",
    "image_folder": "dlkit.datasets:image_folder",
    "preparation": "dlkit.preparation",
    "prepare": "dlkit.preparation:prepare",
    # training
    "training": "dlkit.training",
    "TrainingConfig": "dlkit.training.config:TrainingConfig",
    "TrainingJob": "dlkit.training.job:TrainingJob",
    "History": "dlkit.training.records:History",
    "find_learning_rate": "dlkit.training.learning_rate_finder:find_learning_rate",
    "sweep": "dlkit.training.sweep:sweep",
    "compare": "dlkit.training.compare:compare",
    "diagnose": "dlkit.training.diagnosis:diagnose",
    "CSVLog": "dlkit.training.callbacks_csv:CSVLog",
    "ProgressBar": "dlkit.training.callbacks_progress:ProgressBar",
    # above it
    "TensorBoardLog": "dlkit.keras.tensorboard:TensorBoardLog",
    "models": "dlkit.keras.builders",
    "augmentation_layers": "dlkit.keras.augmenting:augmentation_layers",
    "plots": "dlkit.plots",
    "figure_summary": "dlkit.plots:figure_summary",
    "Report": "dlkit.report:Report",
    "export_script": "dlkit.report.script:export_script",
    "NeuralNetworkClassifier": "dlkit.estimators:NeuralNetworkClassifier",
    "NeuralNetworkRegressor": "dlkit.estimators:NeuralNetworkRegressor",
    "ensemble": "dlkit.estimators:ensemble",
    "DLTrainer": "dlkit.pipeline:DLTrainer",
    "prepare_dl_data": "dlkit.pipeline:prepare_dl_data",
    "train_dl_model": "dlkit.pipeline:train_dl_model",
    # display
    "show": "dlkit.display.show:show",
    "LiveLoss": "dlkit.display.live_loss:LiveLoss",
    "render_dl_config": "dlkit.display.pipeline:render_dl_config",
    "display_dl_training_results": "dlkit.display.pipeline:display_dl_training_results",
    "Quiz": "dlkit.display.quiz:Quiz",
    "labs": "dlkit.labs",
    "exercises": "dlkit.exercises",
    "statement": "dlkit.exercises:statement",
    "check": "dlkit.exercises:check",
    "hint": "dlkit.exercises:hint",
    "solution": "dlkit.exercises:solution",
    "progress": "dlkit.exercises:progress",
    "quiz": "dlkit.exercises:quiz",
}

__all__ = ["__version__", *_LAZY]


def __getattr__(name):
    if name not in _LAZY:
        raise AttributeError(f"module 'dlkit' has no attribute {name!r}")
    module, _, attribute = _LAZY[name].partition(":")
    found = import_module(module)
    found = getattr(found, attribute) if attribute else found
    globals()[name] = found
    return found


def __dir__():
    return sorted(__all__)
