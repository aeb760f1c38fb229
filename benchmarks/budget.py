"""How far past its cap a run spends: python -m benchmarks.budget

A real server in its own process, which adds up what it charges; every answer takes a second and is charged between
one token and all that it was allowed. 512 requests are in flight, and the cap covers half of all prompts. Beside ours
the same stack without reservations: a client that looks at what is spent before each request.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import random
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path

from pipeline.inference.budget import Ledger
from pipeline.inference.endpoints import configure_teacher
from pipeline.inference.scheduler import RequestScheduler, Tally
from pipeline.inference.stack import open_stack
from pipeline.journal.journal import Journal
from pipeline.journal.samples import SampleRequest
from pipeline.recipe.recipe import Generate
from pipeline.recipe.teachers import PriceEntry, TeacherEntry
from pipeline.run.errors import BudgetReached
from prompts.messages import Message
from teachers.base import Request
from teachers.pacing.account import Account
from tests.servers.faults import chat_body

REQUESTS, CONCURRENCY, LATENCY_S = 3000, 512, 1.0
MAX_TOKENS, PROMPT_TOKENS = 100, 20
PRICE = PriceEntry(input=1.0, output=100.0)
ANSWER_USD = (PROMPT_TOKENS * PRICE.input + (1 + MAX_TOKENS) / 2 * PRICE.output) / 1e6
CAP_USD = ANSWER_USD * REQUESTS / 2


class Unreserved(Ledger):
    """Looks at what is spent before a request is sent, and no further."""

    async def reserve(self, worst_usd: float) -> None:
        """Lets anything through until the cap is reached."""
        if self.spent_usd >= self.cap_usd:
            raise self.reached(worst_usd)
        self.reopen(0.0)

    def settle(self, worst_usd: float, cost: float | None) -> None:
        """Books what it cost."""
        super().settle(0.0, worst_usd if cost is None else cost)


def main() -> None:
    """A line each."""
    print(f"{REQUESTS} prompts, {CONCURRENCY} in flight, a cap of ${CAP_USD:.4f} for about half of them")
    for name, ledger in (("stillhouse", Ledger(CAP_USD)), ("no reservation", Unreserved(CAP_USD))):
        charged, booked = spend(ledger)
        past = max(0.0, charged - CAP_USD)
        print(
            f"  {name:<15} ${charged:.4f} by the server, ${booked:.4f} booked: "
            f"${past:.4f} past the cap ({past / CAP_USD:.1%}), {min(1.0, charged / CAP_USD):.1%} of it used"
        )


def spend(ledger: Ledger) -> tuple[float, float]:
    """Dollars that the server charged in a run, and that were booked."""
    here, there = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(there,), daemon=True)
    server.start()
    try:
        port = here.recv()
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(ask(f"openai:bench@http://127.0.0.1:{port}/v1", Path(folder), ledger))
        here.send("done")
        return here.recv(), ledger.spent_usd
    finally:
        server.terminate()
        server.join()


async def ask(spec: str, folder: Path, ledger: Ledger) -> None:
    """Asks through the pipeline's own stack until the money is gone."""
    generate = Generate(concurrency=CONCURRENCY, max_tokens=MAX_TOKENS, attempts=1)
    endpoint = configure_teacher(TeacherEntry(spec=spec, price=PRICE), generate, system=False)
    account = Account(CONCURRENCY, adaptive=False)
    with Journal(folder / "journal.sqlite") as journal:
        teacher = open_stack(endpoint, journal, generate, account, ledger)
        chains = []
        for number in range(REQUESTS):
            request = Request(endpoint.description.identity, (Message("user", f"mail {number}"),), endpoint.sampling)
            chains.append((SampleRequest(f"p{number}", request, 1, None, None),))
        try:
            await RequestScheduler({0: teacher}, {0: account}, Tally(REQUESTS)).ask({0: chains}, 4 * CONCURRENCY)
        except BudgetReached:
            return
        finally:
            await teacher.close()
    raise AssertionError("the cap was not reached")


def serve(pipe: Connection) -> None:
    """The server: its port goes into the pipe, and when asked the dollars that it charged."""
    asyncio.run(_serve(pipe))


async def _serve(pipe: Connection) -> None:
    charged, chance = 0.0, random.Random(1)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal charged
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.lower().split(b"\r\n")
                length = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
                await reader.readexactly(length)
                tokens_out = chance.randint(1, MAX_TOKENS)
                charged += (PROMPT_TOKENS * PRICE.input + tokens_out * PRICE.output) / 1e6
                usage = {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": tokens_out}
                body = json.dumps(chat_body("fine") | {"usage": usage}).encode()
                await asyncio.sleep(LATENCY_S)
                kind = b"content-type: application/json\r\n"
                writer.write(b"HTTP/1.1 200 OK\r\n%bcontent-length: %d\r\n\r\n%b" % (kind, len(body), body))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, backlog=1024)
    pipe.send(server.sockets[0].getsockname()[1])
    done = asyncio.Event()
    asyncio.get_running_loop().add_reader(pipe.fileno(), done.set)
    await done.wait()
    pipe.send(charged)
    await asyncio.sleep(60)


if __name__ == "__main__":
    main()
