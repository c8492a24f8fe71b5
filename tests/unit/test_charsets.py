"""Bytes to text."""

from renderers.charsets import decode


def test_signs_of_vendors_in_iso_2022_jp_do_not_spoil_the_text_around_them() -> None:
    content = "日本語".encode("iso2022_jp") + b" \x1b$B-!\x1b(B end"
    assert decode(content, "iso-2022-jp") == "日本語 \u2460 end"
