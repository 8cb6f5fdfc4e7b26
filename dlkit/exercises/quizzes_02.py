"""The exit quizzes of lesson 02."""

QUIZZES = {
    "02.a": {
        "question": (
            "32 samples with 64 features go through Dense(16) and then Dense(10). Which shape has "
            "the weight matrix of the second layer?"
        ),
        "choices": ["(32, 10)", "(64, 10)", "(16, 10)", "(10, 16)"],
        "answer": 2,
        "explanations": [
            "That is the shape of the output. Weights know nothing of the batch: the same matrix "
            "serves 1 sample or 1000.",
            "The second layer does not see the 64 features, only the 16 outputs of the first.",
            "(32, 16) @ (16, 10) gives (32, 10): inputs of the layer first, its units second.",
            "The other way round: (32, 16) @ (10, 16) does not fit. Inputs first, units second.",
        ],
    },
    "02.b": {
        "question": (
            "You predict delivery times. One in fifty in your data is a typing error, ten times too "
            "long. Which loss do you train with?"
        ),
        "choices": [
            "mean squared error, as for every number",
            "Huber or mean absolute error",
            "cross-entropy",
            "hinge",
        ],
        "answer": 1,
        "explanations": [
            "An error ten times as large pulls ten times as hard and costs a hundred times as "
            "much: the few typing errors would dominate.",
            "Beyond delta no error pulls harder than another, so a few wrong ones change little.",
            "It compares a probability with a class. A delivery time is neither.",
            "It is for two classes; there is no margin to be on the right side of.",
        ],
    },
    "02.c": {
        "question": (
            "A test finds a disease that one patient in a hundred has. Its maker says: 99 % accuracy. "
            "What do you ask?"
        ),
        "choices": [
            "nothing, 99 % is excellent",
            "what its loss was on the training data",
            "how many of the sick it finds",
        ],
        "answer": 2,
        "explanations": [
            "Whoever always says healthy is right in 99 % as well, and finds nobody.",
            "The loss on the training data does not say either which mistakes it makes.",
            "The share of the sick that are found is 0 for a test that always says healthy.",
        ],
    },
    "02.d": {
        "question": (
            "A sigmoid says 0.999, and the truth is 0. How hard does each loss push the logit down?"
        ),
        "choices": [
            "squared error harder than cross-entropy, because it is a square",
            "cross-entropy with 0.999, squared error with about 0.002",
            "both alike, the error is the same",
        ],
        "answer": 1,
        "explanations": [
            "Its slope goes through that of the sigmoid, p (1 − p), and that is 0.001 here.",
            "p − t = 0.999 for cross-entropy; 2 (p − t) p (1 − p) ≈ 0.002 for squared error.",
            "The error is, but on the way back squared error is multiplied by p (1 − p) ≈ 0.001.",
        ],
    },
}
