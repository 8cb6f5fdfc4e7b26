"""The exit quizzes of lesson 01."""

QUIZZES = {
    "01.a": {
        "question": (
            "A neuron has the weights 2 and −3 and the bias 1. What is z for the input (1, 2)?"
        ),
        "choices": ["−4", "−3", "0", "9"],
        "answer": 1,
        "explanations": [
            "That is 2·1 − 3·2: the bias is missing.",
            "2·1 − 3·2 + 1 = −3. A ReLU would answer 0, a sigmoid 0.05.",
            "Add up all products, then the bias: 2·1 − 3·2 + 1.",
            "The second weight is negative: 2·1 − 3·2 + 1.",
        ],
    },
    "01.b": {
        "question": (
            "You want the price of a flat from its size and age. Which activation belongs in the "
            "last layer?"
        ),
        "choices": ["ReLU, as everywhere", "sigmoid", "softmax", "none (linear)"],
        "answer": 3,
        "explanations": [
            "Prices are positive, true. But where z < 0 the slope is 0: nothing is learnt from that "
            "flat.",
            "It cannot say more than 1. It is made for yes or no.",
            "It makes probabilities of several classes. With a single unit it always says 1.",
            "A number may be anything; the weighted sum itself is the answer.",
        ],
    },
    "01.c": {
        "question": "A ReLU unit answers 0 for this one photo. Is it dead?",
        "choices": [
            "one photo alone cannot tell",
            "yes, dead units answer 0",
            "only if its bias is negative",
        ],
        "answer": 0,
        "explanations": [
            "Dead is a unit that is off for every sample; then no gradient reaches it.",
            "Being off for some samples is what a ReLU is for. Dead means off for all of them.",
            "A negative bias can kill a unit, but inputs may outweigh it: look at z, for all "
            "samples.",
        ],
    },
}
