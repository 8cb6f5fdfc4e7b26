"""What ipywidgets leaves out for those who use a keyboard or a screen reader.

The handle of an ipywidgets slider has no name of its own, and what it reads out is its place: the
exponent of a logarithmic slider, the number of a stop. A small front-end part gives each handle the
label that stands beside it, and reads out what the slider shows. It also keeps the notebook's
shortcuts away from what has the focus: in Notebook 7 an arrow key would leave the slider for the next
cell, and Enter would not press a button.
"""

import anywidget

_SCRIPT = """
function tell(handle) {
  const slider = handle.closest(".widget-inline-hbox");
  const label = slider?.querySelector(".widget-label");
  const readout = slider?.querySelector(".widget-readout");
  if (label) set(handle, "aria-label", label.textContent.trim());
  if (readout) set(handle, "aria-valuetext", (readout.value ?? readout.textContent).trim());
}

function set(handle, name, value) {
  if (handle.getAttribute(name) !== value) handle.setAttribute(name, value);
}

function render({ el }) {
  let observer, waiting;
  const look = () => {
    const part = el.closest(".dlkit-lab, .dlkit-quiz");
    if (!part) {
      waiting = requestAnimationFrame(look); // not in the page yet
      return;
    }
    // The notebook looks at the focused element itself first, so a mark on the whole is not enough.
    part.addEventListener("focusin", ({ target }) => {
      target.setAttribute("data-lm-suppress-shortcuts", "true");
    });
    const controls = part.querySelector(".dlkit-controls");
    if (!controls) return; // a quiz has no sliders
    const tellAll = () => controls.querySelectorAll(".noUi-handle").forEach(tell);
    // After the slider itself: it writes its readout later than the handle's value.
    const later = () => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(tellAll); };
    observer = new MutationObserver(later);
    observer.observe(controls, {
      childList: true, subtree: true, characterData: true, attributeFilter: ["aria-valuetext"],
    });
    tellAll();
  };
  look();
  return () => { observer?.disconnect(); cancelAnimationFrame(waiting); };
}

export default { render };
"""


class Accessibility(anywidget.AnyWidget):
    """An invisible part of a lab or a quiz: names its sliders, and lets it have the keys."""

    _esm = _SCRIPT

    def __init__(self):
        super().__init__(layout={"display": "none"})
