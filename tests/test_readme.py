"""README shows what the first command really prints."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_the_output_in_the_readme_is_the_quickstarts(tmp_path):
    shown = re.search(r"```text\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert shown is not None
    ran = subprocess.run(
        [sys.executable, str(ROOT / "notebooks" / "quickstart.py")],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        check=True,
    )
    # Run elsewhere, the pictures go to another folder.
    assert ran.stdout.replace("written to output", "written to notebooks/output") == shown[1]
    assert {p.name for p in (tmp_path / "output").iterdir()} == {"calibration.png", "tracking.png", "rfm.png"}


@pytest.mark.filterwarnings("ignore:GammaGamma leaves out customers:customer_value.DataWarning")
def test_the_code_in_the_readme_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for code in re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL):
        exec(code, names)
    assert {"clv_lower", "segment", "cluster_reason", "tier_reason"} <= set(names["graded"])
    assert names["targets"]["target"].any()
