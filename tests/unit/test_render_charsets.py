"""Letters in the charsets of the world, declared rightly, wrongly and not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderers.charsets import charset_of, decode, known, wide
from renderers.writing import naturalness

RUSSIAN = "Уважаемый господин Иванов! Направляем вам счёт за услуги связи.\nС уважением, бухгалтерия"
JAPANESE = "拝啓 時下ますますご清栄のこととお慶び申し上げます。\n請求書をお送りいたします。"
SIMPLE = "尊敬的客户：您好！随函附上本月发票，请查收。\n谢谢合作。"
TRADITIONAL = "尊敬的客戶：您好！隨函附上本月發票，請查收。\n謝謝合作。"
KOREAN = "안녕하세요. 이번 달 청구서를 첨부합니다.\n감사합니다."
GERMAN = "Sehr geehrte Frau Müller,\nanbei die Rechnung über 50 €. Viele Grüße"
FRENCH = "Cher Monsieur, veuillez trouver ci-joint la facture. À bientôt, Hélène"
CZECH = "Vážený pane Novák, v příloze zasíláme fakturu. Děkujeme, Řehoř"
POLISH = "Zażółć gęślą jaźń: załączamy fakturę"
DANISH = "Kære hr. Sørensen, vedlagt følger fakturaen på 50 kr."
GREEK = "Αγαπητέ κύριε, σας αποστέλλουμε το τιμολόγιο."
HEBREW = "שלום רב, מצורפת החשבונית לחודש זה. תודה"
ARABIC = "السيد المحترم، نرسل لكم الفاتورة لهذا الشهر. مع الشكر"
THAI = "เรียน ลูกค้าที่เคารพ ใบแจ้งหนี้แนบมาด้วย"
LETTERS = [
    (RUSSIAN, "koi8-r"), (RUSSIAN, "cp1251"), (RUSSIAN, "utf-16-be"), (JAPANESE, "cp932"), (JAPANESE, "euc_jp"),
    (JAPANESE, "iso2022_jp"), (SIMPLE, "gb18030"), (TRADITIONAL, "big5"), (KOREAN, "euc_kr"), (GERMAN, "cp1252"),
    (GERMAN, "utf-16-le"), (FRENCH, "latin-1"), (FRENCH, "mac-roman"), (CZECH, "cp1250"), (CZECH, "iso8859-2"),
    (POLISH, "cp1250"), (DANISH, "latin-1"), (GREEK, "cp1253"), (HEBREW, "cp1255"), (ARABIC, "cp1256"),
    (THAI, "cp874"),
]  # fmt: skip
IDS = [f"{charset}-{number}" for number, (_, charset) in enumerate(LETTERS)]


@pytest.mark.parametrize(("text", "charset"), LETTERS, ids=IDS)
def test_a_letter_without_a_charset_is_read(text: str, charset: str) -> None:
    assert decode(text.encode(charset)) == text


@pytest.mark.parametrize(("text", "charset"), LETTERS, ids=IDS)
def test_what_is_declared_is_believed(text: str, charset: str) -> None:
    assert decode(text.encode(charset), charset) == text


@pytest.mark.parametrize("declared", ["us-ascii", "iso-8859-1", "windows-1252", "utf-8", "unknown-8bit"])
@pytest.mark.parametrize(
    ("text", "charset"), [(RUSSIAN, "koi8-r"), (RUSSIAN, "utf-8"), (JAPANESE, "euc_jp"), (SIMPLE, "gb18030")]
)
def test_a_wrong_charset_is_not_believed(text: str, charset: str, declared: str) -> None:
    assert decode(text.encode(charset), declared) == text


def test_a_few_signs_do_not_outweigh_what_is_declared() -> None:
    assert decode("№ 5".encode("cp1251"), "windows-1251") == "№ 5"
    assert decode("Řehoř".encode("cp1250"), "windows-1250") == "Řehoř"


@pytest.mark.parametrize(
    ("said", "content", "text"),
    [
        ("iso-8859-1", b"50 \x80 \x96 caf\xe9", "50 € – café"),  # what browsers read
        ("gb2312", "镕基".encode("gbk"), "镕基"),
        ("ks_c_5601-1987", "똠방각하".encode("cp949"), "똠방각하"),
    ],
)
def test_a_name_means_what_senders_mean_by_it(said: str, content: bytes, text: str) -> None:
    assert decode(content, said) == text


@pytest.mark.parametrize("content", [b"\0\1\2\3" * 200, bytes(range(256)) * 4, b"\0" * 400, b"MZ\0\0\x03\0\0\0", b""])
def test_octets_are_no_wide_text(content: bytes) -> None:
    assert wide(content) == ""


def test_codecs_that_are_no_charsets_are_unknown() -> None:
    assert [known(name) for name in ("base64", "rot13", "zlib", "idna\0", "x-none", "")] == [""] * 6


def test_plain_words_are_natural_and_rubbish_is_not() -> None:
    assert naturalness("plain words") == 1
    assert naturalness(GERMAN) > 0.8 > 0 > naturalness("\x81\x8d\x90")


@given(st.binary(max_size=300), st.sampled_from(["", "utf-8", "utf-16", "utf-7", "cp932", "base64", "x", "utf-32"]))
def test_no_octets_fail(content: bytes, charset: str) -> None:
    assert isinstance(decode(content, charset), str)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff\x1b"), max_size=100))
def test_utf8_is_always_recognized(text: str) -> None:
    assert charset_of(text.encode()) == "utf-8"
    assert decode(text.encode()) == text
