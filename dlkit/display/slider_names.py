"""Tell screen readers what each slider of a lab is called and what its value means.

The handle of an ipywidgets slider has no name of its own, and what it reads out is its place: the
exponent of a logarithmic slider, the number of a stop. A small front-end part gives each handle the
label that stands beside it, and reads out what the slider shows. It also keeps the notebook's
shortcuts away from a lab: in Notebook 7 an arrow key would leave the slider for the next cell.
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
    const lab = el.closest(".dlkit-lab");
    const controls = lab?.querySelector(".dlkit-controls");
    if (!controls) {
      waiting = requestAnimationFrame(look); // not in the page yet
      return;
    }
    lab.dataset.lmSuppressShortcuts = "true";
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


class SliderNames(anywidget.AnyWidget):
    """An invisible part of a lab: names its sliders for screen readers, and lets it have the keys."""

    _esm = _SCRIPT
