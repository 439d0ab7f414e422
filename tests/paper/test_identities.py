from __future__ import annotations

import pytest

from ai_scientist.paper.identities import check_equalities
from ai_scientist.paper.source import Math, parse


def checked(formula: str, before: str = "") -> list[bool]:
    """Return for each equality that was computed whether it holds."""
    (math,) = [part for part in parse(f"$${formula}$$") if isinstance(part, Math)]
    return [not one.why for one in check_equalities(math.children, before=before)]


@pytest.mark.parametrize(
    "formula",
    [
        r"(a+b)^2 = a^2 + 2ab + b^2",
        r"(a-b)(a+b) = a^2 - b^2",
        r"\frac{1}{a} + \frac{1}{b} = \frac{a+b}{ab}",
        r"\frac{a^2-b^2}{a-b} = a + b",
        r"\sqrt{ab} = \sqrt{a}\sqrt{b}",
        r"\sqrt[3]{x^2} = x^{2/3}\cdot x^0",
        r"e^{a+b} = e^a e^b",
        r"n(n+1)/2 = \frac{n^2+n}{2}",
        r"a\left(b + c\right) = ab + ac",
        r"(x_1 + x_2)^2 = x_1^2 + 2 x_1 x_2 + x_{2}^2",
        r"(1-\epsilon)(1+\epsilon) = 1 - \epsilon^2",
        r"2 + 2 = 4",
        r"28 \times 28 = 784",
        r"1/3 + 1/3 = 0.667",
        r"0.33 \cdot 3 = 1",
        r"\frac{2\pi r}{2} = \pi r \cdot 1",
        r"-a^2 + b^2 = (b-a)(b+a)",
        r"\hat{p}(1-\hat{p}) = \hat{p} - \hat{p}^2",
    ],
)
def test_an_identity_that_holds_is_computed_and_let_pass(formula: str) -> None:
    assert checked(formula) == [True]


@pytest.mark.parametrize(
    "formula",
    [
        r"(a+b)^2 = a^2 + b^2",
        r"(a+b)^2 = a^2 + ab + b^2",
        r"(1-p)^2 = 1 - p^2",
        r"\sqrt{a+b} = \sqrt{a} + \sqrt{b}",
        r"\frac{1}{a+b} = \frac{1}{a} + \frac{1}{b}",
        r"n(n+1)/2 = \frac{n^2}{2}",
        r"2 + 2 = 5",
        r"0.50 \cdot 3 = 1.7",
        r"28 \times 28 = 794",
        r"(\alpha+\beta)\alpha = \alpha^2 + \beta^2",
        r"a^{b+c} = a^b + a^c",
    ],
)
def test_an_identity_that_fails_everywhere_is_found(formula: str) -> None:
    assert checked(formula) == [False]


def test_a_chain_is_computed_link_by_link_over_its_rows() -> None:
    assert checked(r"S = (a+b)^2 = a^2 + 2ab + b^2") == [True]
    assert checked(r"S = (a+b)^2 \\ = a^2 + b^2") == [False]
    assert checked(r"(a+b)^2 = a^2 + b^2 + 2ab = (b+a)^2 = a^2 b^2") == [True, True, False]
    assert checked(r"(a+b)^2 = a^2 + b^2, \quad a^2 - b^2 = (a-b)(a+b).") == [False, True]


@pytest.mark.parametrize(
    "formula",
    [
        r"x = 2y + z",  # a definition
        r"P^2 = P",  # a lone symbol: a property
        r"w = w^2 - w",
        r"f(x+y) = f(x) + f(y)",  # a function
        r"AB = -BA",  # matrices
        r"d(xy) = x\,dy",  # differentials
        r"\Delta(xy) = x\Delta y",
        r"a \times b = - b \times a",  # vectors
        r"\sum_i x_i = x_i + x_i",
        r"\int x\,dx = x^2 + x",
        r"\mathbf{x} + \mathbf{x} = \mathbf{x}^2",
        r"\sqrt{(a-b)^2} = a - b",  # for some values
        r"a/bc = ac/b",  # who knows how it is meant
        r"1,000 = 10^2 + 1",
        r"E = mc^2",
        r"x^2 + 1 = 2y",
        r"x^2 + x \approx x^3 + 1",
        r"|a + b| = |a| + |b|",
        r"\log ab = \log a \log b",
        r"x^{2^{2^{2^{2^{2^2}}}}} + y^{9^{9^{9^9}}} = y^{9^{9^{9^9}}} + x + 1",
        r"n! + n = n + n",
        r"p(y \mid x) = p(x)",
        r"(cA)^t = cA^t",  # a transposed matrix
        r"(c\cdot f)^{(n)} = c\cdot f^{(n)}",  # a derivative
        r"(a+ib)^2 = a^2 - b^2 + i(2ab)",  # a complex number
        r"x^T x + x^\top = x^T",
        r"\binom{n}{2} + n = n",
        "(" * 200 + "a" + ")" * 200 + "+b = a + b + b",
    ],
)
def test_what_cannot_be_read_for_certain_is_left_alone(formula: str) -> None:
    assert checked(formula) == []


def test_an_equation_that_the_words_before_it_call_a_condition_is_none() -> None:
    assert checked("p^2 + p = 1 - p") == [False]
    assert checked("p^2 + p = 1 - p", before="At equilibrium the shares satisfy ") == []


def test_why_names_values_at_which_both_sides_can_be_computed_by_hand() -> None:
    (math,) = [part for part in parse("$(a+b)^2 = a^2 + b^2$") if isinstance(part, Math)]
    (found,) = check_equalities(math.children)
    assert "where the left side is" in found.why
    assert found.why == next(check_equalities(math.children)).why
