"""Faults in the layers, family by family; and the tests that have to notice them."""

import mutants_layers_attention
import mutants_layers_images
import mutants_layers_plain
import mutants_layers_recurrent
from mutant import Mutant

MASKS = [
    "attention.py::test_where_queries_must_not_look",
    "attention.py::test_padding_in_a_block",
]
LAWS = {
    "Dense": ["layers.py::test_dense_worked_by_hand"],
    "Dropout": [
        "layers.py::test_dropout_keeps_the_mean_and_drops_its_share",
        "layers.py::test_dropout_is_the_identity_outside_training_and_draws_nothing",
        "layers.py::test_dropout_sends_gradients_through_the_same_mask",
    ],
    "BatchNormalization": ["layers.py::test_batch_normalization_normalizes_and_follows"],
    "Reshape": ["layers.py::test_flatten_and_reshape_go_back_and_forth"],
    "Conv2D": ["convolution.py::test_convolution_worked_by_hand"],
    "MaxPooling2D": ["convolution.py::test_pooling_worked_by_hand"],
    "AveragePooling2D": ["convolution.py::test_pooling_worked_by_hand"],
    "LayerNormalization": ["convolution.py::test_layer_normalization_treats_each_sample_alone"],
    "Conv1D": ["convolution.py::test_slabs_of_any_size_give_the_same"],
    "MultiHeadAttention": [
        "attention.py::test_by_hand",
        "attention.py::test_the_fast_formula_is_the_clear_one",
        "attention.py::test_the_formula_s_gradients_are_central_differences",
        "attention.py::test_masks_hold_together",
        "attention.py::test_dropout_leaves_the_causal_mask_alone",
        "attention.py::test_causal_means_that_the_future_changes_nothing",
        *MASKS,
    ],
    "TransformerEncoder": MASKS,
    "TransformerDecoder": [
        *MASKS,
        "attention.py::test_a_decoder_looks_at_its_context",
        "attention.py::test_the_first_step_of_a_decoder_sees_the_whole_context",
        "attention.py::test_causal_means_that_the_future_changes_nothing",
    ],
    "PositionalEncoding": ["convolution.py::test_sinusoidal_positions_by_hand"],
    "SimpleRNN": ["recurrent.py::SimpleRNN"],
    "LSTM": ["recurrent.py::LSTM", "recurrent.py::test_forget_bias_starts_at_one"],
    "GRU": ["recurrent.py::GRU", "recurrent.py::GRU, reset before"],
    "Bidirectional": ["recurrent.py::test_both_ways_with_padding"],
}


def tests(entry):
    """Return the tests of a layer: by hand, by nudging every number, and beside Keras."""
    laws = [f"tests/unit/test_{law}" for law in LAWS.get(entry, ())]
    conformance = f"tests/conformance/test_layers_agree.py::{entry}"
    return (*laws, f"tests/unit/test_layers.py::{entry}", conformance)


MUTANTS: list[Mutant] = [
    *mutants_layers_plain.MUTANTS,
    *mutants_layers_images.MUTANTS,
    *mutants_layers_recurrent.MUTANTS,
    *mutants_layers_attention.MUTANTS,
]
