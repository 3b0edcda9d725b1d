"""Entry of the producer process, which a `Producer` starts: `python -m medsynth_aug.bank.producer`."""

import sys

from medsynth_aug.bank.producer.recipe import receive
from medsynth_aug.bank.producer.service import serve

if __name__ == "__main__":
    serve(receive(sys.stdin.buffer))
