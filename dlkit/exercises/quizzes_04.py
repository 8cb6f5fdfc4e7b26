"""The exit quizzes of lesson 04."""

QUIZZES = {
    "04.a": {
        "question": (
            "A paper compares its new optimizer with SGD. Both ran at learning rate 0.001, with three "
            "seeds each; the new one was far better. What do you conclude?"
        ),
        "choices": [
            "the new one is better",
            "little: 0.001 may suit neither of them",
            "little: three seeds of each are never enough",
            "SGD is of no use for this task",
        ],
        "answer": 1,
        "explanations": [
            "At rate 0.001 it is. The same rate means another length of step for each rule; in this "
            "lesson SGD went from a third to nearly all of the digits by its rate alone.",
            "Equal rates are not equal conditions. Each needs its own search, of the same size.",
            "A difference that is far larger than the spread shows with three seeds as well. Something "
            "else is wrong here.",
            "At that rate it was. Nobody has looked for a better one.",
        ],
    },
    "04.b": {
        "question": "Adam has just begun. How long is its very first step for a weight with a gradient of 500?",
        "choices": [
            "500 times the learning rate",
            "as long as the learning rate",
            "nearly 0, since both moments start at 0",
            "about three times the learning rate",
        ],
        "answer": 1,
        "explanations": [
            "That is SGD. Adam divides by the root of the mean square, which is 500 as well.",
            "After the corrections the mean is 500 and the root of the mean square is 500.",
            "The corrections make up for that, and without them the step would be longer, not shorter.",
            "That would be Adam without its corrections.",
        ],
    },
    "04.c": {
        "question": (
            "Training with AdaGrad goes well for a day, then hardly moves any more, far from the "
            "minimum. Which rule has the smallest change that helps?"
        ),
        "choices": ["SGD", "Nesterov", "RMSProp", "AdaGrad with a smaller learning rate"],
        "answer": 2,
        "explanations": [
            "It never shrinks its steps, but it also gives up a scale for each weight: more than the "
            "smallest change.",
            "It looks ahead, but it does not scale, and AdaGrad's trouble is another.",
            "A moving average in place of the sum: old gradients are forgotten, and steps stay alive.",
            "Its steps are too short already; a smaller rate makes them shorter.",
        ],
    },
    "04.d": {
        "question": "You turn the ravine by 45 degrees. Who does not notice?",
        "choices": ["AdaGrad and RMSProp", "Adam", "none of these", "Momentum"],
        "answer": 3,
        "explanations": [
            "They scale x and y one by one, and in a tilted ravine both look alike: nothing to gain.",
            "It scales x and y one by one too; only its mean gradient does not care.",
            "One of them does not: which rule has no scale of its own for x and y?",
            "It only adds gradients up, so that its path turns with the ravine, and its losses stay "
            "the same to the last digits.",
        ],
    },
}
