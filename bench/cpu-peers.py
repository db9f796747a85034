"""PyTorch's differential attention on the CPU: the fastest composition of its own attention.

Reads {threads, runs, shapes} as JSON from stdin, writes {version, results: [{shape, causal, name,
warm: {median, min, max, runs}}]}, in milliseconds, to stdout. Called by cpu.mjs.
"""

import json
import statistics
import sys
import time

import torch
from torch.nn.functional import scaled_dot_product_attention as attention

LAMBDA = 0.8


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


def milliseconds(run, runs):
    run()
    samples = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        samples.append(1e3 * (time.perf_counter() - start))
    times = {"median": statistics.median(samples), "min": min(samples), "max": max(samples)}
    return {**times, "runs": runs}


def measure(shape, causal, runs):
    batch, heads, dim = shape["batch"], shape["heads"], shape["headDim"]
    seqlen = shape["seqlenQ"]
    q, k = (torch.randn(2, batch, heads, seqlen, dim) for _ in range(2))
    v = torch.randn(batch, heads, seqlen, 2 * dim)
    times = {
        compose.__name__: milliseconds(lambda: compose(q, k, v, causal), runs)
        for compose in (two_calls, four_calls)
    }
    name = min(times, key=lambda name: times[name]["median"])
    return {"shape": shape, "causal": causal, "name": name, "warm": times[name]}


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
