"""Quizzes: driven without a browser exactly as with one."""

import pytest

from dlkit.display.quiz import Prediction, Quiz


@pytest.fixture
def quiz():
    return Quiz(
        "What does a larger $w$ do to `w * x`?",
        ["It grows.", "It shrinks.", "It depends on the sign of x."],
        2,
        ["Only for positive x.", "Only for negative x.", "Yes: for x < 0 it falls."],
    )


@pytest.fixture
def prediction():
    return Quiz.predict("Which is faster?", ["SGD", "Adam"])


def test_the_stored_form_lists_question_and_choices_and_gives_nothing_away(quiz):
    text = repr(quiz)
    assert "What does a larger $w$ do" in text
    assert all(choice in text for choice in quiz.choices)
    bundle = quiz._repr_mimebundle_()
    assert bundle["text/plain"] == text
    for explanation in ("Only for positive", "for x < 0", "✓", "✗"):
        assert explanation not in text
        assert explanation not in bundle["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_every_form_of_a_choice_is_understood(quiz):
    for choice in (2, "C", "c", "It depends on the sign of x."):
        assert quiz.choose(choice).correct is True
        assert quiz.result.index == 2
    wrong = quiz.choose(0)
    assert wrong.correct is False
    assert repr(wrong) == "✗ Not right: A) It grows.\nOnly for positive x."


def test_a_click_does_what_choose_does(quiz):
    quiz.widget()
    button = quiz._view.buttons[1]
    assert button.description == "It shrinks."
    button.click()
    assert quiz.result.index == 1
    assert button.description == "✗ Not right: It shrinks."
    assert "Only for negative x." in quiz._view._feedback.value
    assert 'role="alert"' in quiz._view._feedback.value
    quiz._view.buttons[2].click()
    assert quiz._view.buttons[2].description == "✓ Right: It depends on the sign of x."
    assert button.description == "It shrinks."


def test_a_choice_made_before_the_display_is_shown(quiz):
    quiz.choose(2)
    assert quiz.widget() is quiz.widget()
    assert quiz._view.buttons[2].description.startswith("✓ Right")


def test_text_of_the_author_cannot_break_the_page():
    quiz = Quiz("Is 1 < 2?", ["<b>yes</b>", "no"], 0, ["a < b", "no"])
    assert "<b>" not in quiz._repr_mimebundle_()["text/html"]
    assert "1 &lt; 2" in quiz._repr_mimebundle_()["text/html"]
    quiz.choose(0)
    assert "a &lt; b" in quiz.feedback()


def test_a_prediction_shows_no_verdict_before_it_is_revealed(prediction, capsys):
    assert isinstance(prediction, Prediction)
    assert repr(prediction).startswith("Predict: Which is faster?")
    result = prediction.choose("SGD")
    assert result.correct is None
    assert repr(result) == "Your prediction: A) SGD"
    assert "✓" not in prediction.feedback() and "✗" not in prediction.feedback()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("guess", "actual", "correct", "printed"),
    [
        ("SGD", 0, True, "You predicted: SGD\nIt turned out: SGD ✓ as you predicted\n"),
        ("SGD", "Adam", False, "You predicted: SGD\nIt turned out: Adam ✗ not so\n"),
        (1, "a tie", False, "You predicted: Adam\nIt turned out: a tie ✗ not so\n"),
    ],
)
def test_reveal_compares(prediction, capsys, guess, actual, correct, printed):
    prediction.choose(guess)
    prediction.reveal(actual)
    assert capsys.readouterr().out == printed
    assert prediction.result.correct is correct


def test_reveal_without_a_prediction_is_the_same_every_time(prediction, capsys):
    for _ in range(2):
        prediction.reveal("Adam", because="It scales each step.")
        assert capsys.readouterr().out == (
            "It turned out: Adam\n(You made no prediction this time.)\nIt scales each step.\n"
        )
    assert prediction.result is None


def test_a_prediction_may_change_after_the_reveal(prediction, capsys):
    prediction.choose(0)
    prediction.reveal(1)
    assert "It turned out otherwise" in prediction.feedback()
    prediction.choose(1)
    assert "turns out" in prediction.feedback() and "otherwise" not in prediction.feedback()
    prediction.reveal(1)
    assert "As you predicted" in prediction.feedback()
    assert prediction.widget() is not None
    assert prediction._view.buttons[1].description == "Your prediction: Adam"


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((3, ["a", "b"], 0, ["", ""]), TypeError, "question must be a text"),
        (("  ", ["a", "b"], 0, ["", ""]), ValueError, "question must not be empty"),
        (("q", "ab", 0, ["", ""]), TypeError, "choices must be a list"),
        (("q", [1, 2], 0, ["", ""]), TypeError, r"choices\[0\] must be a text"),
        (("q", ["a"], 0, [""]), ValueError, "choices must be 2 to 10"),
        (("q", ["a", "a"], 0, ["", ""]), ValueError, "must all differ"),
        (("q", ["a", "b"], 2, ["", ""]), ValueError, "answer must be a whole number"),
        (("q", ["yes", "no"], "yess", ["", ""]), ValueError, "Did you mean 'yes'"),
        (("q", ["a", "b"], 0, ["only one"]), ValueError, "explanations must have one text"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, words):
    with pytest.raises(error, match=words):
        Quiz(*arguments)


@pytest.mark.parametrize("choice", [3, -1, 0.5, True, None, "maybe"])
def test_an_impossible_choice_leaves_the_result_alone(quiz, choice):
    quiz.choose(1)
    with pytest.raises((TypeError, ValueError), match="choice must be"):
        quiz.choose(choice)
    assert quiz.result.index == 1
