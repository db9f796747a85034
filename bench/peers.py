"""The alternatives that a PyTorch user has, timed on the GPU of this machine.

usage: peers.py REQUEST.json ANSWER.json
The request names shapes, masks, dtype, runs and the data table; the answer holds the ceilings of
this run, every peer's error against a float32 reference on sampled rows, and its times. Progress
goes to stderr.
"""
import json
import statistics
import sys

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention as sdpa

torch.backends.cuda.matmul.allow_tf32 = False
LAMBDA = 0.8
FLUSH = torch.empty(64 << 20, dtype=torch.float32, device="cuda")  # 256 MiB, five times the L2


def fill(count, seed, table):
    """Element i is table[hash(i, seed)], as in lib/bench/data.ts."""
    x = torch.arange(count, dtype=torch.int64, device="cuda") ^ seed
    x = (x * 0x9E3779B1) & 0xFFFFFFFF
    x ^= x >> 15
    x = (x * 0x85EBCA6B) & 0xFFFFFFFF
    x ^= x >> 13
    return table[(x >> 8) & 4095]


def operands(shape, table):
    """q, k [B, 2H, N, D] as maps side by side and v [B, H, N, 2D], from the v1 layout."""
    b, h, n, d = shape["batch"], shape["heads"], shape["sequence"], shape["headDim"]
    q = fill(b * n * 2 * h * d, 1, table).view(b, n, h, 2, d).permute(3, 0, 2, 1, 4).contiguous()
    k = fill(b * n * 2 * h * d, 2, table).view(b, n, h, 2, d).permute(3, 0, 2, 1, 4).contiguous()
    v = fill(b * n * 2 * h * d, 3, table).view(b, n, h, 2 * d).permute(0, 2, 1, 3).contiguous()
    return q, k, v


def reference_rows(q, k, v, rows, causal):
    """float32 differential attention of the chosen rows: [B, H, rows, 2D]."""
    maps = []
    n = k.shape[-2]
    hidden = torch.arange(n, device="cuda")[None, :] > torch.tensor(rows, device="cuda")[:, None]
    for m in range(2):
        scores = q[m][:, :, rows].float() @ k[m].float().transpose(-1, -2) * q.shape[-1] ** -0.5
        if causal:
            scores = scores.masked_fill(hidden, float("-inf"))
        maps.append(scores.softmax(-1))
    return (maps[0] - LAMBDA * maps[1]) @ v.float()


def four_calls(backend):
    def run(q, k, v, causal):
        left, right = v.chunk(2, -1)
        with sdpa_kernel(backend):
            first = torch.cat([sdpa(q[0], k[0], w, is_causal=causal) for w in (left, right)], -1)
            second = torch.cat([sdpa(q[1], k[1], w, is_causal=causal) for w in (left, right)], -1)
        return first - LAMBDA * second

    return run


def two_calls(q, k, v, causal):
    with sdpa_kernel(SDPBackend.CUDNN_ATTENTION):
        first = sdpa(q[0], k[0], v, is_causal=causal)
        second = sdpa(q[1], k[1], v, is_causal=causal)
    return first - LAMBDA * second


def naive(q, k, v, causal):
    maps = []
    for m in range(2):
        scores = (q[m] * q.shape[-1] ** -0.5) @ k[m].transpose(-1, -2)
        if causal:
            n = scores.shape[-1]
            scores += torch.full((n, n), float("-inf"), device="cuda", dtype=q.dtype).triu(1)
        maps.append(scores.softmax(-1))
    return (maps[0] - LAMBDA * maps[1]) @ v


class Flex:
    """FlexAttention, compiled once a shape and mask."""

    def __init__(self):
        from torch.nn.attention.flex_attention import create_block_mask, flex_attention

        torch._dynamo.config.recompile_limit = 64
        self.attention = torch.compile(flex_attention, dynamic=False)
        self.block_mask = create_block_mask
        self.masks = {}

    def __call__(self, q, k, v, causal):
        n = q.shape[-2]
        if causal and n not in self.masks:
            self.masks[n] = self.block_mask(lambda b, h, i, j: i >= j, None, None, n, n)
        mask = self.masks[n] if causal else None
        first = self.attention(q[0], k[0], v, block_mask=mask)
        second = self.attention(q[1], k[1], v, block_mask=mask)
        return first - LAMBDA * second


def times(run, runs):
    """Milliseconds by CUDA events, warm (the same call just ran) and cold (the L2 was flushed).

    Whatever stands in front keeps the stream busy while the host enqueues, so that neither figure
    holds launch latency.
    """
    out = {}
    for state, before in (("warm", run), ("cold", lambda: FLUSH.fill_(1))):
        samples = []
        for _ in range(runs):
            start, stop = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            before()
            start.record()
            run()
            stop.record()
            stop.synchronize()
            samples.append(start.elapsed_time(stop))
        out[state] = {"median": statistics.median(samples), "min": min(samples),
                      "max": max(samples), "runs": runs}
    return out


def ceilings(runs):
    a, b = (torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    matmul = times(lambda: a @ b, runs)["warm"]
    source = torch.empty(1 << 30, dtype=torch.float32, device="cuda").normal_()
    target = torch.empty_like(source)
    copy = times(lambda: target.copy_(source), runs)["warm"]
    return {"matmul_tflops": 2 * 8192**3 / matmul["median"] / 1e9, "matmul_ms": matmul,
            "copy_gbps": 2 * 4 * (1 << 30) / copy["median"] / 1e6, "copy_ms": copy}


def measure(name, run, q, k, v, causal, expected, rows, runs):
    try:
        out = run(q, k, v, causal)
        error = (out[:, :, rows].float() - expected).abs().max().item()
        if not error < 0.05:
            return {"name": name, "failed": f"error {error:.3g} against the float32 reference"}
        return {"name": name, "error": error, **times(lambda: run(q, k, v, causal), runs)}
    except Exception as failure:  # a backend that has no kernel for the shape
        return {"name": name, "failed": str(failure).strip().splitlines()[0][:200]}


def standard(shape, table, causal, runs):
    """cuDNN attention of the plain Transformer of the same size: 2H heads of D, its own FLOP."""
    b, h, n, d = shape["batch"], shape["heads"], shape["sequence"], shape["headDim"]
    q, k, v = (fill(b * 2 * h * n * d, s, table).view(b, 2 * h, n, d) for s in (1, 2, 3))
    try:
        with sdpa_kernel(SDPBackend.CUDNN_ATTENTION):
            return {"name": "standard cuDNN",
                    **times(lambda: sdpa(q, k, v, is_causal=causal), runs)}
    except Exception as failure:
        return {"name": "standard cuDNN", "failed": str(failure).strip().splitlines()[0][:200]}


def main(request_file, answer_file):
    with open(request_file) as file:
        request = json.load(file)
    runs, rows = request["runs"], request["rows"]
    bits = torch.tensor(request["table"], dtype=torch.int32).to(torch.int16)
    table = bits.view(torch.bfloat16).to(getattr(torch, request["dtype"])).cuda()
    peers = {"naive": naive, "FA2 x4": four_calls(SDPBackend.FLASH_ATTENTION),
             "cuDNN x4": four_calls(SDPBackend.CUDNN_ATTENTION), "cuDNN x2": two_calls}
    flex = Flex()
    answer = {"torch": torch.__version__, "cuda": torch.version.cuda,
              "cudnn": torch.backends.cudnn.version(), "device": torch.cuda.get_device_name(),
              **ceilings(runs), "results": []}
    for index, shape in enumerate(request["shapes"]):
        q, k, v = operands(shape, table)
        chosen = [r for r in rows if r < shape["sequence"]] + [shape["sequence"] - 1]
        for causal in request["causal"]:
            expected = reference_rows(q, k, v, chosen, causal)
            entry = {"index": index, "causal": causal, "peers": []}
            for name, run in peers.items():
                if name == "naive" and shape["sequence"] > 4096:
                    continue  # its score matrices alone would take the card's memory
                entry["peers"].append(
                    measure(name, run, q, k, v, causal, expected, chosen, runs))
                torch.cuda.empty_cache()
            if shape["sequence"] >= request["flexFrom"]:
                entry["peers"].append(
                    measure("FlexAttention x2", flex, q, k, v, causal, expected, chosen, runs))
            entry["standard"] = standard(shape, table, causal, runs)
            answer["results"].append(entry)
            print(f"peers: {shape} causal={causal} done", file=sys.stderr, flush=True)
        del q, k, v
        torch.cuda.empty_cache()
    with open(answer_file, "w") as file:
        json.dump(answer, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
