"""The exit quizzes of lesson 05."""

QUIZZES = {
    "05.a": {
        "question": (
            "1,000 samples, batch size 64, 5 epochs. How many steps does the optimizer take?"
        ),
        "choices": ["75", "78", "80", "320"],
        "answer": 2,
        "explanations": [
            "15 whole batches an epoch leave 40 samples over. They make a sixteenth, smaller batch.",
            "That is 5 · 1000 / 64, rounded. But each epoch begins with a batch of its own: round up "
            "first, then multiply.",
            "1000 / 64 is 15.6, so an epoch has 16 batches, the last with 40 samples; 5 · 16 = 80.",
            "That is 5 times 64. The batch size says how many samples a step takes, not how many "
            "steps there are.",
        ],
    },
    "05.b": {
        "question": (
            "You raise the batch size from 32 to 256 and leave everything else. After ten epochs SGD "
            "is worse. What do you try first?"
        ),
        "choices": [
            "a higher learning rate",
            "a lower learning rate",
            "a further hidden layer",
            "another seed",
        ],
        "answer": 0,
        "explanations": [
            "There are eight times fewer steps now, and each is less noisy: so each may be longer. "
            "Eight times as long is the linear rule, as far as it holds.",
            "That would make the run slower still: there are eight times fewer steps already.",
            "The network was large enough before. It has simply not been trained as far.",
            "The difference was many times the spread of the seeds.",
        ],
    },
    "05.c": {
        "question": (
            "The loss of a run becomes NaN in its third batch. Which of these cannot help?"
        ),
        "choices": [
            "steps a tenth as long",
            "scaling the inputs",
            "giving it more epochs",
            "clipping the gradients",
        ],
        "answer": 2,
        "explanations": [
            "It can: steps that are too long are the usual cause.",
            "It can: inputs in the thousands make gradients in the millions.",
            "NaN plus anything is NaN: once it is there, every further step keeps it.",
            "It can: a clipped step cannot throw the weights away.",
        ],
    },
    "05.d": {
        "question": (
            "In float16 the gradient 0.00000002 becomes 0. What does loss scaling do about it?"
        ),
        "choices": [
            "it raises the learning rate, so that small gradients count more",
            "it multiplies the loss, and divides the gradients afterwards",
            "it computes the whole backward pass in float32",
            "it rounds small gradients up",
        ],
        "answer": 1,
        "explanations": [
            "Zero times any learning rate is zero: what is lost is lost.",
            "By the chain rule all gradients grow by the same factor and stay above the smallest "
            "float16 number; divided in float32, they come back as they were.",
            "Then nothing would be gained: half the bits are what makes it fast on fitting hardware.",
            "That would make each of them wrong. Scaling changes none of their digits.",
        ],
    },
}
