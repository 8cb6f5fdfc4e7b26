"""``python -m dlkit`` is the command ``dlkit``."""

from dlkit.cli import main

main()
