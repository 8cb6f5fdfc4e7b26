"""Quizzes: driven without a browser exactly as with one."""

import re

import pytest

import dlkit
from dlkit.display import words
from dlkit.display.prediction import Prediction
from dlkit.display.quiz import Quiz
from dlkit.exercises.quizzes import quiz as exit_quiz
from dlkit.exercises.quizzes import quizzes
from dlkit.exercises.registry import LESSONS


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


@pytest.fixture
def shown(monkeypatch):
    """What was displayed, as bundles, instead of a printed text."""
    bundles = []
    monkeypatch.setattr(
        "dlkit.display.prediction.display", lambda words: bundles.append(words._repr_mimebundle_())
    )
    return bundles


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
    assert button.description == "B) It shrinks."
    button.click()
    assert quiz.result.index == 1
    assert button.description == "✗ Not right: B) It shrinks."
    assert "Only for negative x." in quiz._view._feedback.value
    assert 'role="alert"' in quiz._view._feedback.value
    quiz._view.buttons[2].click()
    assert quiz._view.buttons[2].description == "✓ Right: C) It depends on the sign of x."
    assert button.description == "B) It shrinks."


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


def test_reveal_without_a_prediction_is_folded_in_a_notebook(prediction, shown):
    prediction.reveal("Adam", because="It scales each step.")
    (bundle,) = shown
    assert bundle["text/plain"].startswith("It turned out: Adam\n")
    html = bundle["text/html"]
    assert html.startswith("<details") and "open>" not in html.partition(">")[0] + ">"
    visible, _, hidden = html.partition("</summary>")
    assert "What turned out (make your prediction above first, then open)" in visible
    assert "Adam" not in visible
    assert "It turned out: Adam" in hidden and "It scales each step." in hidden


def test_reveal_with_a_prediction_is_open_and_compares(prediction, shown):
    prediction.choose("SGD")
    prediction.reveal("Adam", because="It scales each step.")
    (bundle,) = shown
    assert "You predicted: SGD" in bundle["text/plain"]
    html = bundle["text/html"]
    assert "<details" not in html
    for piece in ("otherwise", "You predicted: SGD", "It turned out: Adam", "It scales"):
        assert piece in html


def test_the_verdict_stays_when_another_answer_is_clicked_after_the_reveal(prediction, capsys):
    prediction.choose(0)
    prediction.choose(1)
    prediction.choose(0)  # a prediction may change until it is revealed
    prediction.reveal(1, because="It scales each step.")
    prediction.widget()
    before = prediction.result
    prediction._view.buttons[1].click()
    assert prediction.result is before
    for piece in ("It turned out otherwise", "You predicted: SGD", "It scales", "stands"):
        assert piece in prediction._view._feedback.value
    assert prediction._view.buttons[0].description == "Your prediction: A) SGD"
    assert prediction._view.buttons[1].description == "B) Adam"
    prediction.reveal(0)  # measured anew: the verdict is on the prediction that stands
    assert "As you predicted" in prediction.feedback()


def test_who_predicts_only_after_the_reveal_gets_the_verdict_at_once(prediction, capsys):
    prediction.reveal("Adam", because="It scales each step.")
    result = prediction.choose("B")
    assert result.correct is True
    assert "As you predicted" in prediction.feedback() and "It scales" in prediction.feedback()


def test_a_stored_question_has_letters_and_no_numbers(quiz, prediction):
    for question in (quiz, prediction):
        html = question._repr_mimebundle_()["text/html"]
        assert "<ol" not in html and "list-style:none" in html
        for letter, choice in zip("ABC", question.choices, strict=False):
            assert f"<li>{letter}) {choice}</li>" in html


def test_words_are_displayed_in_a_notebook_and_printed_elsewhere(monkeypatch, capsys):
    import IPython
    import IPython.display

    words.display(words.Words("a < b"))
    assert capsys.readouterr().out == "a < b\n"
    bundles = []
    monkeypatch.setattr(IPython, "get_ipython", lambda: object())
    monkeypatch.setattr(IPython.display, "display", bundles.append)
    words.display(words.Words("a < b"))
    (shown,) = bundles
    bundle = shown._repr_mimebundle_()
    assert bundle["text/plain"] == "a < b"
    assert bundle["text/html"].startswith("<p") and "a &lt; b</p>" in bundle["text/html"]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((3, ["a", "b"], 0, ["", ""]), TypeError, "question must be a text"),
        (("  ", ["a", "b"], 0, ["", ""]), ValueError, "question must not be empty"),
        (("q", "ab", 0, ["", ""]), TypeError, "choices must be a list"),
        (("q", [1, 2], 0, ["", ""]), TypeError, r"choices\[0\] must be a text"),
        (("q", ["a", " "], 0, ["", ""]), ValueError, r"choices\[1\] must not be empty"),
        (("q", ["a"], 0, [""]), ValueError, "choices must be 2 to 10"),
        (("q", ["a", "a"], 0, ["", ""]), ValueError, "must all differ"),
        (("q", ["a", "b"], 2, ["", ""]), ValueError, "answer must be a whole number"),
        (("q", ["a", "b"], None, ["", ""]), TypeError, r"answer must be .* Quiz\.predict\("),
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


# --- the exit quizzes of the lessons --------------------------------------------------------------
IDS = list(quizzes())


@pytest.mark.parametrize("id", IDS)
def test_an_exit_quiz_is_whole_and_says_why_to_every_choice(id):
    asked = exit_quiz(id)
    verdicts = [asked.choose(choice) for choice in asked.choices]
    assert [verdict.correct for verdict in verdicts].count(True) == 1
    assert all(len(verdict.explanation.split()) >= 4 for verdict in verdicts)
    assert len({verdict.explanation for verdict in verdicts}) == len(verdicts)


@pytest.mark.parametrize("id", IDS)
def test_the_right_answer_is_not_recognisable_by_its_length(id):
    entry = quizzes()[id]
    lengths = [len(choice) for choice in entry["choices"]]
    right = lengths.pop(entry["answer"])
    assert min(lengths) <= right <= max(lengths)


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_has_two_quizzes_or_more_with_answers_in_different_places(lesson):
    mine = [id for id in IDS if id.startswith(lesson + ".")]
    assert mine == [f"{lesson}.{letter}" for letter in "abcdefgh"[: len(mine)]]
    assert len(mine) >= 2
    assert len({quizzes()[id]["answer"] for id in mine}) >= 2


def test_a_quiz_is_new_at_each_call_and_handed_on():
    exit_quiz("00.a").choose(0)
    assert exit_quiz("00.a").result is None
    assert isinstance(dlkit.quiz("00.a"), Quiz) and "quiz" in dlkit.exercises.__all__
    assert exit_quiz(" 00.A ").question == exit_quiz("00.a").question


def test_an_unknown_quiz_suggests_the_nearest():
    for wrong, known in [("00a", "00.a"), ("01_c", "01.c"), ("3.b", "03.b")]:
        with pytest.raises(ValueError, match=f"Did you mean '{re.escape(known)}'"):
            exit_quiz(wrong)
    with pytest.raises((TypeError, ValueError), match="id of a quiz must be"):
        exit_quiz(0.1)
