"""Rendering for the bench of the queue: a page that is there already, and so much processor time as is wanted."""

import shutil
import time
from pathlib import Path


def burn(page: Path, folder: Path, seconds: float) -> Path:
    """Work for so long on the processor, and leave the page in the folder."""
    end = time.process_time() + seconds
    made = folder / "pages.tif"
    shutil.copyfile(page, made)
    while time.process_time() < end:
        pass
    return made
