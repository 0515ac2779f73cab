"""A console of two web replicas and two workers, with a mail server, for fault injection."""

from collections.abc import Iterator

import pytest

from tests.faults.load import Acks
from tests.processes import Cluster, cluster
from tests.sinks import MailSink

pytest.register_assert_rewrite("tests.faults.check")  # so that it says what is missing


@pytest.fixture(scope="module")
def sink() -> Iterator[MailSink]:
    with MailSink() as running:
        yield running


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory, sink: MailSink) -> Iterator[Cluster]:
    """A database and a Redis, and nothing that runs on them yet."""
    with cluster(tmp_path_factory.mktemp("faults"), SMTP_URL=sink.url, STREAM_MAXLEN="1000000") as running:
        yield running


@pytest.fixture
def acks(stores: Cluster) -> Acks:
    return Acks(stores.home / "acks.jsonl")
