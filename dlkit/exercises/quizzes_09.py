"""The exit quizzes of lesson 09."""

QUIZZES = {
    "09.a": {
        "question": (
            "Images of 32 × 32 pixels with 3 channels go through a convolution with 16 filters of "
            "5 × 5, stride 1, padding “valid”. How many parameters does it have, with biases?"
        ),
        "choices": ["400", "416", "1,216", "12,544"],
        "answer": 2,
        "explanations": [
            "That is 5·5·16. Each filter also reaches through all 3 channels, and has a bias.",
            "That is (5·5 + 1)·16: the 3 channels are missing.",
            "(5·5·3 + 1)·16 = 1,216. The size of the image does not matter at all.",
            "That is 28·28·16, the number of outputs. The weights are the same at every place.",
        ],
    },
    "09.b": {
        "question": (
            "You put max pooling 2 × 2 after a convolution. What can the next layer no longer know?"
        ),
        "choices": [
            "whether the feature was there at all",
            "at which of four places it was",
            "how strong it was",
        ],
        "answer": 1,
        "explanations": [
            "If it was anywhere in the window, the maximum tells.",
            "The largest value stays, its place is forgotten. So a shift by a pixel often changes "
            "nothing, and where the exact place matters, pooling harms.",
            "The maximum is the strength, of the strongest of the four.",
        ],
    },
    "09.c": {
        "question": (
            "A CNN reads centred digits well. Which copies would you not add to its training set?"
        ),
        "choices": [
            "shifted by a pixel",
            "turned by 10 degrees",
            "mirrored left and right",
            "a little noise on every pixel",
        ],
        "answer": 2,
        "explanations": [
            "People write a pixel further left all the time; the label stays true.",
            "Handwriting leans. The label stays true.",
            "A mirrored 2 is no 2, and a mirrored 5 looks like a 2. Copies must keep their label true: "
            "for cats mirroring is fine, for digits it is not.",
            "Scanners do make noise; the label stays true.",
        ],
    },
    "09.d": {
        "question": "Why two convolutions of 3 × 3 in place of one of 5 × 5, as VGG has it?",
        "choices": [
            "fewer weights for the same view",
            "they see more pixels at once, so less depth is needed",
            "two layers are faster to write",
        ],
        "answer": 0,
        "explanations": [
            "18 weights instead of 25 for each pair of channels, and a ReLU more.",
            "They see just as many: 3 + 2 = 5 along each axis.",
            "It is one line more.",
        ],
    },
}
