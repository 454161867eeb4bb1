"""Write the files of this folder, with PyTorch: ``python make.py``; made with torch 2.13.0.

Each pair holds the same tensors but for one number, plus what a reader has to find its way around: views with
offsets and strides, a shared storage, a parameter, types that numpy does not have.
"""

from collections import OrderedDict
from pathlib import Path

import torch

HERE = Path(__file__).parent


def tensors(more):
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    base[1, 2] += more
    return OrderedDict(
        weight=torch.nn.Parameter(base.clone()),
        part=base[1:3, 2:5],
        turned=base.t(),
        half=torch.tensor([1.0, 2.0 + more], dtype=torch.float16),
        brain=torch.tensor([1.0, 2.0], dtype=torch.bfloat16),
        tiny=torch.tensor([1.0, 2.0]).to(torch.float8_e4m3fn),
        count=torch.tensor(3),
        empty=torch.zeros(0, 5),
        flags=torch.tensor([True, False]),
        complex=torch.tensor([1 + 2j]),
        short=torch.tensor([1, 2], dtype=torch.uint16),
    )


for name, more in (("a", 0.0), ("b", 0.5)):
    content = {"model": tensors(more), "epoch": 3, "names": {"x", "y"}}
    torch.save(content, HERE / f"zip_{name}.pt")
    torch.save(content, HERE / f"stream_{name}.pt", _use_new_zipfile_serialization=False)

network = torch.nn.Sequential(torch.nn.Linear(2, 2, bias=False))
script = torch.jit.trace(network, torch.zeros(1, 2))  # once: the names in it are counted in a process
for name, more in (("a", 0.0), ("b", 0.5)):
    with torch.no_grad():
        network[0].weight.copy_(torch.tensor([[1.0, 2.0], [3.0, 4.0 + more]]))
    script.save(HERE / f"script_{name}.pt")
