"""Make houses.csv: invented houses whose price a formula decides, with faults planted on purpose.

Run it with ``python data/houses/generate.py``; it writes the same files every time.
"""

import json
from pathlib import Path

import numpy as np

HEADER = "id,area,rooms,built,district,energy class,garden,distance to centre,sold,commission,price"
DISTRICTS = {
    "Harbour": 1.15,
    "Old Town": 1.25,
    "Mill Hill": 0.95,
    "Northside": 0.85,
    "Lakeside": 1.35,
}
ENERGY = "ABCDEF"
SQUARE_FOOT = 0.09290304  # square metres
HOUSES, COPIES = 800, 24


def truth(area, district, energy, age, garden, distance):
    """Return the price in euros that the formula gives, before noise of 5 percent."""
    base = 2600.0 * area * DISTRICTS[district]
    return (
        base * (1 - 0.04 * ENERGY.index(energy)) * (1 - 0.002 * age)
        + 18_000 * garden
        - 2500.0 * distance
    )


def rows(seed=11):
    """Return (rows of text fields, what was planted)."""
    generator = np.random.default_rng(seed)
    planted = {name: [] for name in ("square feet", "area missing", "rooms as words", "garden missing",
                                     "district spelt differently", "built impossible", "outlier in area",
                                     "price missing")}  # fmt: skip
    found = []
    for number in range(1, HOUSES + 1):
        area = round(float(generator.uniform(35, 220)), 1)
        rooms = max(1, int(area // 28) + int(generator.integers(-1, 2)))
        year = int(generator.integers(1900, 2021))
        district = str(generator.choice(list(DISTRICTS)))
        energy = ENERGY[int(generator.integers(0, 6))]
        garden = int(generator.random() < 0.4)
        distance = round(float(generator.uniform(0.3, 15.0)), 1)
        sold = f"{2021 + int(generator.integers(0, 4))}-{int(generator.integers(1, 13)):02d}-{int(generator.integers(1, 29)):02d}"
        price = truth(area, district, energy, 2024 - year, garden, distance)
        price = round(price * (1 + 0.05 * float(generator.normal())) / 100) * 100
        fields = {
            "id": f"H{number:04d}", "area": f"{area:.1f} m²", "rooms": str(rooms), "built": str(year),
            "district": district, "energy class": energy, "garden": "yes" if garden else "no",
            "distance to centre": f"{distance:.1f} km", "sold": sold,
            "commission": f"{0.03 * price:.0f}", "price": str(price),
        }  # fmt: skip
        for fault in _faults(generator, fields, area, rooms, district):
            planted[fault].append(fields["id"])
        found.append(list(fields.values()))
    copied = sorted(int(i) for i in generator.choice(HOUSES, COPIES, replace=False))
    planted["copied rows"] = [found[i][0] for i in copied]
    places = generator.permutation(HOUSES + COPIES)
    everything = found + [found[i] for i in copied]
    return [everything[i] for i in places], planted


def _faults(generator, fields, area, rooms, district):
    """Plant faults into the fields of one house; yield their names."""
    chance = generator.random(8)
    if chance[1] < 0.05:
        fields["area"] = ""
        yield "area missing"
    elif chance[6] < 0.01:
        fields["area"] = f"{10 * area:.0f} m²"
        yield "outlier in area"
    elif chance[0] < 0.15:
        fields["area"] = f"{area / SQUARE_FOOT:.0f} sq ft"
        yield "square feet"
    if chance[2] < 0.03:
        fields["rooms"] = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"][
            rooms - 1
        ]
        yield "rooms as words"
    if chance[3] < 0.08:
        fields["garden"] = "n/a"
        yield "garden missing"
    if chance[4] < 0.06:
        fields["district"] = district.upper() if chance[4] < 0.03 else f" {district.lower()}"
        yield "district spelt differently"
    if chance[5] < 0.01:
        fields["built"] = "19"
        yield "built impossible"
    if chance[7] < 0.02:
        fields["price"] = fields["commission"] = ""
        yield "price missing"


def table(seed=11):
    """Return the whole file as text."""
    lines, _ = rows(seed)
    return "\n".join([HEADER, *(",".join(fields) for fields in lines)]) + "\n"


def truth_file(seed=11):
    """Return what was planted, as JSON."""
    _, planted = rows(seed)
    about = {
        "price": "2600 · area · district · (1 − 0.04 · energy) · (1 − 0.002 · age in 2024) + 18000 · garden "
        "− 2500 · distance, times 1 + 0.05 · a normal number",
        "district": DISTRICTS,
        "energy": "A counts 0, B 1, … F 5",
        "leak": "commission is 3 % of the price, rounded to whole euros",
        "planted": planted,
    }
    return json.dumps(about, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    folder = Path(__file__).parent
    (folder / "houses.csv").write_text(table(), encoding="utf-8", newline="\n")
    (folder / "truth.json").write_text(truth_file(), encoding="utf-8", newline="\n")
