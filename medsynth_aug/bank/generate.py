"""Fill a bank over ranks: `accelerate launch -m medsynth_aug.bank.generate PLAN --bank FOLDER`.

It is the command `medsynth generate`, as a module that torchrun, accelerate and schedulers can launch. It is
run, never imported: the function `medsynth_aug.bank.generate` lives in `generation`.
"""

import sys

if __name__ == "__main__":
    from medsynth_aug.cli import main

    main(["generate", *sys.argv[1:]])
