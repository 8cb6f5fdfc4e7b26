"""A folder of images, one folder inside it for each class, as `Data`."""

import numpy as np

from dlkit import checks
from dlkit.datasets.splitting import check_fractions, check_seed, split
from dlkit.files import check_path

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")
COLOURS = {"grey": ("L", 1), "rgb": ("RGB", 3)}
LARGEST_FILE = 64 * 2**20  # bytes
MOST_PIXELS = 64 * 10**6  # of one image, before it is made smaller
LARGEST = 2 * 2**30  # bytes that all images take


def image_folder(
    path,
    size=(32, 32),
    colour="rgb",
    seed=0,
    validation_fraction=0.2,
    test_fraction=0.0,
    damaged="refuse",
):
    """Return the images of a folder, whose folders are the classes: ``cats/1.png``, ``dogs/1.png`` …

    Parameters
    ----------
    path : str or path
        The folder that holds a folder for each class, two or more.
    size : int or tuple of two int
        Height and width to which each image is brought (bilinear; proportions are not kept).
    colour : {"rgb", "grey"}
        Three channels or one.
    seed : int
        Fixes the split.
    validation_fraction, test_fraction : float
        Shares of all images; each class in proportion.
    damaged : {"refuse", "skip"}
        What happens where a file is no image, or a damaged or too large one.

    Returns
    -------
    Data
        Inputs float32 from 0 to 1 of shape (height, width, channels); classes in alphabetical order.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit, there are too few images, or one is damaged.
    OSError
        If the folder is not there.
    """
    path = check_path(path)
    height, width = _checked_size(size)
    mode, channels = COLOURS[checks.choice("colour", colour, COLOURS)]
    seed = check_seed(seed)
    check_fractions(validation_fraction, test_fraction)
    checks.choice("damaged", damaged, ("refuse", "skip"))
    if not path.is_dir():
        raise FileNotFoundError(
            f"There is no folder {path}: path must be a folder of folders of images."
        )
    classes = sorted(
        each.name for each in path.iterdir() if each.is_dir() and not each.name.startswith(".")
    )
    files = [(each, name) for name in classes for each in _images_in(path / name)]
    classes = sorted({name for _, name in files})
    if len(classes) < 2:
        raise ValueError(
            f"path must hold a folder with images for each of two or more classes, but {path} holds "
            f"{len(classes)}."
        )
    if len(files) * height * width * channels * 4 > LARGEST:
        raise ValueError(
            f"size must be smaller: {len(files)} images of {height} × {width} pixels would take "
            f"{len(files) * height * width * channels * 4 / 2**30:.1f} GB."
        )
    images, labels, bad = [], [], []
    for file, name in files:
        try:
            images.append(_read(file, mode, (width, height)))
            labels.append(classes.index(name))
        except ValueError as error:
            bad.append(f"{name}/{file.name} {error}")
    if bad and (damaged == "refuse" or not images):
        raise ValueError(
            f"path must hold whole images, but {len(bad)} of {len(files)} are not: {bad[0]}. Remove "
            "them, or take damaged='skip'."
        )
    pixels = np.stack(images).reshape(-1, height, width, channels)
    return split(
        pixels / np.float32(255),
        np.array(labels),
        seed=seed,
        validation_fraction=validation_fraction,
        test_fraction=test_fraction,
        name=path.resolve().name,
        class_names=classes,
    )


def _checked_size(size):
    size = checks.shape("size", size)
    size = size * 2 if len(size) == 1 else size
    if len(size) != 2:
        raise ValueError(f"size must be height and width, such as (32, 32), but got {size}.")
    for length in size:
        checks.whole_number("size", length, maximum=4096)
    return size


def _images_in(folder):
    return sorted(
        each for each in folder.iterdir() if each.suffix.lower() in ENDINGS and each.is_file()
    )


def _read(file, mode, size):
    """Return one image as bytes of pixels; raise ``ValueError`` with a reason for what is none."""
    from PIL import Image, ImageOps

    if file.stat().st_size > LARGEST_FILE:
        raise ValueError(f"is larger than {LARGEST_FILE // 2**20} MB")
    try:
        with Image.open(file, formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise ValueError(f"has {image.width} × {image.height} pixels, too many")
            upright = _eight_bits(ImageOps.exif_transpose(image))
            return np.asarray(upright.convert(mode).resize(size, Image.Resampling.BILINEAR))
    except ValueError as error:
        raise ValueError(f"cannot be read ({error})") from None
    except Image.DecompressionBombError:
        raise ValueError("declares far too many pixels") from None
    except (OSError, SyntaxError, EOFError, MemoryError, OverflowError) as error:
        raise ValueError(
            f"is damaged or no image ({str(error)[:80]})".replace(str(file), file.name)
        ) from None


def _eight_bits(image):
    """Return an image of 16 bits a pixel with 8; Pillow alone would make most of it white."""
    from PIL import Image

    if image.mode == "F":
        raise ValueError("its pixels are fractions, of which nobody knows what is white")
    if not image.mode.startswith("I"):
        return image
    values = np.asarray(image).astype("int64")
    if values.min() < 0 or values.max() > 65535:
        raise ValueError("its pixels have more than 16 bits")
    return Image.fromarray(np.round(values / 257).astype("uint8"))
