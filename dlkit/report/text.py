"""A report as lines of text: for a terminal, a log, and the stored output of a notebook."""

LARGEST_MATRIX = 12


def report_text(report):
    """Return the report as text.

    Parameters
    ----------
    report : Report

    Returns
    -------
    str
        Rounded, and free of times and paths, so that the same run gives the same text.
    """
    lines = [report.finding + "."]
    lines += [str(leak) if leak.is_hint else f"Look at this first: {leak}" for leak in report.leaks]
    lines += ["", f"Measured on the {report.part} part"]
    lines += _aligned(report.measures())
    if "per_class" in report.metrics:
        lines += ["", *_per_class(report)]
        if len(report.class_names) <= LARGEST_MATRIX:
            lines += ["", *_matrix(report)]
    lines += ["", "The run", *_aligned(report.run_facts()), "", report.diagnosis.text()]
    return "\n".join(lines)


def _aligned(pairs):
    width = max(len(name) for name, _ in pairs)
    return [f"  {name:<{width}}  {value}" for name, value in pairs]


def _per_class(report):
    width = max(5, *(len(name) for name in report.class_names))
    lines = [f"  {'class':<{width}}  precision  recall     F1  samples"]
    for name, row in zip(report.class_names, report.metrics["per_class"], strict=True):
        lines.append(
            f"  {name:<{width}}  {row['precision']:9.3f}  {row['recall']:6.3f}  {row['f1']:5.3f}  "
            f"{row['samples']:7d}"
        )
    return lines


def _matrix(report):
    names, counts = report.class_names, report.metrics["confusion_matrix"]
    cell = max(*(len(name) for name in names), len(str(max(map(max, counts)))), 2)
    lines = ["Confusion matrix (rows: true class, columns: predicted class)"]
    lines.append("  " + " " * cell + "".join(f" {name:>{cell}}" for name in names))
    for name, row in zip(names, counts, strict=True):
        lines.append(f"  {name:>{cell}}" + "".join(f" {count:>{cell}d}" for count in row))
    return lines
