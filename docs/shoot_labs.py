"""Take a picture of every lab in a real JupyterLab, as docs/labs/<name>.png, and write docs/labs.md.

    python docs/shoot_labs.py [OptimizerLab ...]

Labs that train are started first. Needs what the browser tests need.
"""

import io
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent / "tests" / "browser"))

from jupyterlab_session import LabPage, browser_page, running_lab  # noqa: E402
from test_labs import show_lab  # noqa: E402

from dlkit import labs  # noqa: E402
from dlkit.doctor import find_browser  # noqa: E402

STARTS = ("lab-start", "lab-all-forward", "lab-race")  # the buttons that show a lab at work
SECONDS = 12  # for which it may run before the picture


def shoot(name, lab, folder):
    """Save the picture of one lab."""
    with browser_page(find_browser(), Path(folder, name), size=(1400, 1300)) as page:
        lab_page = LabPage(page, lab)
        show_lab(lab_page, name)
        for start in STARTS:
            button = page.locator(f".dlkit-lab .{start}")
            if button.count():
                button.first.click()
                page.wait_for_timeout(1000 * SECONDS)
                break
        picture = Image.open(io.BytesIO(page.locator(".dlkit-lab").first.screenshot()))
        words = page.locator(".dlkit-lab .dlkit-sentence").first.inner_text()  # of this picture
        save(picture, words, DOCS / "labs" / f"{name}.png")


def save(picture, words, target):
    """Save a picture with its 256 most common colours as they are, and its words in the file."""
    pixels = np.asarray(picture.convert("RGB"))
    colors, which, counts = np.unique(
        pixels.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True
    )
    common = colors[np.argsort(-counts)[:256]]
    # Pillow's own search for the nearest one of a palette confuses colours that are near
    nearest = [int(((common - color.astype(int)) ** 2).sum(axis=1).argmin()) for color in colors]
    small = Image.fromarray(np.array(nearest, "uint8")[which.reshape(pixels.shape[:2])], "P")
    small.putpalette(common.ravel().tolist())
    info = PngInfo()
    info.add_itxt("Description", words)
    small.save(target, optimize=True, pnginfo=info)


def words_of(name):
    """Return what the lab said when its picture was taken."""
    with Image.open(DOCS / "labs" / f"{name}.png") as picture:
        return str(picture.text["Description"])


def page_of_labs():
    """Return the page that shows all pictures, with the question and the words of each lab."""
    parts = [
        "# The labs",
        "Each is a cell: `from dlkit.labs import OptimizerLab; OptimizerLab()`. This page is written by "
        "`docs/shoot_labs.py`.",
    ]
    for name in labs.__all__:
        lab = getattr(labs, name)()
        parts += [
            f"## {name}",
            f"{lab.question} **Challenge:** {lab.challenge}",
            f"![{name}: {words_of(name)}](labs/{name}.png)",
        ]
        lab.close()
    return "\n\n".join(parts) + "\n"


def main():
    """Shoot the labs that were named, or all."""
    with tempfile.TemporaryDirectory() as folder, running_lab(Path(folder, "jupyter")) as lab:
        for name in sys.argv[1:] or labs.__all__:
            shoot(name, lab, folder)
            print(name, flush=True)
    (DOCS / "labs.md").write_text(page_of_labs(), encoding="utf-8")


if __name__ == "__main__":
    main()
