"""T9: frames that make no sense are refused, one by one, and nobody else notices: no exception, no lost message."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack

import aiohttp

from signalling import protocol
from signalling.errors import BadMessage
from signalling.protocol import VERSION, Answer, Bye, Candidate, Hello, Join, Offer, Ping, Restart, State, write
from tests.bench import quantile
from tests.bench.exchange.wire import Line, frame
from tests.signalling.exchange import SDP
from tests.trust.claims import times
from tests.trust.node import Node, asked, elsewhere

ID = "T9"
CLAIM = (
    "Each of 1,000,000 malformed frames read and 100,000 said to live sockets is refused, and calls beside them lose "
    "nothing and are at most a fifth later"
)

PARSED, FEW_PARSED = 1_000_000, 4_000
SENT, FEW_SENT = 100_000, 200
AT_ONCE = 40  # sockets that attack at once
RATE = 1000  # of them that open, say a malformed frame and are closed, a second
ROOMS = 4  # calls that go on beside them
ENOUGH = 1000  # numbers heard
PARTS = 20  # of the time: in each one both exchanges have the same share of the processor
SAY_EVERY = 0.08  # s between two numbers: an exchange takes 20 frames a second of a page
SLOWER = 1.2  # p99 of calls on the attacked exchange ÷ on a calm one, median of parts
REFUSED = {4400, 4401, 4429, 1009, 1002, 1007, 1003, 0}  # 0: what is no WebSocket frame at all

SEEDS = [
    write(message)
    for message in (
        Hello(VERSION, "ticket"),
        Hello(VERSION, resume="node.ticket", heard=3),
        Join("ticket", "page-1"),
        Ping(7),
        Offer(SDP),
        Answer(SDP),
        Candidate("candidate:1 1 udp 1 127.0.0.1 9 typ host", "0"),
        Candidate(None),
        Restart(),
        State(True, False, True, 3),
        Bye("hung-up"),
    )
]
WORDS = ['"', "\\", "{", "}", "[", "]", ":", ",", "null", "true", "1e999", "-0", "\\ud800", "\x00", "é", "9" * 400]
WORDS += ['"type":"bye"', "\u2028", "[" * 500, '{"a":' * 200, "\ufeff", '\\"', "/**/", "NaN", "a=fingerprint:sha-256 "]


def mutated(chance: random.Random) -> str:
    """A frame that was one, before something happened to it."""
    text = chance.choice(SEEDS)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(text) + 1)
        match chance.randrange(5):
            case 0:
                text = text[:at] + chance.choice(WORDS) + text[at:]
            case 1:
                text = text[:at] + text[at + chance.randint(1, 9) :]
            case 2:  # bits that nobody may set
                text = text[:at] + chr(chance.randrange(1, 0x500)) + text[at + 1 :]
            case 3:
                text = text[:at]
            case _:
                other = chance.choice(SEEDS)
                text = text[:at] + other[chance.randrange(len(other)) :]
    return text


def grown(chance: random.Random, depth: int = 0) -> object:
    """Some JSON value."""
    if depth > 3 or chance.random() < 0.5:
        return chance.choice([None, True, 0, -1, 2**63, 1.5, "", "offer", SDP, "x" * 70, VERSION])
    if chance.random() < 0.5:
        return [grown(chance, depth + 1) for _ in range(chance.randrange(3))]
    return {chance.choice(["type", "sdp", "level", "ticket", "x"]): grown(chance, depth + 1) for _ in range(3)}


KINDS = {kind: list(json.loads(text)) for text in SEEDS for kind in [json.loads(text)["type"]]} | {"x": ["y"]}


def grammatical(chance: random.Random) -> str:
    """A frame with the right names and whatever values."""
    kind = chance.choice(list(KINDS))
    names = [name for name in KINDS[kind] if chance.random() < 0.9] + ["x"] * (chance.random() < 0.1)
    return json.dumps({name: grown(chance) for name in names} | {"type": kind})


def frames(chance: random.Random) -> Iterator[str]:
    """One after the other, three mutated to one grown."""
    while True:
        for _ in range(3):
            yield mutated(chance)
        yield grammatical(chance)


def careless(text: str) -> object:
    """Turn the defence off: read as many do."""
    message = json.loads(text)
    return protocol.Offer(message["sdp"]) if message["type"] == "offer" else Candidate(message["candidate"])


CARELESS = """
import signalling.gateway
from tests.trust.t09_malformed import careless
signalling.gateway.read = careless
"""


def parse(count: int, read: Callable[[str], object]) -> int:
    """Read so many; how many were read or refused as they should be."""
    held, some = 0, frames(random.Random(9))
    for _ in range(count):
        try:
            read(next(some))
        except BadMessage:
            held += 1
        except Exception:  # what no frame may cause
            continue
        else:
            held += 1
    return held


def refused(text: str) -> bool:
    """Whether a page may not say this."""
    try:
        protocol.read(text)
    except BadMessage:
        return True
    return False


DESCRIBED: tuple[Answer | Offer, ...] = Answer(SDP), Offer(SDP)  # by the patient, by the practitioner


class Room:
    """A call that goes on: each says numbers to the other, and hears all of them in order."""

    def __init__(self, node: Node, client: aiohttp.ClientSession, name: str) -> None:
        self._node, self._client, self._name = node, client, name
        self.lines: list[Line] = []
        self.heard: list[list[str]] = [[], []]
        self.said = 0
        self._said_at: list[float] = []
        self.late: list[float] = []

    async def sit(self) -> None:
        """Both take their seats, and wait until they know of each other."""
        for number, seat in enumerate(("patient", "practitioner")):
            ticket = (await asked(self._client, self._node.origin, "line?line=queue"))[0]
            sit = (await asked(self._client, self._node.origin, f"seat?call={self._name}&seat={seat}"))[0]
            line = await self._open(number)
            line.say(write(Hello(VERSION, ticket)))
            line.say(write(Join(sit, f"page-{seat}")))
            self.lines.append(line)
        while not any('"peer-joined"' in text for text in self.heard[0]):  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def _open(self, number: int) -> Line:
        def hear(payload: bytes) -> None:
            text = payload.decode()
            self.heard[number].append(text)
            if (found := json.loads(text))["type"] == "candidate":
                at = int(found["candidate"].removeprefix("candidate:"))
                self.late.append(time.perf_counter() - self._said_at[2 * at + 1 - number])

        where = "127.0.0.1", self._node.port
        _, line = await asyncio.get_running_loop().create_connection(
            lambda: Line("/signal", self._node.origin, hear), *where
        )
        await line.open
        return line

    def say(self) -> None:
        """One number more, both ways."""
        for line, described in zip(self.lines, DESCRIBED, strict=True):
            if self.said % 100 == 0:  # an exchange takes 120 candidates after a description
                line.say(write(described))
            self._said_at.append(time.perf_counter())
            line.say(write(Candidate(f"candidate:{self.said}")))
        self.said += 1

    def whole(self) -> bool:
        """Whether each heard every number of the other once and in order, and has its socket."""
        wanted = [f"candidate:{number}" for number in range(self.said)]
        told = [[json.loads(text) for text in texts] for texts in self.heard]
        numbers = [[one["candidate"] for one in texts if one["type"] == "candidate"] for texts in told]
        return numbers == [wanted, wanted] and not any(line.closed.done() for line in self.lines)


class Attack:
    """Many sockets, each of which says one thing that no page may say."""

    def __init__(self, port: int, client: aiohttp.ClientSession) -> None:
        self._node, self._client = Node(port=port), client
        self._chance = random.Random(99)
        self._frames = (text for text in frames(self._chance) if refused(text))
        self.held = 0

    def _bytes(self) -> bytes:
        """A malformed frame; one in ten is no text frame, or no WebSocket frame."""
        text = next(self._frames).encode(errors="surrogatepass")
        match self._chance.randrange(40):
            case 0:
                return frame(text, 0x2)
            case 1:
                return frame(b"\xff\xfe" + text[:50])
            case 2:  # bits that nobody may set
                return bytes([0x70 | self._chance.randrange(16), *self._chance.randbytes(40)])
            case 3:
                return frame(text[:100], self._chance.choice((0x3, 0xB)))
            case _:
                return frame(text)

    async def one(self, ticket: str) -> None:
        """Open a socket, be welcomed or not, say it, and be closed for it."""
        where = "127.0.0.1", self._node.port
        _, line = await asyncio.get_running_loop().create_connection(
            lambda: Line("/signal", self._node.origin, lambda _: None), *where
        )
        try:
            async with asyncio.timeout(20):
                await line.open
                if ticket:
                    line.say(write(Hello(VERSION, ticket)))
                line.write(self._bytes())
                code = await line.closed
                self.held += code in REFUSED
        except TimeoutError:
            return  # it was neither refused nor closed
        finally:
            line.drop()

    async def some(self, count: int) -> None:
        """As many, one after the other; every second one as a page that was welcomed."""
        loop = asyncio.get_running_loop()
        due = loop.time() + self._chance.random() * AT_ONCE / RATE
        while count > 0:
            tickets = await asked(self._client, self._node.origin, f"line?line=queue&count={min(count, 50) // 2}")
            tickets += [""] * (min(count, 50) - len(tickets))
            for ticket in tickets:
                await asyncio.sleep(due - loop.time())
                due += AT_ONCE / RATE
                await self.one(ticket)
            count -= len(tickets)


async def attacked(port: int, count: int) -> int:
    """Attack; how many frames were refused."""
    async with aiohttp.ClientSession() as client:
        attack = Attack(port, client)
        await asyncio.gather(*(attack.some(count // AT_ONCE) for _ in range(AT_ONCE)))
        return attack.held


async def say_until(over: Callable[[], bool], rooms: list[Room]) -> None:
    """Say numbers in all rooms until it is over."""
    while not over():
        for room in rooms:
            room.say()
        await asyncio.sleep(SAY_EVERY)


async def live(count: int, prelude: str) -> int:
    """Attack a live exchange beside calls; how many frames were refused, or 0 if anybody else noticed."""
    async with AsyncExitStack() as opened:
        client = await opened.enter_async_context(aiohttp.ClientSession())
        attacked_node, calm_node = Node(prelude=prelude), Node()
        for node in (attacked_node, calm_node):
            opened.callback(node.kill)
            await node.start()
        rooms, calm = [
            [Room(node, client, f"call-{number}") for number in range(0 if prelude else ROOMS)]
            for node in (attacked_node, calm_node)
        ]
        for room in (*rooms, *calm):
            await room.sit()
        going = asyncio.ensure_future(elsewhere(attacked, attacked_node.port, count))
        await say_until(going.done, [*rooms, *calm])
        held = await going
        await asyncio.sleep(0.5)
        undisturbed = all([room.whole() for room in rooms]) and _as_fast(calm, rooms)
        faults = await asked(client, attacked_node.origin, "faults")
        return max(held - len(faults), 0) if undisturbed else 0


def _as_fast(calm: list[Room], rooms: list[Room]) -> bool:
    """Whether those who talk wait about as long as those of a calm exchange meanwhile; a handful says nothing."""
    if sum(len(room.late) for room in calm) < ENOUGH:
        return True
    slices = [(_p99(calm, part), _p99(rooms, part)) for part in range(PARTS)]
    slower = quantile([late / quiet for quiet, late in slices], 0.5)
    print(f"    p99 beside the attack ÷ quiet {slower:.2f} ({slices[0][0] * 1000:.1f} ms at first)", flush=True)
    return slower <= SLOWER


def _p99(rooms: list[Room], part: int) -> float:
    """How late numbers were in one part of the time."""
    whole = [(room.late, len(room.late)) for room in rooms]
    return quantile([one for late, n in whole for one in late[n * part // PARTS : n * (part + 1) // PARTS]], 0.99)


async def attempt(defence: bool) -> tuple[int, int]:
    """Read malformed frames, then say them to a live exchange."""
    parsed, sent = times(PARSED, FEW_PARSED), times(SENT, FEW_SENT)
    if not defence:
        parsed, sent = FEW_PARSED, FEW_SENT
    held = parse(parsed, protocol.read if defence else careless)
    held += await live(sent, "" if defence else CARELESS)
    return parsed + sent, held
