"""The exit quizzes of lesson 11."""

QUIZZES = {
    "11.a": {
        "question": (
            "A sentence has 10 words. Each head has queries and keys of length 16. What shape has the "
            "matrix of weights of one head, and what sums to 1 in it?"
        ),
        "choices": [
            "(10, 16), each row",
            "(10, 10), each row",
            "(10, 10), each column",
            "(16, 16), each row",
        ],
        "answer": 1,
        "explanations": [
            "That is the shape of Q. The weights compare every word with every word.",
            "A row for each query, a column for each key; a query shares out a weight of 1.",
            "A column is a key: how much all the queries look at it together may be anything.",
            "The length of the vectors is summed over in q · k; it is gone in the weights.",
        ],
    },
    "11.b": {
        "question": (
            "You forget to divide by √d, with d = 256 and random weights. What do you expect at the "
            "start of training?"
        ),
        "choices": [
            "nothing special, because softmax divides by its sum anyway",
            "weights that are nearly all alike",
            "weights near 0 or 1, and hardly any gradient",
            "an error, because the weights no longer sum to 1",
        ],
        "answer": 2,
        "explanations": [
            "Softmax divides by the sum after exp. Scores that are 16 times larger change it a lot.",
            "The other way round: small scores give nearly equal weights, large ones extreme weights.",
            "The scores have a standard deviation of about 16: one key takes all, softmax is "
            "saturated, and its slope is nearly 0.",
            "They always sum to 1, whatever the scores are.",
        ],
    },
    "11.c": {
        "question": (
            "Which of these can tell “dog bites man” from “man bites dog” without any position vector?"
        ),
        "choices": [
            "an encoder without a mask, if it has enough heads",
            "an encoder without a mask, if it has enough layers",
            "a decoder with a causal mask",
            "none of them",
        ],
        "answer": 2,
        "explanations": [
            "Each head sees a bag of vectors. Many bags are bags.",
            "If the words swap places, all that the first layer gives swaps places as well, and so in "
            "every layer.",
            "The first word sees one word, the last one sees three: the mask itself tells places.",
            "One can: think of how many words each word sees.",
        ],
    },
    "11.d": {
        "question": (
            "In the cross-attention of a decoder, where do queries, keys and values come from?"
        ),
        "choices": [
            "all three from what is written so far",
            "queries from what is written so far, keys and values from the encoder",
            "queries from the encoder, keys and values from what is written so far",
            "queries and keys from the encoder, values from what is written so far",
        ],
        "answer": 1,
        "explanations": [
            "That is its self-attention, which comes first.",
            "What is being written asks; the source answers. So there is a row of weights for each "
            "place of the output, over the places of the source.",
            "Then each source word would get an answer. But the output's places need one.",
            "Weights and values must belong to the same places: those that are looked at.",
        ],
    },
}
