"""The pictures of the labs in the documentation: their colours, and the words that go with them."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

from dlkit import labs

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "labs.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def script():
    pytest.importorskip("axe_playwright_python")
    specification = importlib.util.spec_from_file_location("shoot_labs", DOCS / "shoot_labs.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_common_colours_are_kept_as_they_are_beside_a_thousand_rare_ones(script, tmp_path):
    from PIL import Image

    pixels = np.full((400, 400, 3), 255, "uint8")
    alike = [
        (253, 253, 253),
        (254, 254, 254),
        (1, 114, 178),
        (0, 114, 178),
        (0, 118, 178),
        (86, 180, 233),
        (90, 180, 233),
        (204, 121, 167),
    ]
    for row, color in enumerate(alike):
        pixels[20 * row : 20 * row + 10, :100] = color
    pixels[300:, 300:] = np.random.default_rng(0).integers(0, 256, (100, 100, 3))
    target = tmp_path / "lab.png"
    script.save(Image.fromarray(pixels), "Loss ×0.5 – “ready” ✓", target)
    with Image.open(target) as found:
        assert found.text["Description"] == "Loss ×0.5 – “ready” ✓"
        kept = np.asarray(found.convert("RGB"))
    assert np.array_equal(kept[:300], pixels[:300])


def test_every_picture_has_the_words_of_its_own_moment():
    from PIL import Image

    for name in labs.__all__:
        with Image.open(DOCS / "labs" / f"{name}.png") as picture:
            words = picture.text["Description"]
        assert f"![{name}: {words}](labs/{name}.png)" in PAGE
    assert re.findall("^## (.+)$", PAGE, re.M) == list(labs.__all__)
    # these are shot after a button was pressed that puts them to work
    for beginning in ("Nothing is computed yet", "Press Start"):
        assert beginning not in PAGE
