"""Formulae written as code, as LaTeX: ``delta = -learning_rate * gradient`` is typeset as it is.

The formula in a docstring is Python, so that it can be read beside the lines that run and can be
run itself. From its syntax tree this makes what a notebook typesets.
"""

import ast

GREEK = {
    *("alpha", "beta", "gamma", "delta", "epsilon", "rho", "pi", "sigma", "theta", "mu"),
    *("Phi", "phi", "Sigma", "Delta", "Pi"),
}
FUNCTIONS = {"exp", "log", "tanh", "cos", "sin", "cosh"}
_WRITTEN = {
    "sqrt": r"\sqrt{%s}",
    "abs": r"\left|%s\right|",
    "floor": r"\left\lfloor %s \right\rfloor",
    "f": r"f\left(%s\right)",
    "sigma": r"\sigma\left(%s\right)",
    "Phi": r"\Phi\left(%s\right)",
    "phi": r"\varphi\left(%s\right)",
    "sign": r"\operatorname{sign}\left(%s\right)",
    "maximum": r"\max\left(%s\right)",
    "minimum": r"\min\left(%s\right)",
    "clip": r"\operatorname{clip}\left(%s\right)",
}
_TARGETS = {
    "slope": r"\frac{\partial y}{\partial x}",
    "loss_slope": r"\frac{\partial L}{\partial y}",
}
_COMPARED = {ast.Lt: "<", ast.Gt: ">", ast.LtE: r"\leq", ast.GtE: r"\geq", ast.Eq: "="}
# How tightly a kind of term holds together; a looser one inside a tighter one gets parentheses.
_SUM, _PRODUCT, _FACTOR, _POWER, _ATOM = range(5)


def latex(code):
    """Return the LaTeX of one formula written as a line of Python.

    Parameters
    ----------
    code : str
        An expression, or ``name = expression``.

    Returns
    -------
    str
        Without delimiters. A name that stands on both sides gets an arrow: it takes a new value.

    Raises
    ------
    SyntaxError
        If it is not Python.
    ValueError
        If it uses what no formula needs.
    """
    (line,) = ast.parse(code.strip()).body
    if isinstance(line, ast.Expr):
        return _text(line.value)
    if not isinstance(line, ast.Assign):
        raise ValueError(f"A formula must be an expression or an assignment, but got {code!r}.")
    (target,) = line.targets
    used = {node.id for node in ast.walk(line.value) if isinstance(node, ast.Name)}
    sign = r"\leftarrow" if target.id in used else "="
    return f"{symbol(target.id)} {sign} {_text(line.value)}"


def symbol(name):
    r"""Return a name as LaTeX: ``beta_1`` is a Greek letter with an index, a word stays a word."""
    if name in _TARGETS:
        return _TARGETS[name]
    stem, _, index = name.rpartition("_")
    if stem and len(index) == 1:
        return f"{symbol(stem)}_{{{index}}}"
    if name in GREEK:
        return "\\" + name
    if len(name) == 1:
        return name
    return r"\mathit{" + name.replace("_", r"\_") + "}"


def _text(node, least=_SUM):
    text, holds = _written(node)
    return text if holds >= least else rf"\left({text}\right)"


def _written(node):
    """Return a term's LaTeX and how tightly it holds together."""
    if isinstance(node, ast.Name):
        return symbol(node.id), _ATOM
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return f"{node.value}", _ATOM
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return f"-{_text(node.operand, _PRODUCT)}", _SUM
    if isinstance(node, ast.BinOp):
        return _operation(node)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        sign = _COMPARED[type(node.ops[0])]
        return f"{_text(node.left)} {sign} {_text(node.comparators[0])}", _SUM
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _call(node.func.id, node.args)
    raise ValueError(f"A formula cannot hold {ast.unparse(node)!r}.")


def _operation(node):
    left, right = node.left, node.right
    if isinstance(node.op, ast.Add):
        return f"{_text(left)} + {_text(right)}", _SUM
    if isinstance(node.op, ast.Sub):
        return f"{_text(left)} - {_text(right, _PRODUCT)}", _SUM
    if isinstance(node.op, ast.Div):
        return rf"\frac{{{_text(left)}}}{{{_text(right)}}}", _FACTOR
    if isinstance(node.op, ast.Pow):
        return f"{_base(left)}^{{{_text(right)}}}", _POWER
    if isinstance(node.op, ast.Mult):
        between = r" \cdot " if isinstance(right, ast.Constant) else r" \, "
        # a sign may lead a product: -a b is -(a b)
        holds = _SUM if _is_negative(left) else _PRODUCT
        return f"{_text(left, holds)}{between}{_text(right, _FACTOR)}", holds
    raise ValueError(f"A formula cannot hold {ast.unparse(node)!r}.")


def _is_negative(node):
    """Return whether a term begins with its sign, as the first factor of a product may."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return _is_negative(node.left)
    return isinstance(node, ast.UnaryOp)


def _base(node):
    """Return what a power is taken of: names and numbers bare, all else in parentheses."""
    text = _text(node)
    return text if isinstance(node, ast.Name | ast.Constant) else rf"\left({text}\right)"


def _call(name, arguments):
    if name == "where":
        condition, then, otherwise = (_text(each) for each in arguments)
        rows = rf"{then} & \text{{if }} {condition} \\ {otherwise} & \text{{else}}"
        return rf"\begin{{cases}} {rows} \end{{cases}}", _SUM
    listing = ", ".join(_text(each) for each in arguments)
    kind, _, index = name.rpartition("_")
    if kind in ("sum", "mean"):
        sign = rf"\sum_{{{index}}} " if kind == "sum" else rf"\frac{{1}}{{K}} \sum_{{{index}}} "
        return sign + _text(arguments[0], _PRODUCT), _PRODUCT
    if name == "exp":
        return f"e^{{{listing}}}", _POWER
    if name in FUNCTIONS:
        return rf"\{name}\left({listing}\right)", _POWER
    if name in _WRITTEN:
        return _WRITTEN[name] % listing, _POWER
    raise ValueError(f"A formula cannot hold the function {name!r}.")
