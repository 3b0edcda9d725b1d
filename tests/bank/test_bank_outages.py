"""Servers that deny, fail, or are gone: what is said, and that nothing is half-done."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from sqlalchemy import text

from medsynth_aug.bank import SampleBank
from medsynth_aug.errors import BankError, BankReadOnlyError, BankUnreachableError
from tests.bank.backends import free_port, s3_configured
from tests.bank.material import assert_same, radiograph, sample
from tests.postgres import Cluster


@contextmanager
def answering(status: int, code: str) -> Iterator[str]:
    """Endpoint of an S3 server that answers every request with one error."""
    body = f"<Error><Code>{code}</Code><Message>{code} it is</Message></Error>".encode()

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # clients ask first whether they may send a body

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = answer

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("backend", ["sqlite+s3"])
@pytest.mark.parametrize(
    ("status", "code", "error", "message"),
    [
        (403, "AccessDenied", BankReadOnlyError, r"is denied .*check the store's credentials"),
        (404, "NoSuchBucket", BankError, r"s3://bank-.*/project.* has no such bucket .*create it"),
        (
            500,
            "InternalError",
            BankError,
            r"Internal.*the store itself failed, try again later",
        ),
        (501, "NotImplemented", BankError, r"the store itself failed, try again later"),
    ],
)
def test_what_an_object_store_answers_is_named_and_nothing_is_recorded(
    bank: SampleBank, status: int, code: str, error: type[BankError], message: str, backend: str
) -> None:
    made = sample()
    with answering(status, code) as endpoint, s3_configured(endpoint):
        during = SampleBank(bank.path)
        for write in (lambda: during.add(made), lambda: during.put_source(radiograph())):
            with pytest.raises(error, match=message) as caught:
                write()
            assert type(caught.value) is error
        with pytest.raises(error, match=message):
            during._pixels.read(made.digest)
        with pytest.raises(error, match=message):
            during.verify()
        during.close()
    assert bank.digests() == []


def test_an_object_store_that_is_not_there_is_named_before_a_new_bank_begins(tmp_path: Path) -> None:
    with (
        s3_configured(f"http://127.0.0.1:{free_port()}"),
        pytest.raises(BankUnreachableError, match=r"s3://bucket/x/.* cannot be reached .*endpoint"),
    ):
        SampleBank(tmp_path / "bank", pixels="s3://bucket/x", real_pixels_may_leave=True)


@pytest.mark.parametrize("backend", ["sqlite+s3"])
def test_a_sample_survives_an_outage_of_the_store(bank: SampleBank, backend: str) -> None:
    first, second = sample(1), sample(2)
    bank.add(first)
    with s3_configured(f"http://127.0.0.1:{free_port()}"):
        during = SampleBank(bank.path)
        with pytest.raises(BankUnreachableError):
            during.get(first.digest)
        with pytest.raises(BankUnreachableError):
            during.add(second)
        during.close()
    bank.add(second)
    for made in (first, second):
        assert_same(bank.get(made.digest), made)
    assert bank.verify() == []


@pytest.mark.postgres
@pytest.mark.parametrize("backend", ["postgres+files"])
class TestPostgres:
    """What a database server may do to a bank."""

    def test_a_restart_of_the_server_is_survived(self, bank: SampleBank, cluster: Cluster) -> None:
        first, second = sample(1), sample(2)
        bank.add(first)
        cluster.restart()
        bank.add(second)
        cluster.restart()
        assert len(bank) == 2
        assert_same(bank.get(first.digest), first)

    def test_a_connection_that_is_cut_in_a_transaction_is_made_anew(self, bank: SampleBank) -> None:
        tries = []

        def cut_once(connection) -> int:  # type: ignore[no-untyped-def]
            tries.append(1)
            if len(tries) == 1:
                own = connection.execute(text("SELECT pg_backend_pid()")).scalar()
                with bank._database.reading() as other:
                    other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": own})
            return int(connection.execute(text("SELECT 7")).scalar())

        assert bank._database.transact(cut_once) == 7
        assert len(tries) == 2

    def test_a_first_try_that_had_counted_keeps_its_pixels(self, bank: SampleBank) -> None:
        made, transact = sample(), bank._database.transact

        def twice(body):  # type: ignore[no-untyped-def]
            transact(body)
            return transact(body)

        bank._database.transact = twice  # type: ignore[method-assign]
        bank.add(made)
        assert_same(bank.get(made.digest), made)

    def test_neighbours_that_lock_each_other_out_are_tried_again(self, bank: SampleBank) -> None:
        order, barrier = [("a", "b"), ("b", "a")], threading.Barrier(2)
        for name in ("a", "b"):
            bank.put_anatomy(f"real:{name}", "m", sample().mask)

        def cross(names: tuple[str, str]) -> None:
            tries: list[int] = []

            def body(connection) -> None:  # type: ignore[no-untyped-def]
                tries.append(1)
                for name in names:
                    connection.execute(text(f"UPDATE anatomies SET model = 'n' WHERE source = 'real:{name}'"))
                    if len(tries) == 1 and name == names[0]:
                        barrier.wait(20)

            bank._database.transact(body)

        threads = [threading.Thread(target=cross, args=(names,)) for names in order]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        with bank._database.reading() as connection:
            assert set(connection.execute(text("SELECT model FROM anatomies")).scalars()) == {"n"}

    def test_a_user_who_may_not_write_is_named(self, bank: SampleBank, tmp_path: Path) -> None:
        made = sample()
        bank.add(made)
        with bank._database.writing() as connection:
            connection.execute(text("DROP ROLE IF EXISTS reader"))
            connection.execute(text("CREATE ROLE reader LOGIN"))
            schema = connection.execute(text("SELECT current_schema()")).scalar()
            connection.execute(text(f'GRANT USAGE ON SCHEMA "{schema}" TO reader'))
            connection.execute(text(f'GRANT SELECT ON ALL TABLES IN SCHEMA "{schema}" TO reader'))
        records = re.sub("//postgres@", "//reader@", str(bank._places.records))
        reader = SampleBank(tmp_path / "reader", records=records, pixels=f"file://{bank.path}")
        assert_same(reader.get(made.digest), made)
        with pytest.raises(BankReadOnlyError, match=r"permission denied .*a user who may"):
            reader.add(sample(2))
        prefixes = [reader._pixels.files(prefix) for prefix in reader._pixels.prefixes()]
        assert sum(map(len, prefixes)) == 1, "the pixels of the sample that was not recorded stayed"
        reader.close()
        with bank._database.writing() as connection:
            connection.execute(text("DROP OWNED BY reader"))

    def test_a_server_without_that_database_is_named(
        self, bank: SampleBank, tmp_path: Path, backend: str
    ) -> None:
        records = str(bank._places.records).replace("/postgres?", "/nowhere?")
        with pytest.raises(BankUnreachableError, match=r'database "nowhere" does not exist'):
            SampleBank(tmp_path / "other", records=records)
