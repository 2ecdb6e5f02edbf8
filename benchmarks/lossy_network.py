"""Runs a job of two ranks in two network namespaces, between which packets are delayed and lost.

    sudo python3 benchmarks/lossy_network.py --delay 50 --loss 5 -- ./attune sft recipes/sft.yaml

Each rank has a namespace with a TUN device; this program forwards packets between them. Needs root, `ip` and /dev/net/tun; the kernel needs
no netem. The exit code is that of rank 0.
"""

import argparse
import ctypes
import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import threading
import time

NAMES = ["attune-rank-0", "attune-rank-1"]
ADDRESSES = ["10.77.0.1", "10.77.0.2"]
TUNSETIFF, IFF_TUN, IFF_NO_PI, CLONE_NEWNET = 0x400454CA, 1, 0x1000, 0x40000000


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


def enter(namespace):
    if ctypes.CDLL(None, use_errno=True).setns(namespace, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def open_device(rank):
    """A new namespace, and the file of the TUN device in it."""
    name, own = NAMES[rank], os.open("/proc/self/ns/net", os.O_RDONLY)
    ip("netns", "add", name)
    enter(os.open(f"/run/netns/{name}", os.O_RDONLY))
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", b"tun0", IFF_TUN | IFF_NO_PI))
    enter(own)
    ip("-n", name, "address", "add", ADDRESSES[rank], "peer", ADDRESSES[1 - rank], "dev", "tun0")
    ip("-n", name, "link", "set", "tun0", "up")
    ip("-n", name, "link", "set", "lo", "up")
    return device


def forward(devices, delay, loss, counts):
    """Forwards packets forever."""
    waiting, number = [], 0
    while True:
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            _, _, to, packet = heapq.heappop(waiting)
            try:
                os.write(to, packet)
            except OSError:                      # the device's queue is full, as in a router
                counts["lost"] += 1
        ready, _, _ = select.select(devices, [], [], waiting[0][0] - now if waiting else 1)
        for device in ready:
            packet = os.read(device, 65536)
            counts["sent"] += 1
            if random.random() < loss:
                counts["lost"] += 1
                continue
            number += 1
            heapq.heappush(waiting, (time.monotonic() + delay, number, devices[1 - devices.index(device)], packet))


def start(rank, command):
    variables = {
        "RANK": rank, "WORLD_SIZE": 2, "LOCAL_RANK": 0, "LOCAL_WORLD_SIZE": 1, "MASTER_ADDR": ADDRESSES[0], "MASTER_PORT": 29400,
    }
    return subprocess.Popen(
        ["ip", "netns", "exec", NAMES[rank], *command], env={**os.environ, **{name: str(value) for name, value in variables.items()}},
        stdout=None if rank == 0 else subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay", type=float, default=50, help="milliseconds, of each packet in each direction")
    parser.add_argument("--loss", type=float, default=5, help="percent of the packets in each direction")
    parser.add_argument("--seed", type=int, default=1, help="which packets are lost")
    parser.add_argument("command", nargs="+", help="of every rank, after --")
    options = parser.parse_args()
    random.seed(options.seed)
    counts = {"sent": 0, "lost": 0}
    try:
        devices = [open_device(rank) for rank in range(2)]
        threading.Thread(
            target=forward, args=(devices, options.delay / 1000, options.loss / 100, counts), daemon=True).start()
        began = time.monotonic()
        ranks = [start(rank, options.command) for rank in range(2)]
        codes = [rank.wait() for rank in ranks]
        print(f"exit codes {codes}, {time.monotonic() - began:.1f} s, {counts['sent']} packets, {counts['lost']} lost")
        return codes[0]
    finally:
        for name in NAMES:
            subprocess.run(["ip", "netns", "delete", name], check=False)


if __name__ == "__main__":
    raise SystemExit(main())
