"""Numbers that a student types: decimals, fractions, per cent, logarithms and roots."""

import ast
import math
import operator
import re
from collections.abc import Callable

_SPELLINGS = {"−": "-", "–": "-", "·": "*", "×": "*", "^": "**", "√": "sqrt", "∞": "inf"}
_OPERATIONS: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: math.pow,
}
_FUNCTIONS = {"ln": math.log, "log": math.log, "exp": math.exp, "sqrt": math.sqrt}
_NAMES = {"inf": math.inf, "e": math.e, "pi": math.pi, "π": math.pi}
_LONGEST = 200  # characters: nobody writes more, and the parser's depth stays harmless


def typed_numbers(text: str) -> list[float]:
    """Return the numbers in a line that a student typed.

    They stand between commas, semicolons or blanks, with or without brackets around all of them.
    Each may be computed: 1/3, 15 %, ln 53, exp(-0.5), sqrt(2), 2^-3.

    Raises
    ------
    ValueError
        If something in the line is no number.

    Examples
    --------
    >>> typed_numbers("[1/4, 50 %; 1,024]")
    [0.25, 0.5, 1024.0]
    """
    line = text.strip()
    if len(line) > _LONGEST:
        raise ValueError("too long for numbers")
    if line[:1] + line[-1:] in ("[]", "()") and not re.search(r"[\])].*[\[(]", line):
        line = line[1:-1]
    thousands = r"(?<![\d.,])[1-9]\d{0,2}(,\d{3})+(?!,?\d)"
    line = re.sub(thousands, lambda number: number[0].replace(",", ""), line)

    pieces = [piece.strip() for piece in re.split(r"[;,]|\band\b", line)]
    if len(pieces) == 1 and not _is_number(pieces[0]):
        pieces = pieces[0].split() or pieces
    return [_number(piece) for piece in pieces]


def _is_number(piece: str) -> bool:
    try:
        _number(piece)
    except ValueError:
        return False
    return True


def _number(piece: str) -> float:
    """Return the value of one expression."""
    for found, plain in _SPELLINGS.items():
        piece = piece.replace(found, plain)
    piece = re.sub(r"%$", " * 0.01", piece)
    piece = re.sub(r"\b(ln|log|exp)\s+([\d./]+)", r"\1(\2)", piece)
    piece = re.sub(r"\bsqrt\s*([\d.]+)", r"sqrt(\1)", piece)
    try:
        return _value(ast.parse(piece.strip(), mode="eval").body)
    except (SyntaxError, ArithmeticError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"{piece!r} is no number") from error


def _value(node: ast.expr) -> float:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return float(number)
        case ast.Name(id=name) if name in _NAMES:
            return _NAMES[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand)
        case ast.BinOp(left=left, op=operation, right=right) if type(operation) in _OPERATIONS:
            return _OPERATIONS[type(operation)](_value(left), _value(right))
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](_value(argument))
    raise ValueError(f"{ast.unparse(node)!r} is no number")
