"""Augmentation and folders of images: what is moved where, what is refused."""

import zlib

import numpy as np
import pytest
from PIL import Image

import dlkit
from dlkit import datasets

random = np.random.default_rng(0)
IMAGES = random.random((6, 8, 8, 1)).astype("float32")
NOTHING = {"flip": False, "shift": 0.0, "rotate": 0.0, "noise": 0.0}


def only(**change):
    return {**NOTHING, **change}


def test_nothing_asked_for_changes_nothing():
    np.testing.assert_array_equal(datasets.augment(IMAGES, **NOTHING), IMAGES)


def test_half_of_the_images_are_mirrored():
    many = np.tile(IMAGES, (200, 1, 1, 1))
    made = datasets.augment(many, **only(flip=True))
    same = (made == many).all(axis=(1, 2, 3))
    mirrored = (made == many[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (same ^ mirrored).all()
    assert abs(mirrored.mean() - 0.5) < 0.05


def test_a_shift_moves_the_centre_of_mass_by_at_most_what_was_asked():
    dot = np.zeros((300, 21, 21, 1))
    dot[:, 10, 10] = 1.0
    made = datasets.augment(dot, **only(shift=0.2), fill="constant")
    np.testing.assert_allclose(made.sum(axis=(1, 2, 3)), 1.0, atol=1e-6)
    place = np.stack([(made[..., 0] * np.arange(21)[:, None]).sum((1, 2)),
                      (made[..., 0] * np.arange(21)).sum((1, 2))]) - 10  # fmt: skip
    assert np.abs(place).max() <= 0.2 * 21 + 1e-6
    assert place.min() < -3.5 and place.max() > 3.5
    assert abs(place.mean()) < 0.3


def test_a_rotation_keeps_the_distance_from_the_centre():
    dot = np.zeros((300, 31, 31, 1))
    dot[:, 15, 25] = 1.0  # ten pixels to the right of the centre
    made = datasets.augment(dot, **only(rotate=90.0), fill="constant")[..., 0]
    mass = made.sum((1, 2))
    down = (made * (np.arange(31)[:, None] - 15)).sum((1, 2)) / mass
    right = (made * (np.arange(31) - 15)).sum((1, 2)) / mass
    np.testing.assert_allclose(np.hypot(down, right), 10.0, atol=0.5)
    angle = np.rad2deg(np.arctan2(down, right))
    assert np.abs(angle).max() <= 93 and angle.min() < -80 and angle.max() > 80


def test_noise_has_the_deviation_that_was_asked_for():
    made = datasets.augment(np.zeros((50, 20, 20, 3)), **only(noise=0.3))
    assert made.std() == pytest.approx(0.3, rel=0.02)
    assert made.mean() == pytest.approx(0.0, abs=0.01)


def test_the_border_comes_in_or_black_does():
    white = np.ones((20, 9, 9, 1))
    assert datasets.augment(white, **only(shift=0.5)).min() == pytest.approx(1.0)
    assert datasets.augment(white, **only(shift=0.5), fill="constant").min() == 0.0


def test_each_change_has_a_stream_of_its_own():
    plain = datasets.augment(IMAGES, seed=3, **only(rotate=30.0))
    noisy = datasets.augment(IMAGES, seed=3, **only(rotate=30.0, noise=1e-3))
    assert np.abs(plain - noisy).max() < 0.01
    assert not np.array_equal(plain, datasets.augment(IMAGES, seed=4, **only(rotate=30.0)))
    np.testing.assert_array_equal(plain, datasets.augment(IMAGES, seed=3, **only(rotate=30.0)))


def test_bytes_and_lists_become_floats_and_the_images_stay():
    given = (IMAGES * 255).astype("uint8")
    before = given.copy()
    made = datasets.augment(given)
    assert made.dtype == np.float32 and made.shape == given.shape
    np.testing.assert_array_equal(given, before)
    assert datasets.augment(IMAGES.astype("float64")).dtype == np.float64


def test_keras_layers_change_images_only_while_training():
    layers = dlkit.augmentation_layers(shift=0.2, rotate=20.0, noise=0.1, seed=1)
    np.testing.assert_allclose(layers(IMAGES, training=False), IMAGES, atol=1e-6)
    made = np.asarray(layers(IMAGES, training=True))
    assert made.shape == IMAGES.shape and np.abs(made - IMAGES).max() > 0.05
    assert [layer.__class__.__name__ for layer in layers.layers] == [
        "RandomRotation", "RandomTranslation", "RandomFlip", "GaussianNoise",
    ]  # fmt: skip
    nothing = dlkit.augmentation_layers(flip=False, shift=0, rotate=0)
    np.testing.assert_allclose(nothing(IMAGES, training=True), IMAGES)


# -- folders of images ---------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    """Ten red pictures and ten blue ones, of several sizes and kinds."""
    for name, colour in (("red", (255, 0, 0)), ("blue", (0, 0, 255))):
        (tmp_path / name).mkdir()
        for i in range(10):
            ending = ("png", "jpg", "bmp")[i % 3]
            picture = Image.new("RGB", (10 + i, 12), colour)
            picture.save(tmp_path / name / f"{i}.{ending}")
    (tmp_path / ".cache").mkdir()
    (tmp_path / "red" / "notes.txt").write_text("not an image")
    return tmp_path


def test_folders_are_classes(folder):
    data = dlkit.image_folder(folder, size=(4, 6))
    assert data.class_names == ("blue", "red") and data.input_shape == (4, 6, 3)
    assert len(data.x_train) == 16 and len(data.x_validation) == 4
    red = data.x_train[data.y_train == 1]
    np.testing.assert_allclose(red.mean((0, 1, 2)), (1, 0, 0), atol=0.01)
    grey = dlkit.image_folder(folder, size=5, colour="grey", test_fraction=0.2)
    assert grey.input_shape == (5, 5, 1) and len(grey.x_test) == 4
    assert 0 < grey.x_train.max() < 0.5


def spoil(kind, file):
    """Write a file that is no image in one of several ways."""
    if kind == "text":
        file.write_text("hello")
    elif kind == "empty":
        file.write_bytes(b"")
    elif kind == "cut":
        random_pixels = random.integers(0, 256, (60, 60, 3), dtype="uint8")
        Image.fromarray(random_pixels).save(file)
        file.write_bytes(file.read_bytes()[:2000])
    elif kind == "bomb":  # a header that declares 60,000 × 60,000 pixels
        Image.new("L", (1, 1)).save(file)
        whole = bytearray(file.read_bytes())
        whole[16:24] = (60_000).to_bytes(4, "big") * 2
        whole[29:33] = zlib.crc32(bytes(whole[12:29])).to_bytes(4, "big")
        file.write_bytes(whole)


@pytest.mark.parametrize("kind", ["text", "empty", "cut", "bomb"])
def test_a_damaged_image_is_named_or_skipped(folder, kind):
    spoil(kind, folder / "red" / "bad.png")
    with pytest.raises(ValueError, match=r"1 of 21 are not: red/bad\.png"):
        dlkit.image_folder(folder)
    data = dlkit.image_folder(folder, damaged="skip")
    assert len(data.x_train) + len(data.x_validation) == 20


def test_what_is_no_folder_of_folders_is_refused(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        dlkit.image_folder(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="two or more classes"):
        dlkit.image_folder(folder / "red")
    with pytest.raises(ValueError, match="size must be"):
        dlkit.image_folder(folder, size=(1, 2, 3))
