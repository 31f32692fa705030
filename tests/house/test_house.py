"""The rules of the house: who may import whom, how long things may be, what things are called."""

import ast
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

REPOSITORY = Path(__file__).parents[2]
PACKAGE = REPOSITORY / "segcli"
SOURCES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((REPOSITORY / "tests").rglob("*.py"))

FLOORS = (
    {"arrays", "errors", "segmentation", "opencv", "expression"},
    {"numeric", "files", "scores"},
    {"method", "knob", "cleanup", "preparation", "methods", "networks", "filters", "filtering"},
    {"learning", "fitting", "figures", "measure", "region_table"},
    {
        *("batch", "job", "segmenter", "network_segmenter", "phrase", "refine", "cleaning", "recipe", "rerun"),
        *("estimate", "predictions", "evaluate", "truths", "judge", "compare", "tuning", "explanation"),
        *("check", "samples", "region_report", "mask_difference", "convert"),
    },
    {"cli", "web", "__init__", "__main__"},
)
TOP_LIMIT_FOLDERS = {"methods", "numeric", "files"}
HEAVY = {
    *("scipy", "skimage", "sklearn", "torch", "matplotlib", "numba", "PIL", "tifffile", "rich", "pandas"),
    *("imagecodecs", "safetensors", "onnx", "onnxruntime"),
}
TORCH_FREE = {
    *("networks/__init__.py", "networks/architecture.py", "networks/registry.py", "networks/table.py"),
    *("networks/backbones/__init__.py", "networks/backbones/table.py", "learning/__init__.py"),
    *("learning/loss_expression.py", "learning/settings.py", "learning/card.py", "learning/scaling.py"),
    *("learning/model_places.py", "learning/onnx_card.py", "learning/public_files.py"),
}
"""The files beside the networks and what teaches them that the command line reads at every start."""
VAGUE_NAMES = {"utils", "common", "base", "helpers", "misc", "core", "util", "helper"}


def module_name(path):
    """Dotted name of a file of the package."""
    return ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)


each_source = pytest.mark.parametrize("path", SOURCES, ids=module_name)


@cache
def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(nodes):
    """(line, module) of the import statements among nodes; `from a import b` gives a and a.b."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def top_level(node):
    """The nodes that run when a module is imported: no function bodies, nothing for type checkers alone."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        yield child
        yield from top_level(child)


def floor_of(module):
    """Floor of a module or package of segcli, by its first name."""
    floors = [floor for floor, names in enumerate(FLOORS) if module in names]
    assert floors, f"segcli.{module} has no floor yet; add it to FLOORS"
    return floors[0]


def is_kernels(path):
    """Whether a file is a private module of numba kernels."""
    return path.name.startswith("_") and path.stem.endswith("_kernels")


@each_source
def test_imports_point_down_the_floors(path):
    parts = module_name(path).split(".")
    own = floor_of(parts[1])
    for line, module in imports(ast.walk(tree(path))):
        inner = module.split(".")
        if inner[0] != "segcli" or module in ("segcli", "segcli.__version__"):
            continue
        assert floor_of(inner[1]) <= own, f"{path.name}:{line} on floor {own} imports {module}"


@each_source
def test_imports_are_absolute_and_nothing_is_imported_by_star(path):
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}:{node.lineno}"
            assert node.names[0].name != "*", f"{path.name}:{node.lineno}"


@pytest.mark.parametrize("path", [path for path in SOURCES if path.parent.parent.name == "methods"], ids=module_name)
def test_a_method_imports_no_other_method(path):
    for line, module in imports(ast.walk(tree(path))):
        assert not f"{module}.".startswith("segcli.methods."), f"{path.name}:{line} imports {module}"


@pytest.mark.parametrize("path", [path for path in SOURCES if path.parent.name == "networks"], ids=module_name)
def test_an_architecture_imports_no_other_one(path):
    shared = {"architecture", "blocks", "initial", "shapes", "registry", "table", "backbones", "summary"}
    for line, module in imports(ast.walk(tree(path))):
        if module.startswith("segcli.networks."):
            assert module.split(".")[2] in shared, f"{path.name}:{line} imports {module}"


@pytest.mark.parametrize("path", [path for path in SOURCES if not is_kernels(path)], ids=module_name)
def test_nothing_heavy_is_imported_at_the_top(path):
    inside = path.relative_to(PACKAGE).parts[0] in TOP_LIMIT_FOLDERS
    relative = path.relative_to(PACKAGE).as_posix()
    with_torch = relative.startswith(("networks/", "learning/")) and relative not in TORCH_FREE
    for line, module in imports(top_level(tree(path))):
        first, last = module.split(".")[0], module.split(".")[-1]
        assert first not in HEAVY or (first == "torch" and with_torch), f"{path.name}:{line} imports {module}"
        assert not last.endswith("_kernels"), f"{path.name}:{line} imports {module}, and numba with it"
        if inside:
            allowed = first in sys.stdlib_module_names or first in ("numpy", "segcli")
            assert allowed, f"{path.name}:{line} imports {module}"
            assert not module.startswith("segcli.opencv"), f"{path.name}:{line} imports {module}"


@each_source
def test_click_is_never_imported(path):
    assert "click" not in {module.split(".")[0] for _, module in imports(ast.walk(tree(path)))}


@pytest.mark.parametrize("path", SOURCES + TESTS, ids=module_name)
def test_files_have_at_most_400_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@each_source
def test_names_of_modules_say_something(path):
    assert not VAGUE_NAMES & {part.strip("_") for part in module_name(path).split(".")}


def functions(path):
    return [node for node in ast.walk(tree(path)) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


def body_length(function):
    """Lines of a function's body without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def test_function_bodies_have_at_most_60_lines():
    lengths = {
        f"{module_name(path)}.{function.name}": body_length(function)
        for path in SOURCES
        for function in functions(path)
    }
    long = {name: length for name, length in lengths.items() if length > 40}
    assert max(lengths.values()) <= 60, f"over 60 is forbidden, over 40 is a debt: {long}"


@each_source
def test_no_function_swallows_unknown_keywords(path):
    # run() takes any method's knobs, build() any network's; a derived command's callback takes those of one.
    if (
        path not in (PACKAGE / "method.py", PACKAGE / "networks" / "registry.py")
        and PACKAGE / "cli" not in path.parents
    ):
        assert [function.name for function in functions(path) if function.args.kwarg] == []


@each_source
def test_library_code_prints_nothing_and_exits_nowhere(path):
    allowed = path.relative_to(PACKAGE).parts[0] in ("cli", "web", "__main__.py")
    for node in ast.walk(tree(path)):
        where = f"{path.name}:{getattr(node, 'lineno', 0)}"
        assert not (isinstance(node, ast.ExceptHandler) and node.type is None), f"{where}: bare except"
        if isinstance(node, ast.Call) and not allowed:
            assert ast.unparse(node.func) not in ("print", "exit", "quit", "sys.exit"), where


@each_source
def test_every_module_and_public_function_has_a_docstring(path):
    if path.read_text(encoding="utf-8").strip():
        assert ast.get_docstring(tree(path)), "the module has none"
    named = [node for node in tree(path).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    named = [node for node in named if "overload" not in map(ast.unparse, node.decorator_list)]
    assert [node.name for node in named if not node.name.startswith("_") and not ast.get_docstring(node)] == []


def test_no_file_names_a_place_on_one_machine():
    suffixes = {".py", ".md", ".toml", ".txt", ".json", ".yml", ".yaml", ".cfg"}
    place = re.compile(r"(?<![\w.~}])/(?:work|root|home)/\w")
    folders = [REPOSITORY / name for name in ("segcli", "tests", "sample_images")]
    paths = [path for folder in folders for path in folder.rglob("*")] + list(REPOSITORY.iterdir())
    texts = [path for path in paths if path.is_file() and path.suffix in suffixes]
    assert len(texts) > 20
    found = [str(path) for path in texts if place.search(path.read_text(encoding="utf-8"))]
    assert found == []


# One idea, one name, one kind, one unit. A name that is not here is free, but the same wherever it occurs.
GLOSSARY = {
    "seed": ({"int"}, ""),
    "iterations": ({"int"}, ""),
    "classes": ({"int"}, ""),
    "sigma": ({"float"}, "pixels"),
    "radius": ({"int", "float"}, "pixels"),
    "window": ({"int"}, "pixels"),
    "min_distance": ({"int", "float"}, "pixels"),
    "threshold": ({"float"}, None),
    "connectivity": ({"choice"}, ""),
    "tolerance": ({"float"}, None),
    "markers": ({"labels"}, ""),
    "scribbles": ({"labels"}, ""),
    "mask": ({"mask"}, ""),
    "box": ({"box"}, ""),
    "point": ({"points"}, ""),
    "init": ({"mask"}, ""),
    "labels": ({"labels"}, ""),
    "scores": ({"scores"}, ""),
    "model": ({"model"}, ""),
    "regions": ({"int"}, ""),
    "k": ({"float"}, ""),
    "low": ({"float"}, ""),
    "high": ({"float"}, ""),
    "compactness": ({"float"}, ""),
    "length": ({"float"}, ""),
    "step": ({"float"}, ""),
}
SYNONYMS = {
    "classes": {"n", "clusters", "n_clusters", "num_clusters", "n_classes", "num_classes", "class_count"},
    "iterations": {"iters", "num_iter", "n_iter", "max_iter", "max_iterations", "niter", "iteration", "iter_count"},
    "threshold": {"thresh", "thr", "cutoff", "threshold_value"},
    "sigma": {"std", "blur_sigma", "scale_sigma", "smoothing"},
    "radius": {"r", "rad", "kernel_radius"},
    "window": {"window_size", "block_size", "blocksize", "win", "ksize", "kernel_size"},
    "min_distance": {"mindist", "min_dist", "distance_min"},
    "connectivity": {"conn", "neighborhood", "neighbors", "neighbours", "neighbourhood"},
    "tolerance": {"tol", "eps", "epsilon", "atol"},
    "seed": {"random_state", "rng", "random_seed"},
    "markers": {"marker", "seeds"},
    "scribbles": {"scribble", "strokes", "hints"},
    "box": {"bbox", "rect", "rectangle", "bounding_box"},
}


def knobs():
    from segcli.method import describe
    from segcli.methods import NAMES, find

    return [(name, knob) for name in NAMES for knob in describe(find(name)).knobs]


def test_known_knobs_have_their_kind_and_unit():
    for method, knob in knobs():
        if knob.name in GLOSSARY:
            kinds, unit = GLOSSARY[knob.name]
            assert knob.kind in kinds, f"{method}: {knob.name} is {knob.kind}"
            assert unit is None or knob.unit == unit, f"{method}: {knob.name} has the unit {knob.unit!r}"
        if knob.name == "connectivity":
            assert set(knob.choices) <= {4, 8}, method


def test_no_knob_is_a_synonym_of_a_known_one():
    known = {synonym: name for name, synonyms in SYNONYMS.items() for synonym in synonyms}
    found = {f"{method}: {knob.name} is {known[knob.name]}" for method, knob in knobs() if knob.name in known}
    assert found == set()


def test_knobs_are_spelled_in_full_american_words():
    british = re.compile(r"colour|grey|neighbour|centre")
    for method, knob in knobs():
        # The k of Sauvola and of Niblack is known by no other name.
        assert knob.name == "k" or re.fullmatch(r"[a-z]{2,}(_[a-z]+)*", knob.name), f"{method}: {knob.name}"
        assert not british.search(knob.name), f"{method}: {knob.name}"
        assert not knob.name.startswith(("num_", "n_", "do_", "no_", "is_")), f"{method}: {knob.name}"


def test_one_name_has_one_kind_and_unit_in_all_methods():
    meanings = {}
    for method, knob in knobs():
        kind = "number" if knob.kind in ("int", "float") else knob.kind
        # The unit of a tolerance or a threshold is that of what is compared.
        unit = None if GLOSSARY.get(knob.name, (set(), ""))[1] is None else knob.unit
        first = meanings.setdefault(knob.name, (method, kind, unit))
        assert first[1:] == (kind, unit), f"{knob.name} means two things in {first[0]} and {method}"


def test_type_checkers_see_every_public_name():
    import segcli

    (seen,) = [node for node in tree(PACKAGE / "__init__.py").body if isinstance(node, ast.If)]
    names = {alias.name for node in seen.body for alias in node.names}
    assert names - {"read_pixels"} | {"read_image", "__version__"} == set(segcli.__all__)


START = """
import json, runpy, sys
sys.argv = ["segcli", *sys.argv[1:]]
code = 0
try:
    runpy.run_module("segcli", run_name="__main__")
except SystemExit as end:
    code = end.code
sys.stderr.write("\\n" + json.dumps([code, sorted(sys.modules)]))
"""


def test_a_small_run_loads_nothing_heavy(tmp_path):
    from segcli.opencv import cv2

    source, target = tmp_path / "halves.png", tmp_path / "out.png"
    assert cv2.imwrite(str(source), np.repeat(np.array([[50, 200]], np.uint8), 8, axis=1))
    done = subprocess.run(
        [sys.executable, "-c", START, "otsu", str(source), "-o", str(target)],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        check=False,
    )
    words, _, answer = done.stderr.rpartition("\n")
    code, modules = json.loads(answer)
    assert code in (0, None), words
    assert target.exists()
    assert HEAVY & {name.split(".")[0] for name in modules} == set()
