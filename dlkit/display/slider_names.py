"""Tell screen readers what each slider of a lab is called and what its value means.

The handle of an ipywidgets slider has no name of its own, and what it reads out is its place: the
exponent of a logarithmic slider, the number of a stop. A small front-end part gives each handle the
label that stands beside it, and reads out what the slider shows.
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
    const controls = el.closest(".dlkit-lab")?.querySelector(".dlkit-controls");
    if (!controls) {
      waiting = requestAnimationFrame(look); // not in the page yet
      return;
    }
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
    """An invisible part of a lab that names the lab's sliders for screen readers."""

    _esm = _SCRIPT
