"""Make shapes.png: one sheet of 1,000 small grey pictures of circles, squares, triangles and crosses.

Run it with ``python data/shapes/generate.py``; it writes the same files every time.
"""

import json
import struct
import zlib
from pathlib import Path

import numpy as np

KINDS = ("circle", "square", "triangle", "cross")
SIDE, COLUMNS, ROWS = 16, 40, 25
FINE = 4  # each pixel is the mean of 4 × 4 points


def inside(kind, x, y, size):
    """Return which points are inside a shape around (0, 0); y points down, size is half its width."""
    if kind == "circle":
        return x * x + y * y <= size * size
    if kind == "square":
        return (np.abs(x) <= 0.88 * size) & (np.abs(y) <= 0.88 * size)
    if kind == "triangle":
        return (y <= 0.8 * size) & (y + size >= 2 * np.abs(x))
    return ((np.abs(x) <= 0.3 * size) & (np.abs(y) <= size)) | (
        (np.abs(y) <= 0.3 * size) & (np.abs(x) <= size)
    )


def pictures(seed=9):
    """Return (grey values of shape (1000, 16, 16), one dictionary for each picture)."""
    generator = np.random.default_rng(seed)
    points = (np.arange(SIDE * FINE) + 0.5) / FINE
    drawn, truths = [], []
    for number in range(COLUMNS * ROWS):
        kind = KINDS[number % len(KINDS)]
        size = round(float(generator.uniform(3.0, 6.5)), 2)
        across, down = (round(float(v), 2) for v in generator.uniform(size, SIDE - size, 2))
        ink, paper = int(generator.integers(140, 256)), int(generator.integers(0, 70))
        mask = inside(kind, points[None, :] - across, points[:, None] - down, size)
        share = mask.reshape(SIDE, FINE, SIDE, FINE).sum(axis=(1, 3))  # 0 … 16 of the points
        noise = generator.integers(-12, 13, (SIDE, SIDE))
        grey = paper + (ink - paper) * share // FINE**2 + noise
        drawn.append(np.clip(grey, 0, 255).astype("uint8"))
        truths.append(
            {"kind": kind, "x": across, "y": down, "size": size, "ink": ink, "paper": paper}
        )
    return np.stack(drawn), truths


def sheet(seed=9):
    """Return all pictures side by side, 40 in a row, as an array of 400 × 640 grey values."""
    drawn, _ = pictures(seed)
    rows = drawn.reshape(ROWS, COLUMNS, SIDE, SIDE).transpose(0, 2, 1, 3)
    return rows.reshape(ROWS * SIDE, COLUMNS * SIDE)


def png(grey):
    """Return a grey image as the bytes of a PNG, uncompressed, so that they are the same everywhere."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    lines = b"".join(b"\0" + row.tobytes() for row in grey)  # 0: no filter
    blocks = [lines[i : i + 65535] for i in range(0, len(lines), 65535)]
    stored = b"".join(
        struct.pack("<BHH", i == len(blocks) - 1, len(block), 65535 - len(block)) + block
        for i, block in enumerate(blocks)
    )
    packed = b"\x78\x01" + stored + struct.pack(">I", zlib.adler32(lines))
    header = struct.pack(">IIBBBBB", grey.shape[1], grey.shape[0], 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    )


def truth_file(seed=9):
    """Return what is in each picture, row by row of the sheet, as JSON."""
    _, truths = pictures(seed)
    lines = ",\n".join(json.dumps(truth) for truth in truths)
    return f'{{"kinds": {json.dumps(KINDS)}, "pictures": [\n{lines}\n]}}\n'


if __name__ == "__main__":
    folder = Path(__file__).parent
    (folder / "shapes.png").write_bytes(png(sheet()))
    (folder / "truth.json").write_text(truth_file(), encoding="utf-8", newline="\n")
