"""What each rank does in the tests: its share of a few requests, with an engine that takes its time."""

import os
import sys

from medsynth_aug.bank import SampleBank, SourceStore, generate
from medsynth_aug.bank.ranks import Rank, share_of
from tests.bank.engines import Slow
from tests.bank.material import radiograph, request

SOURCE = radiograph()
REQUESTS = [request(SOURCE, str(number)) for number in range(24)]

if __name__ == "__main__":
    bank = SampleBank(sys.argv[1])
    share = share_of(Rank.from_environment(), REQUESTS, bank)
    print(os.getpid(), *(one.slot for one in share), flush=True)
    generate(share, Slow(0.15), bank, SourceStore(bank), batch_size=2, progress=False)
