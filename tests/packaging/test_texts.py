"""What the public texts must not say, and what Makefile and CI must keep."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from tests.packaging.tree import ROOT, public_texts

# Written in halves, so that this file does not name them either.
REGISTRY_HOSTS = ["py" + "pi.org", "python" + "hosted.org", "down" + "load.pytorch.org"]
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = re.findall(r"^([a-z]+):.*##", MAKEFILE, re.M)


@pytest.mark.parametrize("host", REGISTRY_HOSTS)
def test_no_text_names_a_package_registry(host: str) -> None:
    naming = [str(p.relative_to(ROOT)) for p in public_texts() if host in p.read_text("utf-8")]
    assert not naming


def test_no_text_names_a_path_of_the_machine_it_was_written_on() -> None:
    home = re.compile(r"/(?:root|work|home/[a-z]+)/(?!$)")
    # Paths in a container file are those of its image.
    texts = [p for p in public_texts() if p.name not in {"Dockerfile", "compose.yaml"}]
    naming = [str(p.relative_to(ROOT)) for p in texts if home.search(p.read_text("utf-8"))]
    assert not naming


def test_make_help_lists_every_target() -> None:
    said = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True)
    listed = [line.split()[0] for line in said.stdout.splitlines()]
    phony = re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.M)
    assert phony is not None
    assert sorted(listed) == sorted(phony.group(1).split())


@pytest.mark.parametrize("target", TARGETS)
def test_make_can_plan_every_target(target: str) -> None:
    planned = subprocess.run(
        ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert planned.returncode == 0, planned.stderr


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "docs/operations.md"])
def test_documents_name_only_targets_and_files_that_exist(document: str) -> None:
    text = (ROOT / document).read_text()
    assert set(re.findall(r"`make ([a-z]+)", text)) <= set(TARGETS)
    linked = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    missing = [link for link in linked if not (ROOT / document).parent.joinpath(link).exists()]
    assert not missing


def test_continuous_integration_runs_the_test_command_of_the_readme() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "make test" in script.read_text()
    assert "make test" in (ROOT / "README.md").read_text()
