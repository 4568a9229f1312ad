"""Who imports whom, and that everything imported is declared."""

from __future__ import annotations

import importlib.metadata
import re
import shlex
import sys

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.packaging.tree import PACKAGES, ROOT, imports, project

MAY_IMPORT = {
    "schemas": {"schemas"},
    "models": {"models", "schemas"},
    "knowledge_base": {"knowledge_base", "schemas"},
    "training": {"training", "models", "schemas"},
    "app": {"app", "models", "knowledge_base", "schemas"},
    "benchmarks": set(PACKAGES),
}
EXTRAS = {
    "knowledge_base": ("sentence-transformers",),
    "training": ("training",),
    "benchmarks": ("benchmark",),
}
DISTRIBUTIONS = importlib.metadata.packages_distributions()


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_what_the_house_plan_lets_it(package: str) -> None:
    strangers = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path, name in imports(package)
        if name in {*PACKAGES, "tests"} - MAY_IMPORT[package]
    }
    assert not strangers


@pytest.mark.parametrize("package", PACKAGES)
def test_everything_a_package_imports_is_declared(package: str) -> None:
    declared = declared_for(package)
    undeclared = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path, name in imports(package)
        if name not in sys.stdlib_module_names
        and name not in PACKAGES
        and not declared & {canonicalize_name(d) for d in DISTRIBUTIONS.get(name, [name])}
    }
    assert not undeclared


def test_everything_the_tests_import_is_declared_for_developing() -> None:
    declared = declared_for("tests", "dev", *(x for extras in EXTRAS.values() for x in extras))
    undeclared = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path, name in imports("tests")
        if name not in sys.stdlib_module_names
        and name not in {*PACKAGES, "clients", "docs", "tests"}
        and not declared & {canonicalize_name(d) for d in DISTRIBUTIONS.get(name, [name])}
    }
    assert not undeclared


def declared_for(package: str, *extras: str) -> set[str]:
    """Canonical names of the distributions that the package may rely on."""
    table = project()
    lines = list(table["dependencies"])
    for extra in EXTRAS.get(package, extras):
        lines += table["optional-dependencies"][extra]
    declared = {canonicalize_name(Requirement(line).name) for line in lines}
    return declared | (in_the_training_image() if package == "training" else set())


def in_the_training_image() -> set[str]:
    """What the training container alone installs: it needs a CUDA machine."""
    text = (ROOT / "training" / "Dockerfile").read_text()
    (line,) = re.findall(r"pip install (unsloth .+)", text)
    return {canonicalize_name(Requirement(word).name) for word in shlex.split(line)}
