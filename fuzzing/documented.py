"""Good and bad requests by the OpenAPI document, made and judged by schemathesis."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.servers import ROOT

SETTINGS = Path(__file__).with_name("schemathesis.toml")
RUNS = ("examples,coverage,fuzzing", "stateful")
"""Phases in runs of their own: after the others the stateful one ends at a tenth of its chains."""

PATIENCE = 600.0
"""Seconds until schemathesis itself is given up."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How schemathesis ended; what it found it has printed."""

    status: int
    cases: int
    seconds: float

    def complaints(self, least: int) -> list[str]:
        """What is wrong with it, if anything."""
        found = [f"schemathesis ended with status {self.status}"] if self.status else []
        if self.cases < least:
            found.append(f"there were fewer than {least} cases")
        return found


def attack(
    port: int, admin_key: str, seed: int, examples: int, runs: Sequence[str] = RUNS
) -> Verdict:
    """Hold the daemon to its document by every check, in single requests and in chains."""
    begun = time.monotonic()
    arguments = (
        *("--config-file", SETTINGS, "run", f"http://127.0.0.1:{port}/api/docs"),
        *("--checks", "all", "--seed", seed, "--max-examples", examples),
    )
    ended = [_run([*map(str, arguments), "--phases", phases], admin_key) for phases in runs]
    return Verdict(
        status=max(status for status, _ in ended),
        cases=sum(cases for _, cases in ended),
        seconds=time.monotonic() - begun,
    )


def _run(arguments: Sequence[str], admin_key: str) -> tuple[int, int]:
    """How schemathesis ended, and how many cases there were."""
    with tempfile.TemporaryDirectory(prefix="fuzz") as directory:
        report = Path(directory) / "report.json"
        command = [sys.executable, "-m", "schemathesis.cli", *arguments]
        ended = subprocess.run(
            [*command, "--report", "json", "--report-json-path", str(report)],
            cwd=ROOT,
            env={**os.environ, "BOOKINGD_ADMIN_KEY": admin_key},
            timeout=PATIENCE,
            check=False,
        )
        return ended.returncode, json.loads(report.read_text())["test_cases"]["generated"]
