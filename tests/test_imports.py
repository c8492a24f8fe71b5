"""The directions of the house: import-linter's contracts, which stand in pyproject.toml."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
CONTRACTS = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
LINT = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command(sys.argv[1:])"


def lint(*arguments: str, folder: Path = TOP) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", LINT, "--no-cache", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_every_contract_is_kept() -> None:
    done = lint()

    assert done.returncode == 0, done.stdout
    assert f"Contracts: {len(CONTRACTS)} kept, 0 broken." in done.stdout


def test_a_package_of_the_gateway_without_a_place_in_the_layers_is_an_error() -> None:
    layers = next(contract for contract in CONTRACTS if contract.get("containers") == ["gateway"])

    assert layers["exhaustive"] is True


def test_no_contract_is_bent() -> None:
    assert [contract["name"] for contract in CONTRACTS if "ignore_imports" in contract] == []


@pytest.mark.parametrize(
    ("upper", "lower"), [("cli", "app"), ("app", "flows"), ("flows", "store"), ("flows", "mail"), ("store", "domain")]
)
def test_an_import_upward_is_found(tmp_path: Path, upper: str, lower: str) -> None:
    """The contract bites: a small house with one import the wrong way round is refused."""
    layers = next(contract["layers"] for contract in CONTRACTS if contract.get("containers") == ["gateway"])
    names = [name for layer in layers for name in layer.split(" | ")]
    (tmp_path / "gateway").mkdir()
    (tmp_path / "gateway" / "__init__.py").touch()
    for name in names:
        wrong = f"import gateway.{upper}\n" if name == lower else ""
        (tmp_path / "gateway" / f"{name}.py").write_text(wrong)
    quoted = ", ".join(f'"{layer}"' for layer in layers)
    contract = f'name = "layers"\ntype = "layers"\ncontainers = ["gateway"]\nlayers = [{quoted}]\n'
    (tmp_path / "pyproject.toml").write_text(
        f'[tool.importlinter]\nroot_package = "gateway"\n[[tool.importlinter.contracts]]\n{contract}'
    )

    done = lint(folder=tmp_path)

    assert done.returncode == 1
    assert f"gateway.{lower} -> gateway.{upper}" in done.stdout
