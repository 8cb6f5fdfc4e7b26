"""The exit quizzes of lesson 10."""

QUIZZES = {
    "10.a": {
        "question": (
            "A one-unit SimpleRNN has u = 0.9, and tanh has the slope 0.5 at every step. What is left "
            "of the gradient after ten steps?"
        ),
        "choices": ["about 0.35", "about 0.0003", "about 4.5", "about 0.45, as after one"],
        "answer": 1,
        "explanations": [
            "That is 0.9 to the tenth. Every step multiplies by the slope of tanh as well.",
            "Each step multiplies by 0.9 · 0.5 = 0.45, and 0.45 to the tenth is 0.0003.",
            "You added ten times 0.45. The chain rule multiplies.",
            "That is one step. Ten of them follow each other.",
        ],
    },
    "10.b": {
        "question": "The forget gate of an LSTM unit stands at 1 and its input gate at 0. What does "
        "the unit do at this step?",
        "choices": [
            "it keeps its cell as it is",
            "it forgets everything",
            "it overwrites its cell with the candidate",
            "it shows its cell to the next layer",
        ],
        "answer": 0,
        "explanations": [
            "c = f·c + i·g = 1·c + 0·g: nothing goes, nothing comes. The gradient passes as well.",
            "The name misleads: at 1 the forget gate keeps, at 0 it forgets.",
            "For that the forget gate must be 0 and the input gate 1.",
            "That is up to the output gate.",
        ],
    },
    "10.c": {
        "question": (
            "You are to tag each word of a sentence as noun, verb or other; the whole sentence is "
            "there. What do you build?"
        ),
        "choices": [
            "many-to-one: the state after the last word, then a Dense layer",
            "one-to-many: the first state repeated for each word",
            "many-to-many: bidirectional, all states, then Dense",
            "an encoder and a decoder",
        ],
        "answer": 2,
        "explanations": [
            "That gives one answer for the whole sentence.",
            "That makes a sequence out of one thing, such as a caption of a picture.",
            "One answer for each word, and what follows a word may be looked at too.",
            "That is for outputs of another length, such as a translation. Here each word has one "
            "tag.",
        ],
    },
    "10.d": {
        "question": "The loss of an RNN falls for a while, then jumps to NaN. What do you try first?",
        "choices": [
            "more units in the recurrent layer",
            "several recurrent layers on top of each other",
            "clip the gradient by its norm",
            "longer sequences",
        ],
        "answer": 2,
        "explanations": [
            "They make it no steadier.",
            "That adds factors, and steadies nothing.",
            "The gradient exploded on its way through time, and one long step ruined the weights.",
            "The gradient then passes through even more factors.",
        ],
    },
}
