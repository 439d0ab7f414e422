"""Published reference values of statistics, with the data they are of and who published them.

NIST's Statistical Reference Datasets are a work of the United States government and in the public domain; NumAcc1 to
NumAcc4 are made here as their files describe them. Values of R were printed by R and are kept by others for their own
tests; each line says by whom. Not compared: NIST's PiDigits, whose certified mean is not that of the first digits of π.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from ai_scientist.analysis import statistics


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One published value.

    Attributes:
        digits: Significant digits that were published; a value of fewer than ten cannot be compared to 1e-9.
        note: Why more than that cannot be had, where it cannot.
    """

    name: str
    source: str
    published: float
    ours: Callable[[], float]
    digits: int = 15
    note: str = ""

    @property
    def deviation(self) -> float:
        """Relative; absolute where zero was published."""
        found = self.ours()
        return abs(found - self.published) / abs(self.published) if self.published else abs(found)

    @property
    def allowed(self) -> float:
        """1e-9; more only where fewer digits were published: half a unit of the last of them, relative to the value."""
        if not self.published:
            return 1e-9
        last = 10.0 ** (math.floor(math.log10(abs(self.published))) + 1 - self.digits)
        return max(1e-9, 0.5 * last / abs(self.published))


MAVRO = [
    *(2.00180, 2.00170, 2.00180, 2.00190, 2.00180, 2.00170, 2.00150, 2.00140, 2.00150, 2.00150),
    *(2.00170, 2.00180, 2.00180, 2.00190, 2.00190, 2.00210, 2.00200, 2.00160, 2.00140, 2.00130),
    *(2.00130, 2.00150, 2.00150, 2.00160, 2.00150, 2.00140, 2.00130, 2.00140, 2.00150, 2.00140),
    *(2.00150, 2.00160, 2.00150, 2.00160, 2.00190, 2.00200, 2.00200, 2.00210, 2.00220, 2.00230),
    *(2.00240, 2.00250, 2.00270, 2.00260, 2.00260, 2.00260, 2.00270, 2.00260, 2.00250, 2.00240),
]
MICHELSON = [
    299 + hundredths / 100
    for hundredths in (
        *(85, 74, 90, 107, 93, 85, 95, 98, 98, 88, 100, 98, 93, 65, 76, 81, 100, 100, 96, 96, 96, 94, 96, 94, 88),
        *(80, 85, 88, 90, 84, 83, 79, 81, 88, 88, 83, 80, 79, 76, 80, 88, 88, 88, 86, 72, 72, 62, 86, 97, 95),
        *(88, 91, 85, 87, 84, 84, 85, 84, 84, 84, 89, 81, 81, 82, 80, 77, 76, 74, 75, 76, 91, 92, 89, 86, 88),
        *(72, 84, 85, 85, 78, 89, 84, 78, 81, 76, 81, 79, 81, 82, 85, 87, 87, 81, 74, 81, 94, 95, 80, 81, 87),
    )
]
LEW = [
    float(word)
    for word in (
        "-213 -564 -35 -15 141 115 -420 -360 203 -338 -431 194 -220 -513 154 -125 -559 92 -21 -579 -52 99 -543 -175 "
        "162 -457 -346 204 -300 -474 164 -107 -572 -8 83 -541 -224 180 -420 -374 201 -236 -531 83 27 -564 -112 131 "
        "-507 -254 199 -311 -495 143 -46 -579 -90 136 -472 -338 202 -287 -477 169 -124 -568 17 48 -568 -135 162 -430 "
        "-422 172 -74 -577 -13 92 -534 -243 194 -355 -465 156 -81 -578 -64 139 -449 -384 193 -198 -538 110 -44 -577 "
        "-6 66 -552 -164 161 -460 -344 205 -281 -504 134 -28 -576 -118 156 -437 -381 200 -220 -540 83 11 -568 -160 "
        "172 -414 -408 188 -125 -572 -32 139 -492 -321 205 -262 -504 142 -83 -574 0 48 -571 -106 137 -501 -266 190 "
        "-391 -406 194 -186 -553 83 -13 -577 -49 103 -515 -280 201 300 -506 131 -45 -578 -80 138 -462 -361 201 -211 "
        "-554 32 74 -533 -235 187 -372 -442 182 -147 -566 25 68 -535 -244 194 -351 -463 174 -125 -570 15 72 -550 -190 "
        "172 -424 -385 198 -218 -536 96"
    ).split()
]
LOTTERY = [
    float(word)
    for word in (
        "162 671 933 414 788 730 817 33 536 875 670 236 473 167 877 980 316 950 456 92 517 557 956 954 104 "
        "178 794 278 147 773 437 435 502 610 582 780 689 562 964 791 28 97 848 281 858 538 660 972 671 613 "
        "867 448 738 966 139 636 847 659 754 243 122 455 195 968 793 59 730 361 574 522 97 762 431 158 429 "
        "414 22 629 788 999 187 215 810 782 47 34 108 986 25 644 829 630 315 567 919 331 207 412 242 607 668 "
        "944 749 168 864 442 533 805 372 63 458 777 416 340 436 140 919 350 510 572 905 900 85 389 473 758 "
        "444 169 625 692 140 897 672 288 312 860 724 226 884 508 976 741 476 417 831 15 318 432 241 114 799 "
        "955 833 358 935 146 630 830 440 642 356 373 271 715 367 393 190 669 8 861 108 795 269 590 326 866 64 "
        "523 862 840 219 382 998 4 628 305 747 247 34 747 729 645 856 974 24 568 24 694 608 480 410 729 947 "
        "293 53 930 223 203 677 227 62 455 387 318 562 242 428 968"
    ).split()
]
CLINIC = (
    [2.84, 2.51, 2.41, 2.95, 3.14, 3.79, 4.14, 3.85, 3.02, 3.45, 5.37, 3.81, 4.19, 3.16, 3.84],
    [2.60, 2.82, 2.18, 3.46, 4.01, 3.04, 3.47, 4.06, 2.91, 3.59, 4.51, 3.16, 3.86, 3.31, 3.02],
)
"""Variable 1 of the clinic data by which statsmodels checks itself against R; first and second group paired."""

CLINIC_2 = (
    [4.00, 3.26, 4.14, 3.42, 3.25, 4.34, 4.97, 4.31, 3.11, 3.41, 5.02, 4.21, 4.59, 5.30, 4.32],
    [3.76, 3.66, 3.65, 3.60, 3.48, 2.87, 3.24, 3.92, 3.99, 4.21, 4.21, 3.31, 3.61, 2.97, 2.73],
)
SLEEP = ([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0], [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])
"""Student's sleep data, R's `sleep`."""

MAIZE = [49.0, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
"""Darwin's maize: cross-fertilised minus self-fertilised, in eighths of an inch."""

HOLM_RAW = [
    *(0.838541367553, 0.642193923795, 0.680845947633, 0.967833824309, 0.71626938238, 0.177096952723),
    *(5.23656777208e-005, 0.0202732688798, 0.00028140506198, 0.0149877310796),
]
NIST = "NIST StRD, univariate"
BINARY = "10000000.2 is no binary number: the stored values' own standard deviation, in exact fractions, is ours"
ROUNDED = "the last published digit is one off: in thirty digits (mpmath) it is -0.474933344990465, and so is ours"
R_TOST = "R equivalence::tost, in statsmodels' tests"
R_SLEEP = "R t.test(extra ~ group, sleep, paired)"


def differences(pair: tuple[list[float], list[float]]) -> list[float]:
    """Return first minus second."""
    return [a - b for a, b in zip(*pair, strict=True)]


def _alternating(first: float, low: float, high: float) -> list[float]:
    return [first, *([low, high] * 500)]


def _with_d(n: int, d: float) -> list[float]:
    """Return n values whose mean is d of their standard deviations."""
    values = [float(i) for i in range(n)]
    centre, spread = statistics.mean(values), statistics.sd(values)
    return [(value - centre) / spread + d for value in values]


def _effect(values: list[float]) -> statistics.EffectSize:
    effect = statistics.cohens_d(values)
    assert effect is not None
    return effect


def references() -> list[Reference]:
    """Return every published value that is compared, in the order of the table."""
    return [*_descriptive(), *_intervals(), *_p_values(), *_effect_sizes()]


def _descriptive() -> list[Reference]:
    certified: list[tuple[str, list[float], float, float]] = [
        ("Lew", LEW, -177.435000000000, 277.332168044316),
        ("Lottery", LOTTERY, 518.958715596330, 291.699727470969),
        ("Mavro", MAVRO, 2.00185600000000, 0.000429123454003053),
        ("Michelso", MICHELSON, 299.852400000000, 0.0790105478190518),
        ("NumAcc1", [10000001.0, 10000003.0, 10000002.0], 10000002.0, 1.0),
        ("NumAcc2", _alternating(1.2, 1.1, 1.3), 1.2, 0.1),
        ("NumAcc3", _alternating(1000000.2, 1000000.1, 1000000.3), 1000000.2, 0.1),
        ("NumAcc4", _alternating(10000000.2, 10000000.1, 10000000.3), 10000000.2, 0.1),
    ]
    found: list[Reference] = []
    for name, data, mean, sd in certified:
        found.append(Reference(name=f"mean, {name}", source=NIST, published=mean, ours=partial(statistics.mean, data)))
        note = BINARY if name == "NumAcc4" else ""
        found.append(
            Reference(name=f"sd, {name}", source=NIST, published=sd, ours=partial(statistics.sd, data), note=note)
        )
    return found


def _end(data: list[float], end: Literal["low", "high"]) -> float:
    """Return an end of the 90% interval, which is what the equivalence test's program prints."""
    interval = statistics.t_interval(data, level=0.90)
    return interval.low if end == "low" else interval.high


def _intervals() -> list[Reference]:
    clinic, second, sleep = differences(CLINIC), differences(CLINIC_2), differences(SLEEP)
    ninety = [
        ("clinic 1", clinic, -0.0744336620516462, 0.4037669953849797),
        ("clinic 2", second, 0.1261653305099018, 0.999168002823431),
    ]
    found = [
        Reference(
            name="standard error, clinic 1",
            source=R_TOST,
            published=0.1357514067862445,
            ours=lambda: statistics.t_interval(clinic).stderr,
        ),
        Reference(
            name="95% low, clinic 1",
            source="R t.test, in statsmodels' tests",
            published=-0.1264911434745851,
            ours=lambda: statistics.t_interval(clinic).low,
        ),
        Reference(
            name="95% high, clinic 1",
            source="R t.test, in statsmodels' tests",
            published=0.4558244768079186,
            ours=lambda: statistics.t_interval(clinic).high,
        ),
        Reference(
            name="95% low, sleep",
            source=R_SLEEP,
            published=-2.4598858,
            digits=8,
            ours=lambda: statistics.t_interval(sleep).low,
        ),
        Reference(
            name="95% high, sleep",
            source=R_SLEEP,
            published=-0.7001142,
            digits=7,
            ours=lambda: statistics.t_interval(sleep).high,
        ),
    ]
    for name, data, low, high in ninety:
        found += [
            Reference(
                name=f"90% low, {name}",
                source=R_TOST,
                published=low,
                ours=partial(_end, data, "low"),
            ),
            Reference(
                name=f"90% high, {name}",
                source=R_TOST,
                published=high,
                ours=partial(_end, data, "high"),
            ),
        ]
    return found


def _p_values() -> list[Reference]:
    clinic, second = differences(CLINIC), differences(CLINIC_2)
    logs = [math.log(a) - math.log(b) for a, b in zip(*CLINIC, strict=True)]
    holm = statistics.holm(HOLM_RAW, family=len(HOLM_RAW))
    multtest = {
        6: 5.2365677720800005e-04,
        8: 2.5326455578199999e-03,
        9: 1.1990184863680001e-01,
        7: 1.4191288215860001e-01,
        0: 1.0,
    }
    return [
        Reference(
            name="paired t-test, clinic 1",
            source="R t.test, in statsmodels' tests",
            published=0.245199929713149,
            ours=lambda: statistics.paired_t_p(clinic),
        ),
        Reference(
            name="paired t-test, sleep",
            source=R_SLEEP,
            published=0.002832890197384273,
            ours=lambda: statistics.paired_t_p(differences(SLEEP)),
        ),
        Reference(
            name="equivalence, clinic 1",
            source=R_TOST,
            published=0.003166881489265175,
            ours=lambda: statistics.equivalence_p(clinic, margin=0.6),
        ),
        Reference(
            name="equivalence, clinic 2",
            source=R_TOST,
            published=0.4412034046017588,
            ours=lambda: statistics.equivalence_p(second, margin=0.6),
        ),
        Reference(
            name="equivalence of logarithms, clinic 1",
            source=R_TOST,
            published=0.0001664157928976468,
            ours=lambda: statistics.equivalence_p(logs, margin=math.log(1.25)),
        ),
        Reference(
            name="sign-flip test, Darwin's maize",
            source="Fisher, Design of Experiments, section 21: 1,726 of 32,768",
            published=1726 / 32768,
            ours=lambda: statistics.sign_flip_p(MAIZE),
        ),
        *[
            Reference(
                name=f"Holm, p-value {index + 1}",
                source="R multtest, in statsmodels' tests",
                published=value,
                digits=12,
                ours=partial(holm.__getitem__, index),
            )
            for index, value in multtest.items()
        ],
    ]


def _effect_sizes() -> list[Reference]:
    n, df = 127, 98
    mbess, kept = _with_d(n, 2.83 / math.sqrt(n)), _with_d(df + 1, 1.5 / math.sqrt(df + 1))
    source = "R MBESS::conf.limits.nct"
    return [
        Reference(
            name="noncentrality, ncp 2.83, df 126, low",
            source=f"{source}, its own example",
            published=0.8337502600,
            digits=8,
            ours=lambda: _effect(mbess).low * math.sqrt(n),
        ),
        Reference(
            name="noncentrality, ncp 2.83, df 126, high",
            source=f"{source}, its own example",
            published=4.8153591405,
            digits=8,
            ours=lambda: _effect(mbess).high * math.sqrt(n),
        ),
        Reference(
            name="noncentrality, t 1.5, df 98, low",
            source=f"{source}, in statsmodels' tests",
            published=-0.474934,
            digits=6,
            note=ROUNDED,
            ours=lambda: _effect(kept).low * math.sqrt(df + 1),
        ),
        Reference(
            name="noncentrality, t 1.5, df 98, high",
            source=f"{source}, in statsmodels' tests",
            published=3.467371,
            digits=6,
            ours=lambda: _effect(kept).high * math.sqrt(df + 1),
        ),
        Reference(
            name="d for paired samples, sleep",
            source="t of R divided by the root of n",
            published=-4.062127683382037 / math.sqrt(10),
            ours=lambda: _effect(differences(SLEEP)).value,
        ),
    ]
