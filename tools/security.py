"""The security gate: every step runs, each says how it went, and one that failed fails the whole.

    .venv/bin/python tools/security.py [step …]      # none named: all, in the order below

`make security` sets up what this needs and calls it. docs/security/README.md says what each step proves.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from secret_scan import found_secrets

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / ("Scripts" if os.name == "nt" else "bin")
SBOM = ROOT / "build" / "sbom"
REPORTS = ROOT / "build" / "security"
# Apart from our environment: it asks for a cryptography that is older than the one we lock.
SSLYZE = ("tool", "run", "--from", "sslyze==6.3.1", "sslyze")
STARTED_WITHIN_SECONDS = 60


class Failed(Exception):
    """A step found something, or could not look."""


def bandit() -> str:
    """Patterns in our code that are known to go wrong; a finding that is none carries `# nosec` with its reason."""
    run([BIN / "bandit", "-q", "-c", "pyproject.toml", "-r", "src/liushui"])
    return "no finding"


def ruff() -> str:
    """The same family of patterns as ruff sees them."""
    run([BIN / "ruff", "check", "--select", "S", "--ignore", "S101", "src/liushui"])  # asserts are the type checker's
    return "no finding"


def secrets() -> str:
    """No password, key or token in any file that git keeps."""
    listed = run(["git", "ls-files", "-z"]).split("\0")
    found = found_secrets(ROOT / name for name in listed if name)
    if found:
        raise Failed("\n".join(f"{path.relative_to(ROOT)}:{line}: {kind}" for path, line, kind in found))
    return f"{len(listed) - 1} files"


def sbom() -> str:
    """What we are made of, as CycloneDX, checked against its own schema: build/sbom/python.json and npm.json."""
    SBOM.mkdir(parents=True, exist_ok=True)
    python, npm = SBOM / "python.json", SBOM / "npm.json"
    with tempfile.TemporaryDirectory() as folder:
        # What is installed to run, without what builds and tests: `uv export` says which, cyclonedx-py describes it.
        exported = Path(folder) / "requirements.txt"
        exported.write_text(run([BIN / "uv", "export", "--frozen", "--no-default-groups", "--no-emit-project"]))
        describe = ["--mc-type", "application", "--pyproject", ROOT / "pyproject.toml", "--of", "JSON", "-o", python]
        run([BIN / "cyclonedx-py", "requirements", *describe, exported])
        # npm names components by version and wants one of the project too, which is never published.
        package = json.loads((ROOT / "package.json").read_text("utf-8"))
        (Path(folder) / "package.json").write_text(json.dumps(package | {"version": "0.0.0"}))
        shutil.copy(ROOT / "package-lock.json", folder)
        npm.write_text(run([BIN / "npm", "sbom", "--sbom-format", "cyclonedx", "--package-lock-only"], cwd=folder))
    counts = [_checked_sbom(path) for path in (python, npm)]
    return f"{counts[0]} Python and {counts[1]} npm components"


def _checked_sbom(path: Path) -> int:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    text = path.read_text("utf-8")
    document = json.loads(text)
    problem = JsonStrictValidator(SchemaVersion.from_version(document["specVersion"])).validate_str(text)
    if problem is not None:
        raise Failed(f"{path.name} is not CycloneDX: {problem}")
    nameless = [part["name"] for part in document["components"] if not part.get("version") or not part.get("purl")]
    if nameless or not document["components"]:
        raise Failed(f"{path.name}: without version or address: {nameless or 'nothing at all'}")
    return len(document["components"])


def attacks() -> str:
    """tests/security: everything that an attacker would try first, against the pages and the API."""
    said = run([BIN / "pytest", "tests/security", "-q", "--no-header"], DJANGO_SETTINGS_MODULE="liushui.app.settings")
    return said.strip().splitlines()[-1]


def tls() -> str:
    """The served TLS as sslyze sees it, against Mozilla's intermediate profile; and HSTS on the answer."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    report = REPORTS / "sslyze.json"
    with served() as (port, authority):
        target = f"localhost:{port}"
        scan = [BIN / "uv", *SSLYZE, "--quiet", "--mozilla_config=intermediate", "--certinfo", "--heartbleed"]
        scan += ["--certinfo_ca_file", authority, "--json_out", report, target]
        said = subprocess.run([str(word) for word in scan], cwd=ROOT, capture_output=True, text=True, check=False)
        if not report.exists():
            raise Failed(f"sslyze did not run:\n{said.stdout}{said.stderr}")
        problems = [*weaknesses(json.loads(report.read_text("utf-8"))), *_answer_over_tls(target, authority)]
        if said.returncode != 0:
            problems.append(f"sslyze: not Mozilla's intermediate profile\n{said.stdout}{said.stderr}")
    if problems:
        raise Failed("\n".join(problems))
    return "TLS 1.2 and 1.3 only, as Mozilla's intermediate profile; HSTS"


def weaknesses(report: dict[str, Any]) -> list[str]:
    """What a report of sslyze says against a server; nothing when all is well."""
    [server] = report["server_scan_results"]
    if server["scan_status"] != "COMPLETED":
        return [f"the scan ended as {server['scan_status']}"]
    result = server["scan_result"]
    found = []
    for name in ("ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1"):
        if result[f"{name}_cipher_suites"]["result"]["accepted_cipher_suites"]:
            found.append(f"{name} is spoken")
    for name in ("tls_1_2", "tls_1_3"):
        accepted = result[f"{name}_cipher_suites"]["result"]["accepted_cipher_suites"]
        names = [each["cipher_suite"]["name"] for each in accepted]
        found += [f"{name} with {cipher}" for cipher in names if not _is_strong(cipher)]
        if not names:
            found.append(f"{name} is not spoken")
    if result["heartbleed"]["result"]["is_vulnerable_to_heartbleed"]:
        found.append("Heartbleed")
    if result["tls_compression"]["result"]["supports_compression"]:
        found.append("TLS compression")
    for deployment in result["certificate_info"]["result"]["certificate_deployments"]:
        trusted = [each for each in deployment["path_validation_results"] if each["was_validation_successful"]]
        if not trusted:
            found.append("the certificate does not follow from its authority")
    return found


def _is_strong(cipher: str) -> bool:
    """An authenticated cipher, and in TLS 1.2 with forward secrecy."""
    authenticated = "GCM" in cipher or "CHACHA20_POLY1305" in cipher
    return authenticated and (cipher.startswith(("TLS_ECDHE_", "TLS_AES_", "TLS_CHACHA20_")))


def _answer_over_tls(target: str, authority: Path) -> list[str]:
    context = ssl.create_default_context(cafile=str(authority))
    with urllib.request.urlopen(f"https://{target}/sign-in/", context=context, timeout=20) as answer:
        headers = answer.headers
    policy = headers.get("Strict-Transport-Security", "")
    found = [] if "max-age=31536000" in policy.replace(" ", "") else [f"Strict-Transport-Security: {policy!r}"]
    cookies = headers.get_all("Set-Cookie") or []
    return found + [f"not Secure: {cookie.split('=')[0]}" for cookie in cookies if "; secure" not in cookie.lower()]


@contextmanager
def served() -> Iterator[tuple[int, Path]]:
    """`liushui serve` over TLS in a data folder of its own: (port, authority to trust)."""
    with tempfile.TemporaryDirectory(prefix="liushui-security-") as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        environment = {"LIUSHUI_DATA_DIR": folder, "LIUSHUI_DATABASE_URL": ""}
        keys = Path(folder) / "tls"
        for words in (["migrate"], ["dev-cert", "--folder", keys]):
            run([BIN / "liushui", *words], **environment)
        arguments = ["--without-worker", "--tls-cert", keys / "cert.pem", "--tls-key", keys / "key.pem"]
        log = Path(folder) / "server.log"
        server = subprocess.Popen(
            [str(word) for word in (BIN / "liushui", "serve", "--port", port, *arguments)],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=log.open("w"),
            stderr=subprocess.STDOUT,
        )
        try:
            if not _answers(port, keys / "ca.pem", server):
                raise Failed(f"liushui serve does not answer over TLS:\n{log.read_text()[-2000:]}")
            yield port, keys / "ca.pem"
        finally:
            server.terminate()
            server.wait(30)


def _answers(port: int, authority: Path, server: subprocess.Popen[bytes]) -> bool:
    context = ssl.create_default_context(cafile=str(authority))
    until = time.monotonic() + STARTED_WITHIN_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(f"https://localhost:{port}/healthz", context=context, timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    return False


def run(command: list[Any], *, cwd: str | Path = ROOT, **environment: str) -> str:
    """What a command printed; raises Failed with it when the command failed."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Failed(done.stdout + done.stderr)
    return done.stdout


STEPS: tuple[Callable[[], str], ...] = (bandit, ruff, secrets, sbom, tls, attacks)


def main() -> None:
    """Run the steps named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = {step.__name__: step for step in STEPS}
    parser.add_argument("steps", nargs="*", metavar="step", help=", ".join(names))
    chosen = parser.parse_args().steps or list(names)
    unknown = sorted(set(chosen) - set(names))
    if unknown:
        parser.error(f"no such step: {', '.join(unknown)}")
    failed = []
    for name in chosen:
        started = time.monotonic()
        print(f"  {name} …", end=" ", flush=True)
        try:
            said = names[name]()
        except Failed as error:
            failed.append(name)
            said = f"FAILED\n{error}"
        print(f"{said}   ({time.monotonic() - started:.1f} s)", flush=True)
    if failed:
        print(f"\nThe security gate is shut: {', '.join(failed)}. See docs/security/README.md.", file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    main()
