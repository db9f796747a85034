"""PyTorch's differential attention on the CPU: compositions of its own attention.

Reads {threads, runs, shapes} as JSON from stdin, writes {version, results: [{shape, causal, peers:
[{name, error, warm: {median, min, max, runs}} or {name, failed}]}]}, in milliseconds, to stdout. Each
is checked against float64 before it is timed. Called by cpu.mjs.
"""

import functools
import json
import statistics
import sys
import time

import torch
from torch.nn.functional import scaled_dot_product_attention as attention

LAMBDA = 0.8
LARGEST_ERROR = 1e-3  # the same as of the other peers


def two_calls(q, k, v, causal):
    """A call a map, the value 2 D wide."""
    first, second = (attention(q[i], k[i], v, is_causal=causal) for i in range(2))
    return first - LAMBDA * second


def four_calls(q, k, v, causal):
    """A call a map and half of the value, all of width D."""
    halves = v.chunk(2, dim=-1)
    maps = [
        torch.cat([attention(q[i], k[i], half, is_causal=causal) for half in halves], dim=-1)
        for i in range(2)
    ]
    return maps[0] - LAMBDA * maps[1]


def expected(q, k, v, causal):
    """The first head in float64, straight from the formula."""
    q, k, v = (x.double() for x in (q[:, 0, 0], k[:, 0, 0], v[0, 0]))
    scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
    if causal:
        hidden = torch.ones_like(scores, dtype=torch.bool).triu(1)
        scores = scores.masked_fill(hidden, -torch.inf)
    first, second = torch.softmax(scores, dim=-1)
    return (first - LAMBDA * second) @ v


def milliseconds(run, runs):
    run()
    samples = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        samples.append(1e3 * (time.perf_counter() - start))
    times = {"median": statistics.median(samples), "min": min(samples), "max": max(samples)}
    return {**times, "runs": runs}


COMPOSITIONS = {"PyTorch x2": two_calls, "PyTorch x4": four_calls}


def peer(name, q, k, v, causal, runs):
    run = functools.partial(COMPOSITIONS[name], q, k, v, causal)
    error = (run()[0, 0].double() - expected(q, k, v, causal)).abs().max().item()
    if not error < LARGEST_ERROR:
        return {"name": name, "failed": f"error {error} against float64"}
    return {"name": name, "error": error, "warm": milliseconds(run, runs)}


def measure(shape, causal, runs):
    batch, heads, dim = shape["batch"], shape["heads"], shape["headDim"]
    seqlen = shape["seqlenQ"]
    q, k = (torch.randn(2, batch, heads, seqlen, dim) for _ in range(2))
    v = torch.randn(batch, heads, seqlen, 2 * dim)
    peers = [peer(name, q, k, v, causal, runs) for name in COMPOSITIONS]
    return {"shape": shape, "causal": causal, "peers": peers}


def main():
    request = json.load(sys.stdin)
    torch.set_num_threads(request["threads"])
    with torch.inference_mode():
        results = [
            measure(shape, causal, request["runs"])
            for shape in request["shapes"]
            for causal in (False, True)
        ]
    json.dump({"version": torch.__version__, "results": results}, sys.stdout)


main()
