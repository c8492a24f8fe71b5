"""Pictures that claim or hold far more than their few octets: made here, never kept."""

import io
import struct
import zlib
from collections.abc import Callable, Mapping

from PIL import Image, PngImagePlugin


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _png(width: int, height: int, colors: int, rows: bytes, *more: tuple[bytes, bytes]) -> bytes:
    """A PNG with 8 bits a sample; `colors` as its header counts them (PNG 11.2.2)."""
    head = struct.pack(">IIBBBBB", width, height, 8, colors, 0, 0, 0)
    parts = [(b"IHDR", head), *more, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def more_pixels_than_any_limit() -> bytes:
    """A PNG of 3.6 thousand million pixels, a few rows of which are there."""
    return _png(60_000, 60_000, 0, bytes(60_001 * 50))


def more_memory_than_a_converter_has() -> bytes:
    """A PNG just below the limit of pixels, with four octets each."""
    return _png(19_900, 19_900, 6, bytes(79_601 * 50))


def words_that_grow() -> bytes:
    """A PNG whose compressed comment and color profile unfold to 200 MB each."""
    grown = zlib.compress(bytes(200 << 20))
    more = [(b"zTXt", b"Comment\0\0" + grown), (b"iCCP", b"profile\0\0" + grown)]
    return _png(100, 100, 0, bytes(101 * 100), *more)


def gif_of_the_largest_size() -> bytes:
    screen = struct.pack("<HHBBB", 65535, 65535, 0x80, 0, 0) + bytes(6)
    return b"GIF89a" + screen + b"," + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0) + b"\x02\x02\x44\x01\x00;"


def gif_of_many_frames() -> bytes:
    frames = [Image.new("L", (64, 64), shade % 256) for shade in range(3000)]
    out = io.BytesIO()
    frames[0].save(out, "gif", save_all=True, append_images=frames[1:])
    return out.getvalue()


def _tiff(width: int, height: int, compression: int, strip: bytes, following: int = 0) -> bytes:
    """A little-endian TIFF of one strip; `following` is where its next page is said to be."""
    rows = [
        (256, 4, width), (257, 4, height), (258, 3, 1), (259, 3, compression), (262, 3, 0), (273, 4, 200),
        (277, 3, 1), (278, 4, height), (279, 4, len(strip)),
    ]  # fmt: skip
    table = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in rows)
    head = b"II*\0" + struct.pack("<IH", 8, len(rows)) + table + struct.pack("<I", following)
    return head.ljust(200, b"\0") + strip


def tiff_of_vast_size() -> bytes:
    return _tiff(200_000, 200_000, 4, b"\0\x10\x01\0\x10\x01")


def tiff_of_large_white_pages() -> bytes:
    """13000 by 13000 pels of white in G4, a bit each row: ordinary to read, 20 MB to hold."""
    return _tiff(13_000, 13_000, 4, b"\xff" * 1625 + b"\0\x10\x01\0\x10\x01")


def tiff_that_unfolds() -> bytes:
    """A deflated strip of 400 MB."""
    return _tiff(60_000, 53_000, 8, zlib.compress(bytes(60_000 // 8 * 53_000)))


def tiff_whose_next_page_is_itself() -> bytes:
    return _tiff(1728, 100, 4, b"\xff" * 13 + b"\0\x10\x01\0\x10\x01", following=8)


def bmp_of_vast_size() -> bytes:
    size = struct.pack("<IiiHHIIiiII", 40, 2**31 - 1, 2**31 - 1, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + 10, 0, 0, 54) + size + bytes(10)


def bmp_of_runs() -> bytes:
    """Run lengths for 20000 by 15000 pixels, of which the last is set at once by "delta"."""
    size = struct.pack("<IiiHHIIiiII", 40, 20_000, 15_000, 1, 8, 1, 0, 0, 0, 256, 0)
    moves = b"\0\2\xff\xff" * 58 + b"\0\1"
    return b"BM" + struct.pack("<IHHI", 1078 + len(moves), 0, 0, 1078) + size + bytes(1024) + moves


def webp_of_the_largest_size() -> bytes:
    """A lossless WebP of 16383 by 16383 pixels of one color, made of its bits (RFC 9649, 3)."""
    out = io.BytesIO()
    Image.new("RGB", (16, 16), "gray").save(out, "webp", lossless=True)
    content = bytearray(out.getvalue())
    start = content.index(b"VP8L") + 9
    bits = int.from_bytes(content[start : start + 4], "little") & ~0xFFFFFFF
    content[start : start + 4] = (bits | 16382 | 16382 << 14).to_bytes(4, "little")
    return bytes(content)


def jpeg_of_many_scans() -> bytes:
    """A progressive JPEG that goes over all of its pixels again 400 times."""
    out = io.BytesIO()
    Image.new("L", (6000, 6000), 128).save(out, "jpeg", progressive=True, quality=30)
    content = out.getvalue()
    starts = [at for at in range(len(content) - 1) if content[at : at + 2] == b"\xff\xda"]
    last = content[starts[-1] : -2]
    return content[: starts[-1]] + last * 400 + b"\xff\xd9"


def jpeg_of_the_largest_size() -> bytes:
    out = io.BytesIO()
    Image.new("L", (64, 64)).save(out, "jpeg")
    content = bytearray(out.getvalue())
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = struct.pack(">HH", 65_500, 65_500)
    return bytes(content)


def apng_of_many_frames() -> bytes:
    frames = [Image.new("L", (64, 64), shade % 256) for shade in range(500)]
    out = io.BytesIO()
    frames[0].save(out, "png", save_all=True, append_images=frames[1:], pnginfo=PngImagePlugin.PngInfo())
    return out.getvalue()


PICTURES: Mapping[str, Callable[[], bytes]] = {
    f"{kind}-{make.__name__}": make
    for kind, make in (
        ("png", more_pixels_than_any_limit), ("png", more_memory_than_a_converter_has), ("png", words_that_grow),
        ("png", apng_of_many_frames), ("gif", gif_of_the_largest_size), ("gif", gif_of_many_frames),
        ("tif", tiff_of_vast_size), ("tif", tiff_of_large_white_pages), ("tif", tiff_that_unfolds),
        ("tif", tiff_whose_next_page_is_itself), ("bmp", bmp_of_vast_size), ("bmp", bmp_of_runs),
        ("webp", webp_of_the_largest_size), ("jpg", jpeg_of_many_scans), ("jpg", jpeg_of_the_largest_size),
    )
}  # fmt: skip
