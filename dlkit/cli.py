"""The commands: ``dlkit lab``, ``dlkit train``, ``dlkit check``, ``dlkit doctor``."""

import json as json_format
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

import dlkit
from dlkit.cli_train import TrainCommand, train

app = typer.Typer(
    name="dlkit",
    help="Deep learning whose mathematics you can read.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
FIRST_LESSON = "00_start_here.ipynb"


def _print_version(wanted: bool):
    if wanted:
        typer.echo(f"dlkit {dlkit.__version__}")
        raise typer.Exit()


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Say which.")
    ] = False,
):
    pass


def lessons_folder():
    """Return the folder with the lessons: beside the package, or in the current folder.

    Returns
    -------
    pathlib.Path
        Of ``notebooks``; it may be missing.
    """
    beside = Path(dlkit.__file__).resolve().parent.parent / "notebooks"
    return beside if beside.is_dir() else Path.cwd() / "notebooks"


def _stop(message):
    typer.echo(message, err=True)
    raise typer.Exit(1)


@app.command()
def lab(
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Default: the first free one from 8888.")
    ] = None,
    headless: Annotated[
        bool, typer.Option("--headless", "--no-browser", help="Open no browser window.")
    ] = False,
):
    """Open JupyterLab at the first lesson."""
    from dlkit import jupyter

    try:
        port, remark = jupyter.choose_port(port)
    except OSError as error:
        _stop(str(error))
    if remark:
        typer.echo(remark)
    lessons = lessons_folder()
    lesson = lessons / FIRST_LESSON
    if not lesson.is_file():
        typer.echo(f"The first lesson is not there ({lesson}): JupyterLab opens without it.")
    raise typer.Exit(jupyter.run_lab(lessons, lesson, port, headless))


app.command(cls=TrainCommand)(train)


@app.command()
def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Notebooks or folders. Default: all lessons.")
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Run them and store the new outputs, normalised.")
    ] = False,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds that one cell may take.")] = 120,
):
    """Run notebooks and compare what they print with what is stored in them."""
    from dlkit import notebooks

    try:
        found = notebooks.find_notebooks(paths or [lessons_folder()])
    except (OSError, ValueError) as error:
        _stop(str(error))
    if not found:
        _stop("There is no notebook in " + ", ".join(map(str, paths or [lessons_folder()])) + ".")
    if not update:
        raise typer.Exit(_compare(found, timeout))
    for path in found:
        try:
            changed = notebooks.update(path, timeout)
        except notebooks.FAILURES as error:
            _stop(f"{path}: left as it was.\n{error}")
        typer.echo(f"{path}: {'stored' if changed else 'unchanged'}")


def _compare(found, timeout):
    """Compare by pytest and nbval in a process of its own; return pytest's exit code."""
    from dlkit import notebooks

    options = ["-q", "--override-ini=addopts=", "-p", "no:cacheprovider", "--nbval"]
    options += ["--nbval-current-env", f"--nbval-cell-timeout={timeout}"]
    options += [f"--nbval-sanitize-with={notebooks.SANITIZE_FILE}"]
    return subprocess.call(
        [sys.executable, "-m", "pytest", *options, *map(str, found)],
        env=notebooks.check_environment(),
    )


@app.command()
def doctor(
    json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
):
    """Say what is installed, what is missing, and what to do about it."""
    from dlkit import doctor as doctor_module

    findings = doctor_module.examine()
    if json:
        typer.echo(json_format.dumps([finding.to_dict() for finding in findings], indent=2))
    else:
        typer.echo(doctor_module.text(findings))
    raise typer.Exit(1 if any(finding.state == "problem" for finding in findings) else 0)


def main():
    """Run the command line; Ctrl+C ends it without a traceback."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
