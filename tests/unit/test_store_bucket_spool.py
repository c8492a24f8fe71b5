"""A spool before a bucket: every content is here and there, and what is away is fetched and not believed blindly."""

import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.domain.errors import NotFoundError, UnavailableError, UsageError
from gateway.store.bucket import Bucket, Credentials, read_credentials, split_url
from gateway.store.bucket_spool import BucketSpool
from gateway.store.spool import KEPT_SECONDS, Spool
from gateway.store.spools import SpoolPlace, open_spool
from tests.buckets import KEY_ID, SECRET, ObjectStore, object_store

pytestmark = pytest.mark.slow  # a server is started
CONTENT = b"%PDF-1.7 and so on"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
PREFIX = DIGEST[:2]
LATER = datetime.now(UTC).timestamp() + 7200  # a suite may take its time


@pytest.fixture(scope="module")
def server() -> Iterator[ObjectStore]:
    with object_store() as running:
        yield running


@pytest.fixture
def bucket(server: ObjectStore) -> Bucket:
    return server.bucket(uuid.uuid4().hex)


@pytest.fixture
def spool(bucket: Bucket, tmp_path: Path) -> BucketSpool:
    return BucketSpool(tmp_path / "here", bucket)


@pytest.fixture
def elsewhere(bucket: Bucket, tmp_path: Path) -> BucketSpool:
    """The spool of another machine."""
    return BucketSpool(tmp_path / "there", bucket)


@pytest.fixture
def cut_off(tmp_path: Path) -> BucketSpool:
    """A spool whose object store is not there."""
    away = Bucket("s3://faxes", Credentials(KEY_ID, SECRET), "http://127.0.0.1:9", "us-east-1")
    return BucketSpool(tmp_path / "cut-off", away)


def put_bytes(spool: Spool) -> str:
    return spool.put_bytes(CONTENT)


def put_file(spool: Spool) -> str:
    streamed = spool.incoming / "mail"
    streamed.write_bytes(CONTENT)
    return spool.put_file(streamed)


def put_synced(spool: Spool) -> str:
    streamed = spool.incoming / "mail"
    streamed.write_bytes(CONTENT)
    spool.put_synced(streamed, DIGEST)
    return DIGEST


def put_copy(spool: Spool) -> str:
    source = spool.incoming.parent / "sent.tif"
    source.write_bytes(CONTENT)
    return spool.put_copy(source)


every_way = pytest.mark.parametrize("put", [put_bytes, put_file, put_synced, put_copy])
Put = Callable[[Spool], str]


def local_copy(spool: Spool) -> Path:
    return spool.incoming.parent / "contents" / PREFIX / DIGEST


@every_way
def test_what_one_machine_keeps_another_finds(spool: BucketSpool, elsewhere: BucketSpool, put: Put) -> None:
    assert put(spool) == DIGEST

    assert elsewhere.exists(DIGEST)
    assert elsewhere.path(DIGEST).read_bytes() == CONTENT
    assert list(elsewhere.digests()) == list(elsewhere.digests(PREFIX)) == [DIGEST]
    assert list(elsewhere.digests("zz")) == []


@every_way
def test_a_bucket_that_is_away_is_told_before_anything_is_promised(cut_off: BucketSpool, put: Put) -> None:
    with pytest.raises(UnavailableError, match="cannot be written") as caught:
        put(cut_off)

    assert str(caught.value.reply) == "451 4.3.1 mail cannot be kept now; try again later"


def test_what_is_here_is_read_while_the_bucket_is_away(cut_off: BucketSpool) -> None:
    with pytest.raises(UnavailableError):
        cut_off.put_bytes(CONTENT)

    assert cut_off.path(DIGEST).read_bytes() == CONTENT
    with pytest.raises(UnavailableError, match="cannot be read"):
        cut_off.path("ab" * 32)


def test_what_was_fetched_is_not_fetched_again(elsewhere: BucketSpool, spool: BucketSpool, bucket: Bucket) -> None:
    spool.put_bytes(CONTENT)
    first = elsewhere.path(DIGEST)
    bucket.delete(f"contents/{PREFIX}/{DIGEST}")

    assert elsewhere.path(DIGEST) == first
    assert first.read_bytes() == CONTENT


def test_a_damaged_copy_is_not_handed_out(spool: BucketSpool, bucket: Bucket, tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"something else")
    bucket.put(f"contents/{PREFIX}/{DIGEST}", tmp_path / "other")

    with pytest.raises(UnavailableError, match="damaged"):
        spool.path(DIGEST)

    assert not local_copy(spool).exists()
    assert list(spool.incoming.iterdir()) == []
    assert not spool.check(DIGEST)


def test_what_is_nowhere_is_not_found(spool: BucketSpool) -> None:
    assert not spool.exists(DIGEST)
    with pytest.raises(NotFoundError):
        spool.path(DIGEST)
    with pytest.raises(NotFoundError):
        spool.check(DIGEST)


def test_a_whole_content_passes_the_check(spool: BucketSpool) -> None:
    spool.put_bytes(CONTENT)

    assert spool.check(DIGEST)


def test_a_deleted_content_is_gone_here_and_there(spool: BucketSpool, elsewhere: BucketSpool) -> None:
    spool.put_bytes(CONTENT)

    spool.delete(DIGEST)
    spool.delete(DIGEST)

    assert not spool.exists(DIGEST)
    assert not elsewhere.exists(DIGEST)


def test_what_was_put_aside_comes_back_when_it_is_asked_for(spool: BucketSpool, elsewhere: BucketSpool) -> None:
    spool.put_bytes(CONTENT)

    assert spool.retire(DIGEST, LATER)
    assert list(spool.digests()) == []
    assert list(spool.retired(PREFIX, LATER)) == [DIGEST]

    assert elsewhere.path(DIGEST).read_bytes() == CONTENT
    assert list(spool.digests()) == [DIGEST]


def test_what_was_put_aside_and_is_forgotten_is_gone(spool: BucketSpool) -> None:
    spool.put_bytes(CONTENT)
    spool.retire(DIGEST, LATER)

    spool.forget(DIGEST)

    assert list(spool.retired(PREFIX, LATER)) == []
    with pytest.raises(NotFoundError):
        spool.path(DIGEST)


def test_what_is_young_is_not_put_aside(spool: BucketSpool) -> None:
    spool.put_bytes(CONTENT)

    assert list(spool.old(PREFIX, LATER - 10_800)) == []
    assert not spool.retire(DIGEST, LATER - 10_800)
    assert not spool.retire("ab" * 32, LATER)
    assert list(spool.old(PREFIX, LATER)) == [DIGEST]


def test_an_idle_copy_is_dropped_and_one_that_is_read_is_not(spool: BucketSpool) -> None:
    spool.put_bytes(CONTENT)
    os.utime(local_copy(spool), (0, 0))
    spool.path(DIGEST)
    assert list(spool.old(PREFIX, LATER)) == [DIGEST]
    assert local_copy(spool).exists()

    list(spool.old(PREFIX, LATER + KEPT_SECONDS))

    assert not local_copy(spool).exists()
    assert spool.path(DIGEST).read_bytes() == CONTENT


def test_what_is_here_alone_is_swept_once_it_is_old(spool: BucketSpool, elsewhere: BucketSpool) -> None:
    spool.put_bytes(CONTENT)
    elsewhere.path(DIGEST)
    spool.delete(DIGEST)  # by one machine, whose sweep does not see the other's copy
    young = datetime.now(UTC).timestamp() - 3600

    assert list(elsewhere.old(PREFIX, young)) == []
    assert not elsewhere.retire(DIGEST, young)
    assert list(elsewhere.old(PREFIX, LATER)) == [DIGEST]
    assert elsewhere.retire(DIGEST, LATER)

    assert not local_copy(elsewhere).exists()


def test_large_contents_go_in_parts(spool: BucketSpool, elsewhere: BucketSpool) -> None:
    content = os.urandom(1 << 20) * 12

    digest = spool.put_bytes(content)

    assert elsewhere.path(digest).read_bytes() == content


def test_a_bucket_that_is_not_there_is_named(server: ObjectStore, tmp_path: Path) -> None:
    missing = Bucket("s3://missing", Credentials(KEY_ID, SECRET), server.endpoint, "us-east-1")

    with pytest.raises(UnavailableError, match="no bucket missing"):
        BucketSpool(tmp_path, missing).put_bytes(CONTENT)


def test_credentials_are_told_to_nobody(cut_off: BucketSpool) -> None:
    with pytest.raises(UnavailableError) as caught:
        cut_off.put_bytes(CONTENT)

    credentials = Credentials(KEY_ID, SECRET, "token")
    for text in (caught.value.text, repr(cut_off.__dict__), repr(credentials)):
        assert KEY_ID not in text
        assert SECRET not in text
    assert credentials.struck_out(f"{KEY_ID}:{SECRET} {Credentials().struck_out('token')}") == "***:*** ***"


def test_credentials_come_from_a_file_or_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    file.write_text(f"[default]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}%%\n")

    assert read_credentials(file, {}) == Credentials(KEY_ID, f"{SECRET}%%")
    assert read_credentials(None, {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}) == Credentials("a", "b")
    assert read_credentials(None, {}) == Credentials()


def test_credentials_that_ran_out_are_taken_up_anew(tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    text = f"[default]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\naws_session_token = "
    file.write_text(f"{text}first\n")
    bucket = Bucket("s3://faxes", read_credentials(file), "http://127.0.0.1:9", "us-east-1", file)

    for written, known in (("[default]\n", "first"), (f"{text}second\n", "second")):
        file.write_text(written)
        os.utime(file, ns=(0, len(written)))  # two writes may fall into one tick of the file system's clock
        assert bucket._store.config.get("session_token") == known


@pytest.mark.parametrize("text", ["", "[other]\n", "[default]\naws_access_key_id = x\n", "no section", "\udcff"])
def test_a_file_without_credentials_is_refused_without_quoting_it(tmp_path: Path, text: str) -> None:
    file = tmp_path / "credentials"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))

    with pytest.raises(UsageError, match="default"):
        read_credentials(file, {})


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="missing"):
        read_credentials(tmp_path / "missing", {})


@pytest.mark.parametrize(
    "url", ["", "bucket", "http://bucket", "s3://", "s3:///prefix", "s3://key:secret@bucket", "s3://b?x=1"]
)
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(UsageError, match="s3://BUCKET"):
        split_url(url)


def test_the_spool_is_what_the_settings_ask_for(tmp_path: Path, server: ObjectStore) -> None:
    credentials = tmp_path / "credentials"
    credentials.write_text(f"[default]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n")
    prefix = uuid.uuid4().hex

    near = open_spool(SpoolPlace(tmp_path))
    far = open_spool(SpoolPlace(tmp_path / "b", f"s3://faxes/{prefix}", server.endpoint, "us-east-1", credentials))

    assert type(near) is Spool
    far.put_bytes(CONTENT)
    assert server.bucket(prefix).age(f"contents/{PREFIX}/{DIGEST}") is not None
