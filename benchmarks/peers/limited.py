"""A server that admits so many requests at once: python -m benchmarks.peers.limited PLACES DELAY_S

It answers those after the delay, and others at once with 429, Retry-After 1 and OpenAI's own words for it. A process
of its own with no HTTP library; it prints its port, and the number of its 429s when its input ends.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.client import ANSWER

REFUSAL = {
    "error": {
        "message": "Rate limit reached for m on requests per min (RPM). Please try again in 1s.",
        "type": "requests",
        "param": None,
        "code": "rate_limit_exceeded",
    }
}


@dataclass
class Door:
    """Who is inside, and how many were sent away."""

    places: int
    delay_s: float
    inside: int = 0
    refused: int = 0

    async def answer(self) -> bytes:
        """To one request."""
        if self.inside >= self.places:
            self.refused += 1
            return written("429 Too Many Requests", REFUSAL, "retry-after: 1\r\n")
        self.inside += 1
        await asyncio.sleep(self.delay_s)
        self.inside -= 1
        return written("200 OK", ANSWER)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until the other side has enough."""
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).lower():
                await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0] or 0))
                writer.write(await self.answer())
                if b"connection: close" in head:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()


def written(status: str, body: object, headers: str = "") -> bytes:
    """A whole response."""
    data = json.dumps(body).encode()
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}content-length: {len(data)}\r\n\r\n"
    return head.encode() + data


async def serve(door: Door) -> None:
    """Until standard input ends."""
    server = await asyncio.start_server(door.talk, "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    print(door.refused, flush=True)


class Limited:
    """A running one."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self._process = process
        self.url = f"http://127.0.0.1:{int(process.stdout.readline())}/v1"

    def close(self) -> int:
        """The number of its 429s."""
        return int(self._process.communicate()[0])


@contextmanager
def limited_server(places: int, delay_s: float) -> Iterator[Limited]:
    """One that is gone afterwards."""
    command = [sys.executable, "-m", "benchmarks.peers.limited", str(places), str(delay_s)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Limited(process)
        finally:
            process.kill()


if __name__ == "__main__":
    asyncio.run(serve(Door(int(sys.argv[1]), float(sys.argv[2]))))
