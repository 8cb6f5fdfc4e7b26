"""The exit quizzes of lesson 00."""

QUIZZES = {
    "00.a": {
        "question": "A run has 1,437 samples, batch size 32 and 10 epochs. What happens 450 times?",
        "choices": [
            "the weights change by one step",
            "all the digits are shown once",
            "the validation loss is measured",
        ],
        "answer": 0,
        "explanations": [
            "Each of the 45 batches of an epoch changes the weights once (the last batch is smaller).",
            "That is one epoch, and there are ten of them.",
            "It is measured once after each epoch, on all the validation digits: ten times.",
        ],
    },
    "00.b": {
        "question": "Why are some digits kept aside and never learnt from?",
        "choices": [
            "so that each epoch of the training takes less time",
            "because so many digits at once would overfill the memory",
            "to see whether it reads digits it cannot know by heart",
        ],
        "answer": 2,
        "explanations": [
            "It does get a little faster, but that is not why.",
            "The data set is small. One would keep some aside from a large set as well.",
            "What counts is how it reads digits that it has never seen; only those can tell.",
        ],
    },
}
