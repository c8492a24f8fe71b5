"""Small print that can still be read: python -m tests.bench.bench_recall [--resolution standard|fine|superfine].

Pages of words, four columns of ten, in black, dark grey and grey, sans and serif, of 5 to 8 points, are faxed and read
by tesseract; the figure is the share of words found again, ours and, where it is installed, Ghostscript's.
"""

import argparse
import itertools
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import weasyprint
from PIL import Image

from renderers.document import Document
from renderers.faxpage import FaxShape, Paper, Resolution
from renderers.pdf import make_paged
from renderers.rasterize import rasterize
from tests.bench import ghostscript

FONTS = {"sans": "Liberation Sans", "serif": "Liberation Serif"}
INKS = {"black": "#000", "dark grey": "#595959", "grey": "#888"}
SIZES = (5, 6, 7, 8)
Way = Callable[[Path, Resolution, Path], None]
_TEXT = """
    account agreement amount before between building children clinic company condition contract country customer
    delivery department document doctor during evening examination example family figure following general government
    hospital however important information insurance interest invoice language letter material medicine meeting
    morning number office patient payment people permission personal pharmacy physician possible president problem
    program question receipt referral report request response schedule school security service settlement several
    signature something statement station street student support telephone therapy through together transfer treatment
    university without
"""


def words(seed: int) -> list[str]:
    """Forty words, alike for all who are compared."""
    return random.Random(seed).sample(_TEXT.split(), 40)


def page(font: str, ink: str, size: int, said: list[str], target: Path) -> None:
    """A PDF of the words in four columns."""
    rows = "".join(f"<tr>{''.join(f'<td>{word}' for word in said[n : n + 4])}" for n in range(0, len(said), 4))
    style = f"@page {{ size: A4; margin: 25mm }} td {{ font: {size}pt '{font}'; color: {ink}; padding: 6pt 18pt }}"
    weasyprint.HTML(string=f"<style>{style}</style><table>{rows}</table>").write_pdf(target)


def recall(tiff: Path, resolution: Resolution, said: list[str]) -> float:
    """The share of the words that tesseract finds on the first page of a TIFF."""
    with Image.open(tiff) as image:
        pels = np.asarray(image.convert("L"))
    repeats = {Resolution.STANDARD: (4, 2), Resolution.FINE: (2, 2), Resolution.SUPERFINE: (1, 2)}[resolution]
    large = pels.repeat(repeats[0], 0).repeat(repeats[1], 1)
    picture = tiff.with_suffix(".png")
    Image.fromarray(large).save(picture, dpi=(400, 400))
    command = ["tesseract", str(picture), "-", "--psm", "6"]
    read = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = set(re.findall("[a-z]+", read.lower()))
    return sum(word in found for word in said) / len(said)


def ours(source: Path, resolution: Resolution, target: Path) -> None:
    """The page as we fax it."""
    shape = FaxShape(resolution=resolution, paper=Paper.A4)
    rasterize([make_paged(Document(source, "", source.name), target.parent, shape)], shape, target, 1)


def theirs(source: Path, resolution: Resolution, target: Path) -> None:
    """The page as a fax server with Ghostscript does it."""
    shape = FaxShape(resolution=resolution, paper=Paper.A4)
    size = f"{shape.width}x{shape.paper_rows}"
    subprocess.run(ghostscript.command(source, target, 1, f"204x{resolution.value}", size), check=True)


def found_again(folder: Path, fax: Way, look: tuple[str, str, int], resolution: Resolution) -> float:
    """The recall of one way with one font, ink and size."""
    font, ink, size = look
    said, source = words(size), folder / "words.pdf"
    page(FONTS[font], INKS[ink], size, said, source)
    fax(source, resolution, folder / "words.tif")
    return recall(folder / "words.tif", resolution, said)


def main(arguments: list[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resolution", choices=[one.name.lower() for one in Resolution], default="fine")
    resolution = Resolution[parser.parse_args(arguments).resolution.upper()]
    if shutil.which("tesseract") is None:
        sys.stdout.write("tesseract-ocr is not installed\n")
        return 0
    ways = {"ours": ours, **({"Ghostscript": theirs} if ghostscript.program() else {})}
    sys.stdout.write(f"{'word recall':28}" + "".join(f"{size:>6} pt" for size in SIZES) + "\n")
    with tempfile.TemporaryDirectory() as folder:
        for way, ink, font in itertools.product(ways, INKS, FONTS):
            found = [found_again(Path(folder), ways[way], (font, ink, size), resolution) for size in SIZES]
            sys.stdout.write(f"{way} {ink} {font}"[:28].ljust(28) + "".join(f"{share:9.2f}" for share in found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
