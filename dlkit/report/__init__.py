"""A finished run in one place: `Report` as text, dictionary, figure and HTML."""

from dlkit.report.report import NAMES, Report

__all__ = ["NAMES", "Report"]
