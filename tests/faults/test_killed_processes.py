"""Processes are killed at random under load, and nothing acknowledged is missing."""

import os
import random
from time import monotonic

from tests.faults.check import nothing_is_missing, streams_have_all
from tests.faults.load import Acks, joined, reached, write
from tests.processes import Cluster, Process, sign_in
from tests.sinks import MailSink

# `make faults` runs the long form: 10000 writes and 200 kills.
WRITES = int(os.environ.get("FAULT_WRITES", "240"))
KILLS = int(os.environ.get("FAULT_KILLS", "5"))
SEED = int(os.environ.get("FAULT_SEED", "0")) or random.randrange(1, 10**6)
CONCURRENT_MAILS = 8  # more than a worker has at a time (`core.jobs.QUEUES`), and may have sent but not noted


def test_what_was_acknowledged_survives_kills_at_random(stores: Cluster, sink: MailSink, acks: Acks) -> None:
    print(f"FAULT_SEED={SEED}")  # noqa: T201 - shown when it fails
    chance = random.Random(SEED)
    webs = [stores.web(wait=False) for _ in range(2)]
    workers = [stores.worker() for _ in range(2)]
    for web in webs:
        web.wait()
    writing = write(webs, sign_in(webs[0].url), acks, WRITES)
    starts: list[float] = []
    victims: list[Process] = [*webs, *workers]  # each of them once, then one at random
    chance.shuffle(victims)
    for number in range(1, KILLS + 1):
        # At its share of the writes, so that the kills lie all over the load.
        reached(writing, acks, WRITES * number // (KILLS + 1))
        victim = victims.pop() if victims else chance.choice([*webs, *workers])
        victim.kill()
        began = monotonic()
        victim.start()
        starts.append(monotonic() - began)
    joined(writing, acks)
    assert len(acks.rows) > WRITES // 2
    stores.drained(60 + WRITES / 25)
    twice = nothing_is_missing(stores, acks, sink)
    streams_have_all(stores)
    assert twice <= KILLS * CONCURRENT_MAILS
    print(f"{len(acks.rows)} acknowledged, {KILLS} kills, {twice} mails twice, slowest start {max(starts):.1f} s")  # noqa: T201
