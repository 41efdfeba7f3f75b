"""Rules of the house that a machine keeps, beside those in .importlinter."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
import sys
from pathlib import Path

import grimp
import pytest
from django.apps import apps

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src"
FILE_LINES = 400
FUNCTION_LINES = 60
LONG = {"tirek_engines/psychometrics/_kernels.py": "kernels of one estimation, compiled together"}
FACES = re.compile(r"^tirek\.(?!site\.demo)\w+\.(?:\w+\.)*(?:views\w*|api\w*|urls|commands)(?:\.|$)")
NO_PLATFORM = """
import importlib.abc, sys

class Closed(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"django", "psycopg", "duckdb", "httpx", "tirek", "polars", "pyarrow"}:
            raise ModuleNotFoundError(f"{name} is not here: the engines stand alone", name=name)

sys.meta_path.insert(0, Closed())
"""


def layers() -> dict[str, int]:
    """Height of each app, read from the contract, so that there is one list only."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter")
    lines = parser["importlinter:contract:apps"]["layers"].split("\n")
    heights = {}
    for height, line in enumerate(reversed([line for line in lines if line.strip()])):
        for name in line.split("|"):
            heights[name.strip(" ()")] = height
    return heights


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("tirek", "tirek_engines", cache_dir=None)


def modules() -> list[Path]:
    return [path for path in sorted(SOURCE.rglob("*.py")) if "migrations" not in path.parts]


def test_foreign_keys_point_downwards():
    heights = layers()
    wrong = []
    for model in apps.get_models():
        own = model.__module__.split(".")
        if own[0] != "tirek":
            continue
        for field in model._meta.get_fields(include_hidden=True):
            if field.auto_created or not field.is_relation or field.related_model is None:
                continue
            other = field.related_model.__module__.split(".")
            if other[0] != "tirek" or other[1] == own[1]:
                continue
            if heights[other[1]] >= heights[own[1]]:
                wrong.append(f"{model.__name__}.{field.name} ({own[1]}) -> {field.related_model.__name__} ({other[1]})")
    assert not wrong


def test_every_app_is_installed_and_has_a_layer():
    present = {path.parent.name for path in (SOURCE / "tirek").glob("*/apps.py")}
    assert present == {
        config.name.split(".")[1] for config in apps.get_app_configs() if config.name.startswith("tirek.")
    }
    assert present <= layers().keys()


def test_faces_never_touch_models(graph):
    wrong = [
        f"{module} imports {imported}"
        for module in sorted(graph.modules)
        if FACES.match(module)
        for imported in sorted(graph.find_modules_directly_imported_by(module))
        if re.match(r"^tirek\.\w+\.models(\.|$)", imported)
    ]
    assert not wrong, "ask queries and call services instead"


def test_files_are_short():
    long = {}
    for path in modules():
        lines = len(path.read_text().splitlines())
        name = str(path.relative_to(SOURCE))
        if lines > FILE_LINES and name not in LONG:
            long[name] = lines
    assert not long


def test_functions_are_short():
    long = []
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[0]
                has_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
                start = first.end_lineno if has_docstring else node.lineno
                if (node.end_lineno or 0) - (start or 0) > FUNCTION_LINES:
                    long.append(f"{path.relative_to(SOURCE)}:{node.lineno} {node.name}")
    assert not long


def run_alone(code: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", NO_PLATFORM + code], capture_output=True, text=True, check=False, cwd=ROOT,
        env={"PYTHONPATH": str(SOURCE), "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip


def test_engines_import_without_the_platform():
    done = run_alone(
        "import importlib, pkgutil, tirek_engines\n"
        "names = [m.name for m in pkgutil.walk_packages(tirek_engines.__path__, 'tirek_engines.')]\n"
        "[importlib.import_module(name) for name in names]\n"
        "print(len(names))"
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10


def test_engines_calibrate_without_the_platform():
    done = run_alone(
        "import numpy as np\n"
        "from tirek_engines.psychometrics import Answers, calibrate\n"
        "random = np.random.default_rng(1)\n"
        "ability, hard = random.normal(size=(500, 1)), np.linspace(-1.5, 1.5, 8)\n"
        "codes = (random.random((500, 8)) < 1 / (1 + np.exp(hard - ability))).astype(np.uint8)\n"
        "items = calibrate(Answers(codes, tuple('abcdefgh'))).items\n"
        "print(*(item.b for item in items))"
    )
    assert done.returncode == 0, done.stderr
    found = [float(b) for b in done.stdout.split()]
    assert len(found) == 8
    assert found == sorted(found)


def test_no_machine_and_no_registry_is_named():
    """Locks and scripts must work behind any mirror, on any machine."""
    named = []
    for path in [*ROOT.glob("*.lock"), *ROOT.glob("tools/*"), ROOT / "Makefile", *ROOT.glob("docs/**/*.md")]:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if re.search(r"/work/|/root/|pypi\.org|files\.pythonhosted", line):
                named.append(f"{path.relative_to(ROOT)}:{number}")
    assert not named


def test_a_process_starts_without_the_engines_compiler(tmp_path):
    """Every command, every web and every work process pays for what is imported when the apps are loaded."""
    done = subprocess.run(
        [sys.executable, "-c", "import django, sys; django.setup(); print({'numba', 'scipy.stats', 'scipy.optimize'} & set(sys.modules))"],
        capture_output=True, text=True, check=False, cwd=ROOT,
        env={"PYTHONPATH": str(SOURCE), "PATH": "/usr/bin:/bin", "DJANGO_SETTINGS_MODULE": "tirek.site.settings", "TIREK_HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.stdout.strip() == "set()", done.stdout + done.stderr
