"""How soon a lab is there, and how soon its picture follows a slider, in the kernel and in the browser.

python tests/benchmarks/bench_labs.py [OptimizerLab ...]

Opening is measured once per lab in a fresh process, without the seconds that go to imports: those
come once, with the first lab. A move is a random value of a random slider in the kernel, and an arrow
key on the lab's first slider in the browser (in SweepLab on the first that looks at another cell),
from the key to the changed picture. Labs whose sliders only prepare the next run are measured alike.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
OPENING, FOLLOWING = 1.0, 0.1  # seconds; the second at the 95th percentile
MOVES = 60
LOOKS = {"SweepLab": "learning_rate"}  # labs whose first slider changes nothing before Start
KERNEL = """
import builtins, sys, time
import numpy as np
from dlkit import labs
kind = getattr(labs, sys.argv[1])
plain, inside, importing = builtins.__import__, False, 0.0
def timed(*given, **named):
    global inside, importing
    if inside:
        return plain(*given, **named)
    inside, began = True, time.perf_counter()
    try:
        return plain(*given, **named)
    finally:
        inside, importing = False, importing + time.perf_counter() - began
builtins.__import__ = timed
began = time.perf_counter()
lab = kind()
lab._repr_mimebundle_()
opening = time.perf_counter() - began - importing
builtins.__import__ = plain
generator, took = np.random.default_rng(0), []
fields = [name for name, control in lab.controls.items()
          if (hasattr(control, "bounds") or "Slider" in type(control).__name__)
          and not control.disabled and control.layout.display != "none"]
for _ in range(int(sys.argv[2])):
    control = lab.controls[fields[generator.integers(len(fields))]]
    if hasattr(control, "bounds"):
        low, high, whole = control.bounds
        name, value = "value", generator.uniform(low, high)
        value = round(value) if whole else value
    else:
        name, value = "index", int(generator.integers(len(control.options)))
    began = time.perf_counter()
    setattr(control, name, value)
    took.append(time.perf_counter() - began)
lab.close()
print(opening, *np.quantile(took, (0.5, 0.95)))
"""
WATCH = """() => {
    window.dlkitTook = [];
    let pressed = null;
    document.addEventListener("keydown", () => { pressed = performance.now(); }, true);
    new MutationObserver(() => {
        if (pressed !== null) window.dlkitTook.push(performance.now() - pressed);
        pressed = null;
    }).observe(document.querySelector(".lab-picture"), {childList: true, subtree: true});
}"""


def in_kernel(name):
    """Return seconds of opening, and the median and 95th percentile of a move."""
    command = [sys.executable, "-c", KERNEL, name, str(MOVES)]
    return [float(part) for part in subprocess.check_output(command, text=True).split()]


def in_browser(names):
    """Return for each lab the seconds from a key to the changed picture, one per press."""
    sys.path.insert(0, str(ROOT / "tests" / "browser"))
    from jupyterlab_session import LabPage, browser_page, running_lab
    from test_labs import FOCUS, first_moving_control, show_lab

    from dlkit.doctor import find_browser

    found = {}
    with tempfile.TemporaryDirectory() as folder, running_lab(Path(folder, "lab")) as lab:
        for name in names:
            with browser_page(find_browser(), Path(folder, f"profile {name}")) as page:
                lab_page = LabPage(page, lab)
                show_lab(lab_page, name)
                page.evaluate(WATCH)
                slider = LOOKS.get(name) or first_moving_control(name)
                page.evaluate(FOCUS, f".lab-{slider.replace('_', '-')}")
                for press in range(MOVES):
                    page.keyboard.press("ArrowRight" if press % 20 < 10 else "ArrowLeft")
                    page.wait_for_timeout(250)
                found[name] = np.array(page.evaluate("() => window.dlkitTook")) / 1000
    return found


def main():
    """Print a table; the exit code is 1 when a bound is passed."""
    from dlkit import labs

    names = sys.argv[1:] or labs.__all__
    seen = in_browser(names)
    print(
        f"{'lab':16} {'opens':>7} {'kernel: median':>15} {'95 %':>7} {'browser: median':>16} {'95 %':>7}"
    )
    late = []
    for name in names:
        opening, median, most = in_kernel(name)
        took = seen[name] if len(seen[name]) else np.array([np.nan])
        middle, worst = np.quantile(took, (0.5, 0.95))
        figures = (opening, median, most, middle, worst)
        print(
            "{:16} {:5.0f}ms {:13.0f}ms {:5.0f}ms {:14.0f}ms {:5.0f}ms".format(
                name, *(1000 * f for f in figures)
            )
        )
        if opening > OPENING or most > FOLLOWING or worst > FOLLOWING:
            late.append(name)
    print(
        f"bounds: {OPENING} s to open, {FOLLOWING} s to follow; late: {', '.join(late) or 'none'}"
    )
    return int(bool(late))


if __name__ == "__main__":
    sys.exit(main())
