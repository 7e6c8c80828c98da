"""`python -m clockpizza.portrait CKPT --out FILE.npz`: a portrait, for who draws networks without torch.

Progress is on stdout, a line of words and the share that is done; what is wrong is one line on stderr. Exit codes are
the command line's: 1 the work failed, 2 bad input.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from clockpizza.errors import ClockpizzaError, visible

# Of the work, by what begins: shares of the time on a one-layer network of 512 neurons.
SHARES = {"logits": 0.05, "circle": 0.1, "gradients": 0.3, "components": 0.75, "neurons": 0.8, "pictures": 0.85}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m clockpizza.portrait", description="Draw a network's portrait.")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="the .npz to write")
    arguments = parser.parse_args()
    print("loading torch 0.00", flush=True)
    try:
        from clockpizza import checkpoints, portrait
        from clockpizza.memory import keep_freed_memory
        from clockpizza.portrait.make import portrait as make

        keep_freed_memory()
        portrait.write(arguments.out, make(checkpoints.read(arguments.checkpoint), tick=_say))
    except ClockpizzaError as error:
        print(visible(str(error)), file=sys.stderr)
        return error.exit_code
    print("done 1.00", flush=True)
    return 0


def _say(what: str) -> None:
    print(f"measuring {what} {SHARES.get(what.split()[0], 0.05):.2f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
