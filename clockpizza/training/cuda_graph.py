"""A whole step, optimiser included, as one CUDA graph: launching its kernels one by one takes longer than they do."""

from __future__ import annotations

from collections.abc import Callable

import torch

from clockpizza.training.engine import Engine

WARM_UP = 3  # steps on a side stream, as capturing asks for: libraries make their workspaces


def captured(engine: Engine) -> Callable[[], object]:
    """One epoch of the engine: on CUDA the replay of a captured step, elsewhere the step itself.

    The engine's state is as before when this returns. Where capturing fails for want of memory the batch is halved.
    """
    if engine.device.type != "cuda":
        return engine.step
    state = engine.state()
    while True:
        try:
            graph = _capture(engine)
            break
        except torch.cuda.OutOfMemoryError:
            if engine.batch == 1:
                raise
            engine.batch //= 2
            engine.release_buffers()
            torch.cuda.empty_cache()
    engine.load(state)
    return graph.replay


def _capture(engine: Engine) -> torch.cuda.CUDAGraph:
    side = torch.cuda.Stream(engine.device)
    side.wait_stream(torch.cuda.current_stream(engine.device))
    with torch.cuda.stream(side):
        for _ in range(WARM_UP):
            engine.step()
    torch.cuda.current_stream(engine.device).wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        engine.step()
    return graph
