"""The gate itself: its scanners find what they are for, its list of requirements names what is there."""

from __future__ import annotations

import ast
import csv
import importlib.util
import re
import sys
import tomllib
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest
from tests.security.test_outgoing import sources

ROOT = Path(__file__).parents[2]
ASVS = ROOT / "docs" / "security" / "asvs.csv"


def tool(name: str) -> ModuleType:
    """A program of tools/, which is no package."""
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        found = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
        assert found is not None
        assert found.loader is not None
        module = importlib.util.module_from_spec(found)
        found.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(ROOT / "tools"))


PLANTED = {
    "private key": "-----BEGIN EC " + "PRIVATE KEY-----\nMHcCAQEE\n",
    "cloud key": "key = '" + "AKIA" + "IOSFODNN7EXAMPLQ'\n",
    "password": "password = '" + "tr0ub4dor-and-three" + "'\n",
    "database": "url = 'postgresql://shop:" + "Gh7Kq2mZ" + "@db/liushui'\n",
    "random": "KEY = '" + "pX9vQ2mZk7Lr4T" + "nB8wYc3HsJ6dFg1AeU" + "'\n",
}


@pytest.mark.parametrize("what", PLANTED)
def test_the_scan_finds_a_planted_key(tmp_path: Path, what: str) -> None:
    pytest.importorskip("detect_secrets", reason="make security brings it")
    path = tmp_path / "settings_of_somebody.py"
    path.write_text("A = 1\n" + PLANTED[what])
    found = tool("secret_scan").found_secrets([path])
    assert [(each[0].name, each[1]) for each in found][:1] == [(path.name, 2)]


def test_every_value_let_through_has_its_reason() -> None:
    pytest.importorskip("detect_secrets", reason="make security brings it")
    scan = tool("secret_scan")
    assert all(len(reason) > 5 for reason in scan.NOT_SECRETS.values())
    assert len(scan.NOT_SECRETS) < 40


def suite(name: str) -> dict[str, object]:
    return {"cipher_suite": {"name": name}}


def test_a_weak_server_is_seen_in_the_report() -> None:
    pytest.importorskip("detect_secrets", reason="make security brings it")
    weaknesses = tool("security").weaknesses

    def report(**changes: list[str]) -> dict[str, object]:
        accepted = {
            "ssl_2_0": [], "ssl_3_0": [], "tls_1_0": [], "tls_1_1": [],
            "tls_1_2": ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"], "tls_1_3": ["TLS_AES_256_GCM_SHA384"],
        } | changes  # fmt: skip
        result: dict[str, object] = {
            f"{name}_cipher_suites": {"result": {"accepted_cipher_suites": [suite(each) for each in names]}}
            for name, names in accepted.items()
        }
        result["heartbleed"] = {"result": {"is_vulnerable_to_heartbleed": False}}
        result["tls_compression"] = {"result": {"supports_compression": False}}
        paths = [{"was_validation_successful": True}]
        result["certificate_info"] = {"result": {"certificate_deployments": [{"path_validation_results": paths}]}}
        return {"server_scan_results": [{"scan_status": "COMPLETED", "scan_result": result}]}

    assert weaknesses(report()) == []
    assert weaknesses(report(tls_1_1=["TLS_RSA_WITH_AES_128_CBC_SHA"])) == ["tls_1_1 is spoken"]
    assert weaknesses(report(tls_1_2=["TLS_RSA_WITH_AES_128_GCM_SHA256"])) == [
        "tls_1_2 with TLS_RSA_WITH_AES_128_GCM_SHA256"
    ]
    assert weaknesses(report(tls_1_3=[])) == ["tls_1_3 is not spoken"]


def test_bandit_skips_nothing_and_every_exception_has_its_reason() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["bandit"]
    assert settings == {"exclude_dirs": ["tests"]}
    bare = []
    for path in (ROOT / "src" / "liushui").rglob("*.py"):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            has_reason = re.search(r"# nosec B\d{3}(, ?B\d{3})*  # .{9,}", line)
            if re.search(r"#\s*nosec\b", line, re.IGNORECASE) and not has_reason:
                bare.append(f"{path.relative_to(ROOT)}:{number}")
    assert bare == [], "Write `# nosec B608  # why it is none`."


def test_no_process_is_started_through_a_shell() -> None:
    wrong = [
        f"{path}:{node.lineno}"
        for path, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "shell" and isinstance(keyword.value, ast.Constant) and keyword.value.value
    ]
    systems = [
        path for path, tree in sources().items() if "os.system" in ast.unparse(tree) or "os.popen" in ast.unparse(tree)
    ]
    assert wrong + systems == []


def called(names: set[str]) -> list[str]:
    return [
        f"{path}:{node.lineno}"
        for path, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in names
    ]


def test_no_code_is_made_of_data() -> None:
    """But for helpers of backtests: pickles go between this process and its own children, over pipes of their own."""
    found = called({"eval", "exec", "compile", "pickle.loads", "pickle.load", "marshal.loads", "yaml.load"})
    assert [each for each in found if not each.startswith("promotions/backtest_processes.py:")] == []
    assert len(found) == 3


def test_no_weak_hash_is_used() -> None:
    """RFC 6238 codes are HMAC-SHA-1 in every app that shows them; nothing else may be."""
    weak = {
        f"{path}"
        for path, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr.lower() in ("md5", "sha1")
    }
    assert weak <= {"runtime/second_factor.py"}


# The requirements.


def requirements() -> list[dict[str, str]]:
    with ASVS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_requirement_of_both_levels_has_one_row() -> None:
    rows = requirements()
    assert [row["id"] for row in rows if not re.fullmatch(r"V([1-9]|1[0-7])\.\d{1,2}\.\d{1,2}", row["id"])] == []
    assert [name for name, count in Counter(row["id"] for row in rows).items() if count > 1] == []
    assert Counter(row["level"] for row in rows) == {"1": 70, "2": 183}, "as many as ASVS 5.0.0 has of these levels"
    keys = [tuple(map(int, row["id"][1:].split("."))) for row in rows]
    assert keys == sorted(keys)


def test_every_requirement_says_honestly_how_it_stands() -> None:
    wrong = []
    for row in requirements():
        fits = {
            "met": row["applies"] == "yes" and row["evidence"],
            "gap": row["applies"] == "yes" and len(row["note"]) > 5,
            "not_applicable": row["applies"] == "no" and len(row["note"]) > 3 and not row["evidence"],
        }
        if not fits.get(row["status"]) or not row["requirement"]:
            wrong.append(row["id"])
    assert wrong == []


def test_the_evidence_of_every_requirement_is_there() -> None:
    """A test by its name in its file, or a file or folder that is there."""
    missing = []
    for row in requirements():
        if not row["evidence"]:
            continue
        name, _, test = row["evidence"].partition("::")
        path = ROOT / name
        is_there = path.exists() and (not test or f"def {test}(" in path.read_text("utf-8"))
        missing += [] if is_there else [f"{row['id']}: {row['evidence']}"]
    assert missing == []
