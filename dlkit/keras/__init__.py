"""The Keras side: builders, the training engine, conversion to and from `Network`, safe files.

TensorFlow reads these variables once, while it is imported, so they are set before the first
``import keras`` of this package. What you have set yourself stays as it is.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # no start-up messages on stderr
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # the same rounding on every kind of CPU
