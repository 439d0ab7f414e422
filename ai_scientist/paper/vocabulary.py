r"""The LaTeX that a draft may use: an allowlist; \input, \write18, \def and the like are refused by not being here.

Each macro is listed with its arguments, "{" for one in braces and "[" for an optional one, "*" for a star.
"""

from __future__ import annotations

RESULT_MACROS: dict[str, str] = {
    "val": "{",
    "valci": "{",
    "delta": "{",
    "effect": "{",
    "pval": "{",
    "claim": "{{",
    "cfg": "{",
    "data": "{",
    "count": "{",
    "plan": "{",
}
"""What prints a result, a setting or a count. `\\delta` without braces is the Greek letter."""

NAME_MACROS: dict[str, str] = {"cond": "{", "metric": "{", "dataset": "{"}
CITE_MACROS: dict[str, str] = {"citep": "[[{", "citet": "[[{", "citeq": "{{"}
REFERENCE_MACROS: dict[str, str] = {"ref": "{", "eqref": "{", "label": "{"}

TEXT_MACROS: dict[str, str] = {
    "emph": "{",
    "textbf": "{",
    "textit": "{",
    "texttt": "{",
    "textsc": "{",
    "textrm": "{",
    "textsf": "{",
    "mbox": "{",
    "footnote": "{",
    "paragraph": "*{",
    "subsection": "*{",
    "subsubsection": "*{",
    "text": "{",
}
"""Their argument is text like any other."""

_SYMBOLS = (
    "ldots dots textendash textemdash S par noindent newline quad qquad LaTeX TeX textbackslash textless textgreater "
    "textquotedbl smallskip medskip ss ae AE o O aa AA l L i j copyright texteuro"
)
PLAIN_MACROS: dict[str, str] = {**dict.fromkeys([*"%&_#${} ,;:!-/@\n\\", *_SYMBOLS.split()], ""), "item": "["}
ACCENTS: dict[str, str] = dict.fromkeys("'`\"^~=.cvuHkrbd", "{")

TABLE_MACROS: dict[str, str] = {
    "toprule": "",
    "midrule": "",
    "bottomrule": "",
    "addlinespace": "",
    "hline": "",
    "cmidrule": "",
    "multicolumn": "{{{",
}

_GREEK = (
    "alpha beta gamma epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi rho sigma tau upsilon "
    "phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
)
_OPERATORS = (
    "sum prod int oint min max sup inf lim arg log ln exp sin cos tan tanh det dim ker gcd Pr argmax argmin "
    "cdot times div pm mp ast star circ bullet oplus otimes odot cup cap setminus wedge vee "
    "le leq ge geq ne neq approx sim simeq equiv propto ll gg in notin ni subset subseteq supset supseteq mid "
    "parallel perp to rightarrow leftarrow Rightarrow Leftrightarrow iff implies mapsto longrightarrow "
    "uparrow downarrow infty partial nabla forall exists neg emptyset varnothing ell hbar Re Im prime top bot dagger "
    "cdots vdots ddots colon left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr "
    "langle rangle lfloor rfloor lceil rceil vert Vert lvert rvert lVert rVert | { } limits nolimits nonumber "
    "displaystyle textstyle scriptstyle"
)
_DECORATIONS = (
    "mathbf mathrm mathit mathsf mathtt mathcal mathbb mathfrak boldsymbol "
    "hat bar tilde vec dot ddot widehat widetilde overline underline underbrace overbrace"
)
MATH_MACROS: dict[str, str] = {
    **dict.fromkeys([*_GREEK.split(), *_OPERATORS.split()], ""),
    **dict.fromkeys(_DECORATIONS.split(), "{"),
    **{"frac": "{{", "tfrac": "{{", "dfrac": "{{", "binom": "{{", "sqrt": "[{", "operatorname": "*{"},
}

GREEK = frozenset(_GREEK.split())
MATH_ENVIRONMENTS = ("equation", "equation*", "align", "align*", "gather", "gather*", "cases", "pmatrix", "bmatrix")
TEXT_ENVIRONMENTS = ("itemize", "enumerate", "description", "quote")

DRAFT_MACROS: dict[str, str] = {
    **MATH_MACROS,
    **PLAIN_MACROS,
    **ACCENTS,
    **TABLE_MACROS,
    **TEXT_MACROS,
    **REFERENCE_MACROS,
    **CITE_MACROS,
    **NAME_MACROS,
    **RESULT_MACROS,
}
"""Every macro that a draft may use."""

OPENING_ALIASES = ("delta",)
"""Result macros that are letters of mathematics when no brace follows."""
