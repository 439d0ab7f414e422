"""What an experiment's program imports: its seed, and the only way to report results.

    import lab

    lab.config(epochs=20)                                    # what all conditions share
    lab.config(condition="proposed", label_smoothing=0.1)    # what one condition has
    lab.dataset("digits", X, y, n_train=1200, n_test=597)    # what was really loaded: hashed
    lab.split("digits", train=X[fit], test=X[held_out])      # the rows of each part, looked through for leaks
    for arm in lab.arms(["baseline", "proposed"]): ...       # in whatever order the harness wants; it must not matter
    lab.log(metric="accuracy", value=0.91, condition="baseline", dataset="digits")
    lab.predictions(ids, y_pred, dataset="digits", condition="baseline")

One file, standard library only, so that it runs under any interpreter. The harness sets SEED, OUT_DIR and DATA_DIR;
`random` is seeded at once, numpy and torch in the moment they are imported. Wrong types, NaN and contradictions are
refused here, in the program, with a sentence.

In extra runs, whose results go into no paper, the harness sets PROBE to find out what the results depend on: "order"
turns the arms around and notes what is executed, "labels" gives the rows of each dataset each other's labels at
`lab.dataset`. So hand over the arrays that the program goes on to work with, before anything is made of them.

Started by hand as `python experiment.py --out_dir=run_0` (as templates of The AI Scientist v1 are), it takes the
folder from there, seed 0 unless SEED says otherwise, and writes v1's final_info.json when the program ends.
"""

from __future__ import annotations

import array
import atexit
import json
import math
import os
import random
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, cast

__all__ = ["arms", "config", "data_dir", "dataset", "log", "out_dir", "predictions", "seed", "split"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,119}")


def _argument(name: str, default: str) -> str:
    """Return what follows `--name=` or `--name ` on the command line, without taking it from there."""
    for place, word in enumerate(sys.argv):
        if word.startswith(f"--{name}="):
            return word.partition("=")[2]
        if word == f"--{name}" and place + 1 < len(sys.argv):
            return sys.argv[place + 1]
    return default


_by_hand = "OUT_DIR" not in os.environ

out_dir: Path = Path(os.environ.get("OUT_DIR") or _argument("out_dir", "run_0")).absolute()
"""Folder for everything the program wants to keep."""

data_dir: Path = Path(os.environ.get("DATA_DIR") or "data").absolute()
"""Folder of the inputs, read-only."""

seed: int = int(os.environ.get("SEED") or "0")
"""Set by the harness; use it for every generator that the program makes itself."""


def log(
    metric: str,
    value: float,
    condition: str,
    dataset: str,
    split: str = "test",
    step: int | None = None,
) -> None:
    """Report one measurement.

    Args:
        metric: A declared metric.
        value: A finite number.
        condition: The arm of the experiment that it belongs to.
        dataset: The dataset that it was measured on.
        split: Which part of it.
        step: None for the final value; epoch or iteration for a point of a curve.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If the value is not finite, a name is malformed, or this measurement was reported before.
    """
    row = {
        "metric": _name("metric", metric),
        "value": _number("value", value),
        "condition": _name("condition", condition),
        "dataset": _name("dataset", dataset),
        "split": _name("split", split),
        "step": None if step is None else _whole("step", step),
    }
    key = tuple(row[part] for part in ("metric", "condition", "dataset", "split", "step"))
    if key in _logged:
        raise ValueError(f"lab.log: {'/'.join(str(part) for part in key)} was logged before; log each value once.")
    _logged[key] = row["value"]
    _append(out_dir / "rows.jsonl", [row])


def predictions(
    ids: Iterable[object],
    y_pred: Iterable[object],
    dataset: str,
    split: str = "test",
    *,
    condition: str,
    y_true: Iterable[object] | None = None,
) -> None:
    """Report predictions item by item, so that the harness can compute the metric itself.

    Args:
        ids: One id an item, each once: its index in the dataset, or its name.
        y_pred: One prediction an item: a label, a number, or a list of numbers (probabilities, a forecast).
        dataset: The dataset that they are for.
        split: Which part of it.
        condition: The arm of the experiment that made them.
        y_true: What was right, if the program knows.

    Raises:
        TypeError: If something is no plain label or number.
        ValueError: If lengths differ, ids repeat, a number is not finite, or these were reported before.
    """
    columns = [[_item(value) for value in column] for column in (ids, y_pred, y_true if y_true is not None else ())]
    keys, predicted, right = columns
    if y_true is not None and len(right) != len(keys):
        raise ValueError(f"lab.predictions: {len(keys)} ids but {len(right)} true values.")
    if len(keys) != len(predicted):
        raise ValueError(f"lab.predictions: {len(keys)} ids but {len(predicted)} predictions.")
    if len({json.dumps(key) for key in keys}) != len(keys):
        raise ValueError("lab.predictions: an id stands more than once.")
    names = _name("dataset", dataset), _name("split", split), _name("condition", condition)
    file = out_dir / "predictions" / names[0] / names[1] / f"{names[2]}.jsonl"
    if file.exists():
        raise ValueError(f"lab.predictions: predictions for {'/'.join(names)} were reported before.")
    file.parent.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, object]] = [{"id": key, "y_pred": value} for key, value in zip(keys, predicted, strict=True)]
    for row, value in zip(rows, right, strict=False):
        row["y_true"] = value
    _append(file, rows)


def config(condition: str | None = None, **settings: str | int | float | bool) -> None:
    """Report settings that a paper may quote: of one condition, or of all if none is named.

    Raises:
        TypeError: If a value is not a string, number or boolean.
        ValueError: If a number is not finite, or a setting was reported before with another value.
    """
    prefix = "" if condition is None else _name("condition", condition) + "/"
    _merge("config.json", {prefix + key: _scalar(f"config {key}", value) for key, value in settings.items()})


def dataset(name: str, *loaded: object, **facts: str | int | float | bool) -> str:
    """Report what was really loaded, and return its hash.

    Args:
        name: The dataset's name, as in `log`.
        loaded: The arrays, tables, bytes, or files (as a Path) that the program works on, hashed in this order: the
            rows first, their labels last.
        facts: What a paper may quote: n_train, n_test, n_features.

    Raises:
        TypeError: If a fact is not a string, number or boolean, or something loaded cannot be hashed.
        ValueError: If the same name was reported before with another fact.
    """
    prefix = _name("dataset", name) + "/"
    told = {prefix + key: _scalar(f"dataset fact {key}", value) for key, value in facts.items()}
    digest = _sha256()
    for part in loaded:
        for piece in _bytes_of(part):
            digest.update(len(piece).to_bytes(8, "little"))
            digest.update(piece)
    if loaded:
        told[prefix + "sha256"] = digest.hexdigest()
    _merge("data.json", told)
    if _probe:
        _merge("probe.json", {prefix + key: value for key, value in _probed(loaded).items()})
    return str(digest.hexdigest())


def split(dataset: str, **parts: object) -> None:
    """Report which rows are learnt from and which are judged on: train, test, and whatever else there is.

    Args:
        dataset: The dataset's name, as in `log`.
        parts: The rows of each part, as arrays or tables whose first axis is the rows.

    Raises:
        TypeError: If a part cannot be hashed.
        ValueError: If the same part was reported before with other rows.
    """
    prefix = _name("dataset", dataset) + "/"
    for name, rows in parts.items():
        digest = _sha256(b"".join(_bytes_of(rows))).hexdigest()
        _merge("data.json", {f"{prefix}{_name('part', name)}_sha256": digest})
        if _probe == "order":
            _keep_rows(out_dir / "split" / dataset / f"{name}.rows", rows)


def arms(names: Iterable[str]) -> list[str]:
    """Return the arms in the order in which the harness wants them run.

    Their order must not matter: an arm that leaves something behind for the next one is no arm of its own.
    """
    order = list(names)
    return order[::-1] if _probe == "order" else order


_probe = os.environ.get("PROBE", "")
_logged: dict[tuple[object, ...], object] = {}


def _name(what: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"lab: {what} must be a string, not {type(value).__name__}.")
    if not _NAME.fullmatch(value):
        raise ValueError(f"lab: {what} {value!r} must be letters, digits and _ . + - only.")
    return value


def _plain(value: object) -> object:
    """Return the Python number in a numpy or torch scalar; anything else as it is."""
    if isinstance(value, str | int | float | bool) and type(value).__module__ == "builtins":
        return value
    unpack = getattr(value, "item", None)
    return unpack() if callable(unpack) and getattr(value, "ndim", 1) == 0 else value


def _number(what: str, value: object) -> float:
    plain = _plain(value)
    if isinstance(plain, bool) or not isinstance(plain, int | float):
        raise TypeError(f"lab: {what} must be a number, not {type(value).__name__}.")
    if not math.isfinite(plain):
        raise ValueError(f"lab: {what} is {plain}; only finite numbers can be reported.")
    return float(plain)


def _whole(what: str, value: object) -> int:
    plain = _plain(value)
    if isinstance(plain, bool) or not isinstance(plain, int):
        raise TypeError(f"lab: {what} must be a whole number, not {type(value).__name__}.")
    return plain


def _scalar(what: str, value: object) -> str | int | float | bool:
    plain = _plain(value)
    if isinstance(plain, float):
        return _number(what, plain)
    if not isinstance(plain, str | int | bool):
        raise TypeError(f"lab: {what} must be a string, number or boolean, not {type(value).__name__}.")
    return plain


def _item(value: object) -> object:
    """Return an id or a prediction as plain JSON: a scalar, or a list of numbers."""
    if getattr(value, "ndim", 0):
        value = _called(value, "tolist")
    if isinstance(value, list | tuple):
        return [_number("a prediction", member) for member in cast("Sequence[object]", value)]
    return _scalar("an id or prediction", value)


def _called(value: object, method: str) -> Any:  # what a foreign object's method returns is not ours to know
    return getattr(value, method)()


def _bytes_of(part: object) -> list[bytes]:
    """Return pieces of bytes that change when the data change: of an array, table, tensor, file, bytes or JSON."""
    if isinstance(part, bytes | bytearray):
        return [bytes(part)]
    if isinstance(part, Path):
        return [part.read_bytes()]
    if hasattr(part, "to_numpy"):
        columns = [str(column) for column in getattr(part, "columns", ())]
        return [json.dumps(columns).encode(), *_bytes_of(_called(part, "to_numpy"))]
    if hasattr(part, "detach"):
        part = _called(_called(_called(part, "detach"), "cpu"), "numpy")
    if hasattr(part, "dtype") and hasattr(part, "tobytes"):
        shape: Any = getattr(part, "shape", ())
        head = f"{getattr(part, 'dtype', '')} {tuple(shape)}".encode()
        # Arrays of objects hold addresses, which differ from run to run; their contents do not.
        body = repr(_called(part, "tolist")).encode() if "object" in str(head) else _called(part, "tobytes")
        return [head, body]
    try:
        return [json.dumps(part, sort_keys=True, allow_nan=True).encode()]
    except (TypeError, ValueError):
        kind = type(part).__name__
        raise TypeError(f"lab.dataset: cannot hash a {kind}; give arrays, bytes, paths or lists.") from None


def _sha256(data: bytes = b"") -> Any:
    import hashlib  # here, because it brings OpenSSL along, and many programs hash nothing

    return hashlib.sha256(data)


_MOST_ROW_BYTES = 32 * 1024**2


def _keep_rows(file: Path, rows: object) -> None:
    """Write rows as the harness reads them: a line that says what they are, and their bytes."""
    if hasattr(rows, "to_numpy"):
        rows = _called(rows, "to_numpy")
    if hasattr(rows, "detach"):
        rows = _called(_called(_called(rows, "detach"), "cpu"), "numpy")
    if isinstance(rows, list | tuple):
        rows = _as_bytes(cast("Sequence[object]", rows))
    shape = tuple(int(length) for length in cast("Any", getattr(rows, "shape", ())))
    if not shape or not hasattr(rows, "tobytes"):
        return
    size = len(_called(cast("Any", rows), "tobytes")) // max(shape[0], 1)
    count = min(shape[0], _MOST_ROW_BYTES // max(size, 1))
    head = {"dtype": str(getattr(rows, "dtype", "float64")), "shape": [count, *shape[1:]], "of": shape[0]}
    file.parent.mkdir(parents=True, exist_ok=True)
    body = _called(rows, "tobytes")[: count * size]
    file.write_bytes(json.dumps(head).encode() + b"\n" + body)


def _as_bytes(rows: Sequence[object]) -> object:
    """Return a view of plain rows of numbers, with a shape and bytes as arrays have them; None if they are none."""
    lists = [list(cast("Sequence[Any]", row)) if isinstance(row, list | tuple) else [row] for row in rows]
    try:
        flat = array.array("d", [float(cast("Any", value)) for row in lists for value in row])
    except (TypeError, ValueError):
        return None
    shape = [len(lists), len(lists[0])] if lists and len(flat) == len(lists) * len(lists[0]) else [0, 0]
    return memoryview(flat).cast("B").cast("d", shape) if all(shape) else None


def _probed(loaded: tuple[object, ...]) -> dict[str, str | int | float | bool]:
    """Return what the harness asks about a dataset's labels, which lose their rows if it wants that."""
    target: Any = loaded[-1] if loaded else None
    try:
        values = [_plain(value) for value in target]
        is_column = bool(values) and all(isinstance(value, str | int | float | bool) for value in values)
        is_labels = len(loaded) > 1 and is_column and len(cast("Any", loaded[0])) == len(values)
    except TypeError:
        return {"shuffled": "nothing"}
    told: dict[str, str | int | float | bool] = {"shuffled": "nothing", "rows": len(values)}
    if is_labels:
        counts = [values.count(value) for value in dict.fromkeys(values[: 10**5])] if len(set(values)) <= 1000 else []
        told |= {"classes": len(counts), "commonest": max(counts, default=0) / len(values)}
    if _probe == "labels":
        order = list(range(len(values)))
        random.Random(seed).shuffle(order)
        try:
            target[:] = [target[place] for place in order] if isinstance(target, list) else target[order]
        except (TypeError, ValueError, KeyError, IndexError):
            return told
        told["shuffled"] = "labels" if is_labels else "rows"
    return told


def _note_what_runs() -> None:
    """Write down at the end which functions of the program were called, and what was imported."""
    home, called = os.getcwd() + os.sep, set[str]()

    def notice(frame: Any, event: str, argument: object) -> None:
        code = frame.f_code
        if code.co_filename.startswith(home) and "site-packages" not in code.co_filename:
            name = getattr(code, "co_qualname", code.co_name).rpartition("<locals>.")[2]
            called.add(f"{code.co_filename[len(home) :]}:{name}")

    def write() -> None:
        sys.settrace(None)
        modules = sorted({name.partition(".")[0] for name in sys.modules})
        (out_dir / "executed.json").write_text(json.dumps({"functions": sorted(called), "modules": modules}))

    sys.settrace(notice)
    atexit.register(write)


def _append(file: Path, rows: Iterable[object]) -> None:
    """Append whole lines with one call, so that lines of several processes never mix."""
    file.parent.mkdir(parents=True, exist_ok=True)
    data = "".join(json.dumps(row, allow_nan=False) + "\n" for row in rows).encode()
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        while data:
            data = data[os.write(handle, data) :]
    finally:
        os.close(handle)


def _merge(name: str, told: dict[str, str | int | float | bool]) -> None:
    file = out_dir / name
    known: dict[str, object] = json.loads(file.read_text()) if file.exists() else {}
    for key, value in told.items():
        if key in known and known[key] != value:
            raise ValueError(f"lab: {key} was reported as {known[key]!r} before, and now as {value!r}.")
    out_dir.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{name}.{os.getpid()}")
    temporary.write_text(json.dumps({**known, **told}, sort_keys=True, allow_nan=False))
    temporary.replace(file)


class _SeedOnImport:  # no importlib.abc.MetaPathFinder: that alone takes as long to import as the interpreter to start
    """Seeds a library when it has been imported, so that programs that do not use it do not pay for it."""

    def __init__(self, seeders: dict[str, Callable[[ModuleType], object]]) -> None:
        self._seeders = seeders

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self._seeders:
            return None
        seeder = self._seeders.pop(fullname)
        found = (f.find_spec(fullname, path, target) for f in sys.meta_path if f is not self)
        spec = next((spec for spec in found if spec is not None), None)
        if spec is None or spec.loader is None:
            return spec
        run = spec.loader.exec_module

        def seeded(module: ModuleType) -> None:
            run(module)
            seeder(module)

        spec.loader.exec_module = seeded  # type: ignore[method-assign]  # of this one import
        return spec


def _seed_everything() -> None:
    random.seed(seed)
    seeders: dict[str, Callable[[ModuleType], object]] = {
        "numpy.random": lambda module: module.seed(seed % 2**32),
        "torch": lambda module: module.manual_seed(seed),
    }
    for name in list(seeders):
        if name in sys.modules:
            seeders.pop(name)(sys.modules[name])
    sys.meta_path.insert(0, _SeedOnImport(seeders))


def _write_final_info() -> None:
    """Write what The AI Scientist v1 reads: {dataset: {"means": {"<metric>_<condition>": value}}}."""
    info: dict[str, dict[str, dict[str, object]]] = {}
    for (metric, condition, dataset, split, step), value in _logged.items():
        if step is None:
            tail = "" if split == "test" else f"_{split}"
            info.setdefault(str(dataset), {"means": {}})["means"][f"{metric}_{condition}{tail}"] = value
    if info:
        (out_dir / "final_info.json").write_text(json.dumps(info, indent=1))


def _begin_by_hand() -> None:
    """Clear what an earlier start by hand left, and tell processes that the program starts that it has begun."""
    os.environ.update({"OUT_DIR": str(out_dir), "DATA_DIR": str(data_dir), "SEED": str(seed)})
    out_dir.mkdir(parents=True, exist_ok=True)
    stale = [out_dir / name for name in ("rows.jsonl", "config.json", "data.json", "final_info.json")]
    for file in [*stale, *(out_dir / "predictions").rglob("*.jsonl")]:
        file.unlink(missing_ok=True)
    atexit.register(_write_final_info)


if __name__ == "lab":  # imported by a program, and not by tools that read our package
    _seed_everything()
    if _by_hand:
        _begin_by_hand()
    if _probe == "order":
        _note_what_runs()
