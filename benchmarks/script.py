"""A peer: what a careful script does that has the new files at hand. It replaces each in one step,
as sipctl does, and commits them: `python script.py FOLDER`, in the workspace.
"""

import os
import subprocess
import sys
from pathlib import Path

for file in Path(sys.argv[1]).iterdir():
    target = Path("endpoints", file.name)
    waiting = target.with_suffix(".new")
    waiting.write_bytes(file.read_bytes())
    os.replace(waiting, target)
subprocess.run(["git", "add", "endpoints"], check=True)
subprocess.run(["git", "commit", "--quiet", "--message=Change many"], check=True)
