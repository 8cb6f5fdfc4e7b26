"""The exit quizzes of lesson 03."""

QUIZZES = {
    "03.a": {
        "question": (
            "A network has a million weights. Roughly how many forward passes does it cost to find "
            "all their gradients, once by backpropagation, once by central differences?"
        ),
        "choices": ["3 and 2,000,000", "1,000,000 and 2,000,000", "3 and 2"],
        "answer": 0,
        "explanations": [
            "Backward costs about two products per layer where forward takes one, whatever the "
            "number of weights. Nudging needs two passes for every single weight.",
            "Backpropagation does not go weight by weight: each node is visited once, and its "
            "gradient serves everything before it.",
            "Two passes are enough for one weight. There are a million.",
        ],
    },
    "03.b": {
        "question": (
            "The number h is used by two nodes, p and q. p hands it a gradient of 3, q one of −1. "
            "What is the gradient of h?"
        ),
        "choices": [
            "3, the larger one",
            "−1, the last one",
            "2, the sum of both",
            "−3, the product of both",
        ],
        "answer": 2,
        "explanations": [
            "A nudge of h travels over both paths to the loss, so neither share may be dropped.",
            "That is what `=` instead of `+=` would give: a famous bug.",
            "A nudge of h travels over both paths, and the changes of the loss add up.",
            "Products belong along one path. Different paths add.",
        ],
    },
    "03.c": {
        "question": (
            "A gradient check of a network of four layers says: layer 4 ok, layer 3 ok, layer 2 "
            "wrong, layer 1 wrong. Layer 4 is next to the loss. Where do you look first?"
        ),
        "choices": ["in layer 1", "in layer 2", "in the loss"],
        "answer": 1,
        "explanations": [
            "Layer 1 gets its upstream from layer 2. If that is wrong, so is layer 1, fault or no "
            "fault.",
            "It is the first wrong one, counted from the loss: what it was handed was still right.",
            "A wrong loss gradient would make every layer wrong, layer 4 too.",
        ],
    },
}
