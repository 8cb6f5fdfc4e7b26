"""Neural networks as scikit-learn estimators: in pipelines, grid searches and cross-validation."""

from dlkit.estimators.ensembles import ensemble
from dlkit.estimators.network import NeuralNetworkClassifier, NeuralNetworkRegressor

__all__ = ["NeuralNetworkClassifier", "NeuralNetworkRegressor", "ensemble"]
