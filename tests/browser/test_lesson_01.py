"""Lesson 01 as a learner uses it: run all, move a weight, let the neuron learn, bend differently."""

from learner import SeenLab
from waiting import wait_for

LESSON = "01_neuron.ipynb"


def test_both_labs_answer_the_learner(lab_page):
    lab_page.open(LESSON)
    lab_page.run_all(timeout=300)  # a busy machine takes its time
    assert lab_page.failures() == []

    neuron = SeenLab(lab_page.widget("dlkit-neuronlab"), "NeuronLab")
    assert "sigmoid(z) = 0.786" in neuron.sentence()  # what the lesson computed by hand
    before = neuron.look()
    lab_page.set_slider("dlkit-neuronlab .lab-w1", 3)
    neuron.expect_change(before, "a weight was moved")
    assert "3.00·0.80" in neuron.sentence()

    before = neuron.look()
    neuron.part("lab-learn").click()
    neuron.expect_change(before, "Learn was pressed")
    during = neuron.look()
    neuron.expect_change(during, "while it learns")
    wait_for(lambda: "AND is learnt" in neuron.part("lab-message").inner_text(), "AND not learnt")
    assert "4 of 4 points right" in neuron.sentence()
    assert "Challenge met" not in neuron.sentence()  # the goal asks for weights set by hand
    neuron.part("lab-reset").click()
    for name, value in (("w1", 1), ("w2", 1), ("bias", -1.5)):
        lab_page.set_slider(f"dlkit-neuronlab .lab-{name}", value)
    wait_for(lambda: "Challenge met" in neuron.sentence(), "AND by hand does not meet the goal")

    activation = SeenLab(lab_page.widget("dlkit-activationlab"), "ActivationLab")
    assert "vanishes" in activation.sentence()
    before = activation.look()
    activation.part("lab-activation").locator("select").select_option(label="relu")
    activation.expect_change(before, "another activation was chosen")
    assert "Challenge met" not in activation.sentence()  # the goal asks for weights that suit it
    activation.part("lab-initializer").locator("select").select_option(label="He: 2 / in")
    wait_for(lambda: "Challenge met" in activation.sentence(), "relu and He do not meet the goal")

    assert lab_page.errors == []
    assert lab_page.foreign == []
