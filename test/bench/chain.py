"""chain: a chain as a process of its own, asked over JSON-RPC on loopback. For the benches beside it."""
import json
import pathlib
import re
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ANVIL = ROOT / "test/e2e/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil"


def request(method, params):
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    head = f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Connection:
    """One kept-alive connection: the client's own cost stays out of the figures."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call(self, method, *params):
        self.socket.sendall(request(method, list(params)))
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.receive()
        head, _, body = data.partition(b"\r\n\r\n")
        size = int(re.search(rb"content-length:\s*(\d+)", head, re.I).group(1))
        while len(body) < size:
            body += self.receive()
        answer = json.loads(body)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def receive(self):
        data = self.socket.recv(1 << 16)
        if not data:
            raise RuntimeError("the connection was closed")
        return data


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Chain:
    def __init__(self, command, *arguments):
        self.port = free_port()
        started = time.perf_counter()
        self.process = subprocess.Popen(
            [str(command), *arguments, "--port", str(self.port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while True:
            try:
                self.rpc = Connection(self.port)
                self.rpc.call("eth_chainId")
                break
            except OSError:
                if self.process.poll() is not None:
                    raise RuntimeError(f"{command} ended at once")
                time.sleep(0.0002)
        self.ready_s = time.perf_counter() - started

    def memory_mib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024

    def cpu_s(self):
        """Processor time of all threads; the ticks of /proc/PID/stat are too coarse for 1,000 blocks."""
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=30)
