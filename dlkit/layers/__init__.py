"""Layers: forward and backward side by side, and the registry LAYERS."""

from dlkit.layers.activation import Activation
from dlkit.layers.attention import MultiHeadAttention
from dlkit.layers.base import Layer
from dlkit.layers.bidirectional import Bidirectional
from dlkit.layers.convolution import Conv1D, Conv2D
from dlkit.layers.dense import Dense
from dlkit.layers.dropout import Dropout
from dlkit.layers.embedding import Embedding
from dlkit.layers.gru import GRU
from dlkit.layers.lstm import LSTM
from dlkit.layers.normalization import BatchNormalization, LayerNormalization
from dlkit.layers.pooling import (
    AveragePooling2D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    MaxPooling2D,
)
from dlkit.layers.positions import PositionalEncoding
from dlkit.layers.reshaping import Flatten, Reshape
from dlkit.layers.residual import Residual
from dlkit.layers.simple_rnn import SimpleRNN
from dlkit.layers.transformer_decoder import TransformerDecoder
from dlkit.layers.transformer_encoder import TransformerEncoder

LAYERS = {
    kind.__name__: kind
    for kind in (
        Dense,
        Conv2D,
        Conv1D,
        MaxPooling2D,
        AveragePooling2D,
        GlobalAveragePooling2D,
        GlobalAveragePooling1D,
        Flatten,
        Reshape,
        Dropout,
        BatchNormalization,
        LayerNormalization,
        Activation,
        Embedding,
        PositionalEncoding,
        MultiHeadAttention,
        TransformerEncoder,
        TransformerDecoder,
        SimpleRNN,
        LSTM,
        GRU,
        Bidirectional,
        Residual,
    )
}

__all__ = ["LAYERS", "Layer", *LAYERS]  # noqa: PLE0604  (the keys are strings)
