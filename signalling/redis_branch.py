"""One connection to one Redis that carries words, and where the Redis servers are. Beside the bus, nobody knows Redis.

    publish ──▶ queue ──▶ writer task ──▶ PUBLISH, or SPUBLISH on a cluster
    SUBSCRIBE or SSUBSCRIBE ──▶ reader task ──▶ deliver

A cluster hands sharded words only to who listens at the channel's owner, so they do not flood every server.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable
from typing import Any, Final, Protocol

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import RedisError

from signalling.redis_address import Address, Kind

log = logging.getLogger(__name__)

PREFIX: Final = "telecabin:"
ALIVE: Final = "alive"  # a channel that nobody speaks on, so that there is always one to listen to
WAITING: Final = 4096  # words that wait for a slow Redis; beyond that the newest are lost, as with a lost Redis
AT_ONCE: Final = 64  # words that are said in one go
ANSWER_FOR: Final = 2.0  # s: a Redis that has not answered by then is lost
PAUSES: Final = (0.1, 5.0)  # s: from the first to the longest pause between two attempts to reconnect
LOST: Final = (RedisError, OSError)
SHARDED_FROM: Final = 7  # Redis 7 has SPUBLISH

_Sentinel: Any = Sentinel  # untyped, as it comes


class Branch:
    """Carries the words of some channels over one Redis server, and comes back by itself when it is lost."""

    def __init__(
        self,
        redis: Redis,
        sharded: bool,
        counts: bool,
        channels: Callable[[], list[str]],
        wants: Callable[[str], bool],
        deliver: Callable[[str, bytes], None],
    ) -> None:
        self._redis = redis
        self._command: Any = redis.execute_command
        self._sharded = sharded
        self._counts = counts
        self._channels = channels
        self._wants = wants
        self._deliver = deliver
        self._back: Callable[[], None] = lambda: None
        self._moved: Callable[[], None] = lambda: None
        self._asked: dict[str, asyncio.Event] = {}  # channels asked of Redis; set when it said yes
        self._asking = asyncio.Lock()
        self._pubsub: PubSub | None = None
        self._outgoing: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(WAITING)
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def connected(self) -> bool:
        return self._pubsub is not None

    def start(self, back: Callable[[], None], moved: Callable[[], None]) -> None:
        """Begin to connect. `back` is called each time it succeeded, `moved` when the server is not the owner."""
        self._back, self._moved = back, moved
        self._tasks = [
            asyncio.create_task(self._keep_listening(), name="bus-reader"),
            asyncio.create_task(self._keep_writing(), name="bus-writer"),
        ]

    async def close(self) -> None:
        while running := [task for task in self._tasks if not task.done()]:
            for task in running:
                task.cancel()  # again and again: the client may take one that comes with a timeout for the timeout
            await asyncio.wait(running, timeout=ANSWER_FOR / 10)
        await self._redis.aclose()

    def publish(self, channel: str, word: bytes) -> None:
        try:
            self._outgoing.put_nowait((channel, word))
        except asyncio.QueueFull:
            log.warning("bus word lost")

    async def ask(self, channel: str) -> None:
        """Bring Redis' list to ours, one command at a time; when that fails the reader sees it and begins anew."""
        async with self._asking:
            wanted, asked = self._wants(channel), channel in self._asked
            if self._pubsub is None or wanted == asked:
                return
            with contextlib.suppress(*LOST):
                if wanted:
                    self._asked[channel] = asyncio.Event()
                    await self._subscribe(self._pubsub, channel)
                else:
                    del self._asked[channel]
                    await self._unsubscribe(self._pubsub, channel)

    async def until_heard(self, channel: str) -> None:
        """Wait until what is published on a channel is heard here; not for a Redis that is lost."""
        if self._pubsub is not None and (asked := self._asked.get(channel)):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asked.wait(), ANSWER_FOR)

    async def reaches(self, channel: str) -> bool:
        """Whether Redis knows a subscriber: it forgets those of a dead server as soon as their connection is closed.

        A cluster without sharded channels counts only those of one of its servers, and so cannot tell.
        """
        if not self._counts:
            return True
        name = PREFIX + channel
        try:
            ((_, count),) = await self._command("PUBSUB SHARDNUMSUB" if self._sharded else "PUBSUB NUMSUB", name)
        except LOST:
            return True
        return int(count) > 0

    async def _subscribe(self, pubsub: PubSub, *channels: str) -> None:
        names = [PREFIX + channel for channel in channels]
        await (pubsub.ssubscribe(*names) if self._sharded else pubsub.subscribe(*names))

    async def _unsubscribe(self, pubsub: PubSub, channel: str) -> None:
        await (pubsub.sunsubscribe if self._sharded else pubsub.unsubscribe)(PREFIX + channel)

    async def _keep_writing(self) -> None:
        lossy = False
        while True:
            words = [await self._outgoing.get()]
            while len(words) < AT_ONCE and not self._outgoing.empty():
                words.append(self._outgoing.get_nowait())
            if not self.connected:
                continue  # lost, as the reader saw; `back` makes up for it
            try:
                await self._send(words)
            except Exception as fault:  # whatever it is: who writes no more is parted from all others
                log.warning("bus word lost", exc_info=None if isinstance(fault, LOST) else fault)
                lossy = True
            else:
                if lossy and self.connected:  # the reader noticed nothing: say all the same what may be missing
                    lossy = False
                    self._back()

    async def _send(self, words: list[tuple[str, bytes]]) -> None:
        """Say all in one go: what Redis' answer costs is paid once for all that came meanwhile."""
        async with self._redis.pipeline(transaction=False) as line:
            for channel, word in words:
                line.execute_command("SPUBLISH" if self._sharded else "PUBLISH", PREFIX + channel, word)
            await line.execute()

    async def _keep_listening(self) -> None:
        shortest, longest = PAUSES
        pause = shortest
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await self._listen(pubsub)
            except LOST:
                log.warning("bus lost" if self.connected else "bus not there")
                pause = shortest if self.connected else pause
            except Exception:  # a client whose connection is cut under it says odd things; come back all the same
                log.exception("bus lost")
            finally:
                self._pubsub = None  # from here on nobody asks Redis anything, which would open it again
            self._moved()
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(pause * 2, longest)

    async def _listen(self, pubsub: PubSub) -> None:
        """Subscribe to everything wanted, say that the bus is back, then deliver until it is lost."""
        async with self._asking:
            self._asked = {channel: asyncio.Event() for channel in self._channels()}
            missing = set(self._asked)
            for channel in self._asked:
                await self._subscribe(pubsub, channel)
            self._pubsub = pubsub
        while True:
            message = await pubsub.get_message(timeout=ANSWER_FOR)  # None: quiet; the health check asks
            if message is None:
                continue
            channel = message["channel"].decode().removeprefix(PREFIX)
            if message["type"] in ("message", "smessage"):
                try:
                    self._deliver(channel, message["data"])
                except Exception:  # one word that nobody here understands must not part this server from the others
                    log.exception("bus word not understood")
            elif message["type"] in ("subscribe", "ssubscribe") and channel in self._asked:
                self._asked[channel].set()
                if missing == {channel}:
                    self._back()
                missing.discard(channel)
            elif message["type"] == "sunsubscribe" and channel in self._asked:
                raise ConnectionError  # we did not ask for it: the channel has another owner now


class Site(Protocol):
    """Where the Redis servers are."""

    client: Any
    """Speaks with whichever server holds a key."""
    sharded: bool

    @property
    def counts(self) -> bool:
        """Whether a server knows all subscribers of its channels."""

    async def find(self) -> bool:
        """Look which server owns what; False when nobody can tell."""

    def servers(self) -> dict[str, Redis]:
        """Return a client of one's own for each server that owns channels, by name."""

    def layout(self) -> object:
        """Return something that differs when other servers own other channels."""

    def owner(self, key: str) -> str:
        """Return the name of the server that owns a key or channel."""

    async def close(self) -> None:
        """Let go of everything."""


class _One:
    """A single Redis, or the one that sentinels say is the master."""

    sharded = False
    counts = True

    def __init__(self, address: Address) -> None:
        self._address = address
        self._sentinels: Any = None
        if address.kind is Kind.SENTINEL:
            self._sentinels = _Sentinel(list(address.hosts), **_options(address), db=address.db)
        self.client = self._open()

    def _open(self) -> Redis:
        address = self._address
        if self._sentinels is not None:
            master: Redis = self._sentinels.master_for(address.service)
            return master
        ((host, port),) = address.hosts
        return Redis(host=host, port=port, db=address.db, **_options(address))

    async def find(self) -> bool:
        return True  # the branch asks, again and again

    def servers(self) -> dict[str, Redis]:
        return {"": self._open()}

    def layout(self) -> object:
        return ""

    def owner(self, key: str) -> str:
        return ""

    async def close(self) -> None:
        await self.client.aclose()
        for sentinel in self._sentinels.sentinels if self._sentinels is not None else ():
            await sentinel.aclose()


class _Cluster:
    """The servers of a cluster that own slots."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self.sharded = True
        nodes = [ClusterNode(host, port) for host, port in address.hosts]
        options = {name: value for name, value in _options(address).items() if name != "retry"}
        self.client: RedisCluster = RedisCluster(startup_nodes=nodes, require_full_coverage=False, **options)

    @property
    def counts(self) -> bool:
        return self.sharded

    async def find(self) -> bool:
        try:
            await self.client.nodes_manager.initialize()
            said = await self.client.info("server", target_nodes=RedisCluster.RANDOM)
        except LOST:
            return False
        self.sharded = int(str(said["redis_version"]).split(".")[0]) >= SHARDED_FROM
        return bool(self.client.get_primaries())

    def servers(self) -> dict[str, Redis]:
        primaries = self.client.get_primaries() if self.sharded else self.client.get_primaries()[:1]
        return {node.name: Redis(host=node.host, port=int(node.port), **_options(self._address)) for node in primaries}

    def layout(self) -> object:
        cache = self.client.nodes_manager.slots_cache
        return self.sharded, tuple((slot, nodes[0].name) for slot, nodes in sorted(cache.items()) if nodes)

    def owner(self, key: str) -> str:
        nodes = self.client.nodes_manager
        if not self.sharded:
            return next((node.name for node in self.client.get_primaries()), "")
        try:
            return str(nodes.get_node_from_slot(key_slot(key.encode())).name)
        except (RedisError, KeyError, IndexError, AttributeError):
            return ""  # nobody knows at this moment

    async def close(self) -> None:
        await self.client.aclose()  # closes nothing when its last command failed
        for nodes in ("nodes_cache", "startup_nodes"):
            with contextlib.suppress(*LOST):
                await self.client.nodes_manager.aclose(nodes)


def open_site(address: Address) -> Site:
    """Return what knows where the servers of an address are; connects to nothing yet."""
    return _Cluster(address) if address.kind is Kind.CLUSTER else _One(address)


def _options(address: Address) -> dict[str, Any]:
    return {
        "username": address.username,
        "password": address.password,
        "ssl": address.tls,
        "retry": Retry(NoBackoff(), 0),  # our own loop reconnects; a request must not wait for it
        "socket_connect_timeout": ANSWER_FOR,
        "socket_timeout": ANSWER_FOR,
        "health_check_interval": 5,
    }
