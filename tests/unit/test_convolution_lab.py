"""ConvolutionLab: sums against SciPy, maps against Keras, covering by hand; drawing and challenge."""

import contextlib
import io
import json
import re

import numpy as np
import pytest
from scipy.signal import correlate2d

from dlkit import Network, datasets
from dlkit.labs import ConvolutionLab, digit_reader
from dlkit.labs.convolution_model import (
    KERNELS,
    KNOWN_KERNELS,
    digit_image,
    kernel_named,
    occlude,
    probabilities,
    result_size,
    slide,
)
from dlkit.labs.digit_reader import feature_maps
from dlkit.plots.chart import Heat, Text

VIEWS = ("slide", "layers", "occlusion")
AN_EIGHT = ((2, 6, 1.0), (5, 3, 1.0), (6, 2, 1.0))  # turn the second 3 into an 8


@pytest.fixture
def lab():
    made = ConvolutionLab()
    yield made
    made.close()


def numbers(words):
    return [float(n.replace("−", "-")) for n in re.findall(r"[−-]?\d+\.\d+", words)]


# The sliding kernel


@pytest.mark.parametrize("name", KERNELS)
def test_every_kernel_gives_what_scipy_gives(name):
    image, kernel = digit_image(5, 4), kernel_named(name)
    for padding in ("valid", "same"):
        found = slide(image, kernel, 1, padding, 0, 0).result
        assert np.allclose(found, correlate2d(image, kernel, padding), atol=1e-12)
    strided = slide(image, kernel, 2, "valid", 0, 0).result
    assert np.allclose(strided, correlate2d(image, kernel, "valid")[::2, ::2], atol=1e-12)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_the_products_of_every_place_add_up_to_its_result(stride, padding):
    image, kernel = digit_image(2, 7), kernel_named("emboss")
    count = result_size(stride, padding)
    for row, column in np.ndindex(count, count):
        found = slide(image, kernel, stride, padding, row, column)
        assert found.result.shape == (count, count) and found.place == (row, column)
        assert found.products.sum() == pytest.approx(found.result[row, column], abs=1e-12)
        assert np.array_equal(found.products, found.window * kernel)


def test_the_window_lies_where_the_picture_marks_it():
    image = digit_image(4, 1)
    found = slide(image, kernel_named("blur"), 1, "same", 0, 3)
    assert found.pads == ((1, 1), (1, 1)) and found.corner == (0, 3)
    assert not found.window[0].any()  # padding
    assert np.array_equal(found.window[1:], image[0:2, 2:5])


def test_the_picture_and_the_words_show_the_products(lab):
    lab.controls.kernel.value, lab.controls.row.value = "laplacian", 4
    window, products, result = lab.chart().panels
    written = [mark.text for mark in products.marks if isinstance(mark, Text)]
    shown = slide(digit_image(3, 1), kernel_named("laplacian"), 1, "valid", 3, 1)
    assert len(written) == 9
    for text, pixel, weight in zip(written, shown.window.flat, shown.kernel.flat, strict=True):
        assert numbers(text) == pytest.approx([pixel, weight, pixel * weight], abs=6e-4)
    total = shown.result[3, 1]
    assert numbers(products.title) == pytest.approx([total], abs=6e-4)
    assert numbers(lab.details())[-1] == pytest.approx(total, abs=6e-5)
    heat = next(mark for mark in result.marks if isinstance(mark, Heat))
    assert np.allclose(
        heat.values, correlate2d(digit_image(3, 1), kernel_named("laplacian"), "valid")
    )
    strongest = np.unravel_index(int(np.abs(shown.result).argmax()), shown.result.shape)
    place = tuple(int(at) + 1 for at in strongest)
    assert f"at {place}" in result.title and "row 4, column 2" in lab.sentence
    assert numbers(result.title) == pytest.approx([shown.result[strongest]], abs=6e-4)
    assert window.title == f"Window: {(shown.window > 0).sum()} of 9 pixels inked"


@pytest.mark.parametrize("view", VIEWS)
def test_the_titles_follow_the_finding(view):
    found = []
    lab = ConvolutionLab(view=view)
    for lab.controls.digit.value in (3, 4, 5, 6):
        found.append([panel.title for panel in lab.chart().panels])
    assert all(len(set(titles)) > 1 for titles in zip(*found, strict=True))
    lab.close()


def test_the_title_of_the_layers_counts_the_numbers_that_weigh_most():
    lab = ConvolutionLab(view="layers", digit=8)
    last = np.sort(feature_maps(lab.image)["pool_2"], axis=None)[::-1]
    count = int(lab.chart().panels[0].title.split()[0])
    assert last[:count].sum() >= 0.9 * last.sum() > last[: count - 1].sum()
    lab.close()


def test_an_empty_sheet_has_no_strongest_and_no_worst_place(lab):
    lab.clear()
    assert lab.sentence.startswith("Your empty sheet, under the kernel")
    assert "strongest" not in lab.sentence and "all the others are 0 too" in lab.sentence
    assert lab.chart().panels[2].title == "All 6 × 6 sums are 0"
    lab.controls.view.value = "occlusion"
    assert "hurts" not in lab.sentence and "wherever 2 × 2 pixels are covered" in lab.sentence
    assert lab.chart().panels[0].title == "Covering changes nothing"
    lab.draw_pixel(3, 3, 1.0)
    assert lab.sentence.startswith("Your sheet, empty but for 1 pixel: ")
    assert "hurts most" in lab.sentence


def test_the_place_ends_where_the_result_does(lab):
    lab.controls.row.value = 6
    lab.controls.stride.value = 3
    assert lab.controls.row.value == lab.controls.row.max == 2
    lab.controls.padding.value = "same"
    assert lab.controls.column.max == 3
    lab.controls.stride.value = 1
    assert lab.controls.row.max == 8


def test_sobel_is_silent_on_even_areas_and_identity_changes_nothing():
    assert all(np.sum(KNOWN_KERNELS[name]) == 0 for name in ("sobel_x", "sobel_y", "laplacian"))
    assert all(np.sum(KNOWN_KERNELS[name]) == pytest.approx(1) for name in ("blur", "identity"))
    image = digit_image(0, 2)
    assert np.array_equal(slide(image, kernel_named("identity"), 1, "same", 0, 0).result, image)


# The network


def test_the_stored_reader_is_small_in_float64_and_reads_unseen_digits():
    reader, data = digit_reader.digit_reader(), datasets.digits()
    assert reader.flat_parameters.size == 1898 and reader.dtype == np.float64
    assert reader.get_config() == digit_reader.new_reader().get_config()
    assert reader.evaluate(data.x_validation, data.y_validation)["accuracy"] > 0.975


@pytest.mark.full
def test_one_epoch_of_its_training_moves_it_in_the_right_direction():
    trained, data = digit_reader.train_reader(epochs=1), datasets.digits()
    assert trained.evaluate(data.x_validation, data.y_validation)["accuracy"] > 0.7


@pytest.mark.full
def test_training_gives_the_stored_weights():
    trained, stored, data = (
        digit_reader.train_reader(),
        digit_reader.digit_reader(),
        datasets.digits(),
    )
    ours, theirs = (network.predict(data.x_validation) for network in (trained, stored))
    assert (ours.argmax(axis=1) == theirs.argmax(axis=1)).mean() > 0.97
    assert np.allclose(trained.flat_parameters, stored.flat_parameters, atol=0.05)


def test_the_maps_are_those_of_the_network_and_the_probabilities_its_answer(lab):
    image = digit_image(8, 3)
    maps = feature_maps(image)
    reader = Network.load(digit_reader.STORED)
    y = image[None, :, :, None]
    for layer in reader.layers:
        y = layer.compute_output(y, False)
        assert np.array_equal(maps[layer.name], y[0])
    assert np.allclose(maps["output"], probabilities(image)) and maps[
        "output"
    ].sum() == pytest.approx(1)
    lab.controls.view.value, lab.controls.digit.value, lab.controls.sample.value = "layers", 8, 3
    panel, bars = lab.chart().panels
    shown, *heats = [mark for mark in panel.marks if isinstance(mark, Heat)]
    assert np.array_equal(shown.values, image) and len(heats) == 8 + 8 + 16 + 16
    assert np.allclose(bars.marks[0].y, maps["output"])
    assert f"reads {maps['output'].argmax()} with" in lab.sentence


# The covering patch


@pytest.mark.parametrize(("size", "value"), [(1, 1.0), (2, 0.0), (3, 0.5), (4, 0.0)])
def test_covering_agrees_with_asking_one_image_at_a_time(size, value):
    image = digit_image(9, 2)
    found = occlude(image, size, value)
    assert found.left.shape == (9 - size, 9 - size)
    for row, column in ((0, 0), (2, 3), (8 - size, 8 - size), found.worst):
        covered = image.copy()
        covered[row : row + size, column : column + size] = value
        assert found.left[row, column] == pytest.approx(probabilities(covered)[found.said])
    assert found.left.min() == found.left[found.worst]
    assert np.allclose(found.after, probabilities(found.covered))


def test_the_words_say_where_it_hurts(lab):
    lab.controls.view.value, lab.controls.patch.value = "occlusion", 3
    found = occlude(digit_image(3, 1), 3, 0.0)
    row, column = found.worst
    title = lab.chart().panels[0].title
    assert title == f"Worst: rows {row + 1}–{row + 3}, columns {column + 1}–{column + 3}"
    halved = (found.left <= found.before[found.said] / 2).sum()
    assert lab.chart().panels[1].title == f"Halved at {halved} of 36 places"
    assert f"rows {row + 1} to {row + 3}, columns {column + 1} to {column + 3}" in lab.sentence
    assert f"reads {found.said} with" in lab.sentence


# The sheet and the challenge


def test_the_challenge_is_met_by_turning_a_3_into_an_8():
    lab = ConvolutionLab(sample=2)
    assert lab.met() is False
    lab.copy()
    assert lab.controls.source.value == "sheet" and lab.met() is False
    for row, column, value in AN_EIGHT:
        lab.draw_pixel(row, column, value)
    assert probabilities(lab.image)[8] > 0.95 and lab.met() is True
    assert "3 pixels changed" in lab.sentence and "✓ Challenge met" in lab._sentence.value
    lab.controls.source.value = "digit"
    assert lab.met() is False
    lab.close()


def test_a_copied_8_an_empty_sheet_or_too_many_pixels_do_not_meet_it(lab):
    lab.controls.digit.value = 8
    lab.copy()
    assert probabilities(lab.image)[8] > 0.9 and lab.met() is False
    lab.draw_pixel(0, 0, 0.5)
    assert lab.met() is False
    eight = digit_image(8, 1)
    lab.controls.digit.value = 3
    lab.copy()
    for place, value in np.ndenumerate(eight):
        lab.draw_pixel(*place, value)
    assert np.array_equal(lab.image, eight) and lab.met() is False
    lab.clear()
    assert not lab.image.any() and lab.met() is False


def test_a_pen_that_is_moved_draws_and_a_lifted_one_does_not(lab):
    lab.clear()
    lab.controls.pen_row.value = 3
    assert not lab.image.any()
    lab.controls.pen.value = "ink"
    lab.controls.pen_column.value = 2
    lab.controls.pen.value = "grey"
    lab.controls.pen_column.value = 3
    lab.controls.pen.value = "lifted"
    lab.controls.pen_column.value = 8
    expected = np.zeros((8, 8))
    expected[2, :3] = 1.0, 0.5, 0.5  # where the pen changed to grey it marked too
    assert np.array_equal(lab.image, expected)


def test_a_square_that_is_pressed_goes_through_ink_grey_and_paper(lab):
    lab.clear()
    square = lab._pad._squares[8 * 2 + 5]
    assert square.tooltip == "row 3, column 6" and square.tabbable is False
    seen = []
    for _ in range(3):
        square.click()
        seen.append((lab.image[2, 5], square._dom_classes))
    assert [value for value, _ in seen] == [1.0, 0.5, 0.0]
    assert len({classes for _, classes in seen}) == 3
    assert "Please note" not in lab._message.value


def test_the_sheet_begins_with_the_digit_that_was_shown(lab):
    lab.controls.digit.value = 6
    lab.controls.source.value = "sheet"
    assert np.array_equal(lab.image, digit_image(6, 1))
    assert "digit 6, number 1 with 0 pixels changed" in lab.sentence
    lab.controls.digit.value = 2  # another digit at the left leaves the sheet alone
    assert np.array_equal(lab.image, digit_image(6, 1))


def test_what_the_view_does_not_ask_for_is_grey(lab):
    names = ("kernel", "row", "patch", "pen")
    states = {}
    for view in VIEWS:
        lab.controls.view.value = view
        states[view] = [lab.controls[name].disabled for name in names]
    assert states["slide"] == [False, False, True, True]
    assert states["layers"] == [True, True, True, True]
    assert states["occlusion"] == [True, True, False, True]
    assert lab._pad.view.layout.display == "none"
    lab.copy()
    assert lab.controls.pen.disabled is False and lab._pad.view.layout.display != "none"


@pytest.mark.parametrize("view", VIEWS)
def test_the_state_holds_the_sheet(view):
    lab = ConvolutionLab(view=view, digit=7, sample=5, kernel="learnt_3", stride=2, padding="same")
    lab.draw_pixel(1, 1, 0.75)
    again = ConvolutionLab.from_state(json.loads(json.dumps(lab.state())))
    assert again.summary() == lab.summary() and again.state() == lab.state()
    assert np.array_equal(again.image, lab.image)
    lab.close(), again.close()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sheet": [[0.0] * 8] * 7}, "sheet must"),
        ({"sheet": [[2.0] * 8] * 8}, "from 0, paper, to 1, ink"),
        ({"beginning": [3]}, "beginning must"),
        ({"beginning": [3, 99]}, "beginning must"),
        ({"beginning": [10, 1]}, "beginning must"),
    ],
)
def test_a_damaged_state_is_refused(lab, change, words):
    with pytest.raises((TypeError, ValueError), match=re.escape(words)):
        ConvolutionLab.from_state({**lab.state(), **change})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"kernel": "sobel"}, "Did you mean 'sobel_"),
        ({"stride": 4}, "stride must be"),
        ({"digit": 10}, "digit must be"),
        ({"paddding": "same"}, "Did you mean 'padding'"),
        ({"view": "layer"}, "Did you mean 'layers'"),
        ({"patch": 2.5}, "patch must be"),
    ],
)
def test_wrong_arguments_are_named(values, words):
    with pytest.raises((TypeError, ValueError), match=re.escape(words)):
        ConvolutionLab(**values)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [((8, 0, 1.0), "row"), ((0, -1, 1.0), "column"), ((0, 0, 1.5), "value"), (("a", 0, 1), "row")],
)
def test_no_pixel_is_drawn_with_wrong_arguments(lab, arguments, name):
    before = lab.state()
    with pytest.raises((TypeError, ValueError), match=f"{name} must"):
        lab.draw_pixel(*arguments)
    assert lab.state() == before


# The code


def printed(program):
    with contextlib.redirect_stdout(io.StringIO()) as output:
        exec(program, {"__name__": "__main__"})  # noqa: S102 - the lab's own program
    return output.getvalue()


@pytest.mark.parametrize("library", ["dlkit", pytest.param("keras", marks=pytest.mark.full)])
@pytest.mark.parametrize("source", ["digit", "sheet"])
def test_the_programs_print_the_numbers_of_the_lab(library, source):
    lab = ConvolutionLab(source=source, kernel="learnt_2", stride=2, padding="same", patch=3)
    image, near = lab.image, 1e-3 if library == "keras" else 1e-4
    for view in VIEWS:
        lab.controls.view.value = view
        program = getattr(lab.code(), library)
        assert len(program.splitlines()) <= 40
        output = printed(program)
        if view == "slide":
            shown = slide(image, kernel_named("learnt_2"), 2, "same", 1, 1)
            expected = [shown.result[1, 1]]
            assert str(shown.result.shape) in output
        else:
            expected = [probabilities(image).max()]
        if view == "occlusion":
            found = occlude(image, 3, 0.0)
            assert f"patch at {found.worst}" in output
            expected.append(found.left.min())
        assert numbers(output) == pytest.approx(expected, abs=near)
    lab.close()
