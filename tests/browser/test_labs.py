"""Every lab in a real JupyterLab: by keyboard alone, in both themes, narrow and wide, judged by axe-core."""

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from jupyterlab_session import LabPage, browser_page
from waiting import wait_for

from dlkit import labs

SERIOUS = ("serious", "critical")
DARK = "JupyterLab Dark"
THEME = (
    "name => jupyterapp.commands.execute('apputils:change-theme', {theme: name}).then(() => null)"
)
FOCUS = """name => {
    const inner = document.querySelector(name + " .noUi-handle, " + name + " select, "
        + name + " input[type=checkbox], " + name + " input");
    inner.focus();
    return inner.matches(".noUi-handle") ? "handle" : inner.tagName.toLowerCase();
}"""
# What sticks out of the lab or is cut off in it, to the right; an inner part may scroll on purpose.
OUTSIDE = """() => {
    const lab = document.querySelector(".dlkit-lab");
    const edge = lab.getBoundingClientRect().right + 1;
    const scrolls = element => {
        for (let at = element.parentElement; at && at !== lab; at = at.parentElement)
            if (["auto", "scroll"].includes(getComputedStyle(at).overflowX)) return true;
        return false;
    };
    const found = [];
    for (const element of lab.querySelectorAll("*")) {
        const box = element.getBoundingClientRect();
        if (box.width && box.right > edge && !scrolls(element))
            found.push(element.className.baseVal ?? element.className);
    }
    return found;
}"""
# What a screen reader says of each slider, beside what the eye reads.
SPOKEN = """own => [...document.querySelectorAll(`.${own} .noUi-handle`)].map(handle => {
    const slider = handle.closest(".widget-inline-hbox");
    const readout = slider.querySelector(".widget-readout");
    return [[handle.getAttribute("aria-label"), handle.getAttribute("aria-valuetext")],
        [slider.querySelector(".widget-label").textContent.trim(),
         (readout.value ?? readout.textContent).trim()]];
})"""
# Menus whose widest choice does not fit: the name of the field, what it says, what there is room for.
CUT_MENUS = """own => {
    const pen = document.createElement("canvas").getContext("2d");
    const found = [];
    for (const menu of document.querySelectorAll(`.${own} select:not([multiple])`)) {
        const style = getComputedStyle(menu);
        pen.font = `${style.fontSize} ${style.fontFamily}`;
        const room = menu.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
        for (const { text } of menu.clientWidth ? menu.options : [])
            if (pen.measureText(text).width > room) found.push([text, room]);
    }
    return found;
}"""
ORDER = """() => [...document.querySelectorAll(".dlkit-lab *")]
    .filter(element => element.tabIndex >= 0 && element.getClientRects().length
        && !element.disabled)
    .length"""


def show_labs(lab_page, names, notebook):
    """Open a notebook that shows these labs among other cells, and wait until they are there."""
    cells = [nbformat.v4.new_markdown_cell("# Labs")]
    for name in names:
        source = f"from dlkit.labs import {name}\nlab = {name}()\nlab"
        cells.append(nbformat.v4.new_code_cell(source))
        cells.append(nbformat.v4.new_markdown_cell("## After it"))  # arrow keys could lead here
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    content = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(content, lab_page.lab.folder / "notebooks" / notebook)
    lab_page.open(notebook)
    lab_page.run_all()
    assert lab_page.failures() == []
    for name in names:
        sentence = lab_page.widget(f"{of(name)} .lab-sentence")
        wait_for(lambda sentence=sentence: sentence.inner_text().strip(), f"{name}: no sentence")


def of(name):
    """Return the CSS class of a lab."""
    return f"dlkit-{name.lower()}"


def show_lab(lab_page, name):
    """Open a notebook that shows one lab."""
    show_labs(lab_page, [name], f"{name}.ipynb")
    lab_page.widget("dlkit-lab").scroll_into_view_if_needed()


@pytest.fixture(scope="module")
def all_labs(lab, browser_program, tmp_path_factory):
    """One page with all labs on it: opening JupyterLab for each would take most of the time."""
    with browser_page(browser_program, tmp_path_factory.mktemp("profile")) as page:
        lab_page = LabPage(page, lab)
        show_labs(lab_page, labs.__all__, "all_labs.ipynb")
        yield lab_page
        lab_page.shut_down()


def first_moving_control(name):
    """Return the field name of the first slider that a lab shows."""
    lab = getattr(labs, name)()
    try:
        for field, control in lab.controls.items():
            shown = control.layout.display != "none" and not control.disabled
            if hasattr(control, "bounds") and shown:
                return field
        raise AssertionError(f"{name} shows no slider at first")
    finally:
        lab.close()


def judge(lab_page, name, theme):
    found = Axe().run(lab_page.page, context=f".{of(name)}").response["violations"]
    serious = [
        f"{violation['id']}: {violation['help']} at {node['target']}: {node['html'][:160]}"
        for violation in found
        if violation["impact"] in SERIOUS
        for node in violation["nodes"]
    ]
    assert not serious, f"{name} in the {theme} theme:\n" + "\n".join(serious)


@pytest.mark.parametrize("name", labs.__all__)
def test_a_lab_is_usable_by_keyboard_and_has_no_serious_fault(all_labs, name):
    page, field, own = all_labs.page, first_moving_control(name), of(name)
    part = {
        which: all_labs.widget(f"{own} .lab-{which}")
        for which in ("picture", "sentence", "message", "code", "show-code")
    }
    all_labs.widget(own).scroll_into_view_if_needed()
    assert page.evaluate(CUT_MENUS, own) == [], f"{name}: a menu cuts its choices off"
    before = part["picture"].inner_html()
    page.evaluate(FOCUS, f".{own} .lab-{field.replace('_', '-')}")
    for key in ("ArrowRight", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    wait_for(
        lambda: part["picture"].inner_html() != before or part["message"].inner_text().strip(),
        f"{name}: {field} was moved by the arrow keys, and neither picture nor message changed",
    )
    wait_for(
        lambda: all(said == read for said, read in page.evaluate(SPOKEN, own)),
        f"{name}: a slider is announced otherwise than it looks: {page.evaluate(SPOKEN, own)}",
    )
    part["show-code"].focus()
    page.keyboard.press("Enter")
    wait_for(lambda: "import keras" in part["code"].inner_text(), "Code shows no code")
    page.keyboard.press("Enter")
    wait_for(lambda: not part["code"].inner_text().strip(), "it hides no code")
    judge(all_labs, name, "light")
    main = page.locator(f".{own} button.mod-primary:visible")
    if main.count():
        before = part["picture"].inner_html(), part["sentence"].inner_text()
        main.first.click()
        wait_for(
            lambda: before != (part["picture"].inner_html(), part["sentence"].inner_text()),
            f"{name}: its main button was pressed, and nothing changed",
        )
        stop = page.locator(f".{own} .lab-stop:visible")
        if stop.count():
            stop.first.click()  # the next lab shall have the processor
    assert "Please note" not in part["message"].inner_text()
    assert all_labs.errors == []
    assert all_labs.foreign == []


@pytest.mark.full
@pytest.mark.parametrize("name", labs.__all__)
def test_a_lab_fits_every_screen_and_theme(lab_page, name):
    show_lab(lab_page, name)
    page = lab_page.page
    for width, height in ((1920, 1080), (1024, 768), (960, 540)):  # the last is 1920 at 200 %
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(400)
        assert page.evaluate(OUTSIDE) == [], f"{name} at {width} pixels: cut off at the right"
    page.evaluate(THEME, DARK)
    page.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'")
    page.wait_for_timeout(400)
    judge(lab_page, name, "dark")
    assert lab_page.errors == []


@pytest.mark.full
@pytest.mark.parametrize("name", labs.__all__)
def test_tab_reaches_every_part_of_a_lab_in_order(lab_page, name):
    show_lab(lab_page, name)
    page = lab_page.page
    stops = page.evaluate(ORDER)
    page.evaluate(FOCUS, ".dlkit-lab [class*=lab-]")
    seen = []
    for _ in range(stops + 2):
        inside = page.evaluate(
            """() => {
                const lab = document.querySelector(".dlkit-lab"), at = document.activeElement;
                if (!lab.contains(at)) return null;
                const box = at.getBoundingClientRect();
                return [at.getAttribute("aria-label") || at.innerText || at.className, box.top];
            }"""
        )
        if inside is None:
            break
        seen.append(inside)
        page.keyboard.press("Tab")
    assert len(seen) >= stops - 1, f"{name}: Tab reached {len(seen)} of {stops}: {seen}"
