"""The exit quizzes of lesson 07."""

QUIZZES = {
    "07.a": {
        "question": (
            "After 40 epochs the training accuracy is 62 %, the validation accuracy 61 %, and both "
            "have been flat for 20 epochs. You need 90 %. What do you try first?"
        ),
        "choices": ["dropout", "a larger network", "stopping earlier", "stronger L2"],
        "answer": 1,
        "explanations": [
            "Dropout is against a gap, and there is none. It would make a model that is too weak weaker.",
            "No gap and a bad result: the model underfits. It needs more capacity, better inputs, or less "
            "of what holds it back.",
            "Both curves are flat: stopping earlier changes nothing.",
            "A stronger penalty holds back a model that cannot even learn its training data.",
        ],
    },
    "07.b": {
        "question": (
            "With dropout 0.5, Keras reports a training loss of 0.52 and a validation loss of 0.41. How "
            "can the network be better at what it has never seen?"
        ),
        "choices": [
            "half of the units are off while the training loss is measured",
            "images from the validation data have leaked into the training data",
            "it underfits, so that both of the losses are still high",
            "the two losses have changed places in the table",
        ],
        "answer": 0,
        "explanations": [
            "Dropout is active while the training loss is measured, and not while the validation loss is. "
            "(The training loss is also a mean over the epoch, in which the network was still worse.)",
            "Possible, but with dropout there is a harmless cause that comes first.",
            "Then both would be bad; it says nothing about which one is lower.",
            "Look at how they are measured before you suspect a slip.",
        ],
    },
    "07.c": {
        "question": "You try twenty values of L2 and keep the one with the best validation accuracy, "
        "93 %. What will it reach on new data?",
        "choices": [
            "93 %, since no weight was fitted to it",
            "more, since L2 helps on new data",
            "a little less: it was the luckiest",
        ],
        "answer": 2,
        "explanations": [
            "No weight was, but your choice was: the best of twenty is partly lucky on these very samples.",
            "L2 has done its good already; choosing by a noisy measure can only flatter the winner.",
            "You have fitted one number, the L2, to the validation data. A test part that is looked at "
            "once tells the truth.",
        ],
    },
    "07.d": {
        "question": "Which of these closes the gap for certain, and is still useless?",
        "choices": [
            "four times as many training samples",
            "augmentation",
            "dropout with a rate of 0.3",
            "a network that always says “3”",
        ],
        "answer": 3,
        "explanations": [
            "It closes the gap and lifts the validation accuracy: the best remedy there is.",
            "It closes the gap by making learning by heart harder, and the validation accuracy rises.",
            "Too much of it would end there, but 0.3 usually does not.",
            "It is equally bad on training and validation data: gap 0. Judge a remedy by the validation "
            "loss, and use the gap to see why it is what it is.",
        ],
    },
}
