"""README shows what the first command really prints."""

import os
import re
import subprocess
import sys
from pathlib import Path

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
