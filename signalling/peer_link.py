"""One aiortc connection of a peer without a browser: its descriptions, its candidates, and a count of what arrives.

    offer() ─▶ take(answer)  ╲
                              connected ─▶ frames counted ─▶ lost or closed
    answer(offer) ───────────╱

aiortc gathers before it describes, so a description here is complete and no candidate follows it. It cannot
restart ICE: after a change of network the owner makes another link, with another certificate (PROTOCOL.md §2.3).
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec
import numpy as np
from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCDataChannel,
    RTCIceServer,
    RTCIceTransportPolicy,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from aiortc.sdp import candidate_from_sdp
from aiortc.stats import RTCInboundRtpStreamStats, RTCRemoteInboundRtpStreamStats, RTCTransportStats
from av import AudioFrame, VideoFrame
from av.frame import Frame

from signalling.errors import BadMessage
from signalling.ice import IceServer
from signalling.protocol import check_sdp

CANDIDATES: Final = 32  # of one offer: a page with five networks has about twenty; more would make us knock around
MEASURES_ID: Final = 2  # of the data channel; 0 and 1 are the call's own (call_ladder.js)
WORDS: Final = 64  # said over the data channel and not yet read; what comes after them is lost
CLOCK: Final = {"audio": 48_000, "video": 90_000}  # Hz of RTP timestamps: Opus, and every video codec


class Received(msgspec.Struct, frozen=True):
    """What arrived of one kind of media. `loudest`: of its voice, 0 (silence) to 1; `jitter_ms` as RFC 3550 has it."""

    packets: int = 0
    lost: int = 0
    jitter_ms: float = 0.0
    frames: int = 0
    width: int = 0
    height: int = 0
    loudest: float = 0.0


class LinkStats(msgspec.Struct, frozen=True):
    """A link since it was made. `sent_lost` is what the other end missed lately, 0 to 1; None: it has not said yet."""

    connected: bool
    seconds: float
    bytes_in: int
    bytes_out: int
    audio: Received
    video: Received
    round_trip_ms: float | None = None
    sent_lost: float | None = None


@dataclass(slots=True)
class Heard:
    """Frames that arrived of one kind of media."""

    frames: int = 0
    width: int = 0
    height: int = 0
    loudest: float = 0.0
    flows: asyncio.Event = field(default_factory=asyncio.Event)

    def count(self, frame: Frame) -> None:
        self.frames += 1
        self.flows.set()
        if isinstance(frame, VideoFrame):
            self.width, self.height = frame.width, frame.height
        elif isinstance(frame, AudioFrame):
            samples = frame.to_ndarray().astype(np.float32) / 32768
            self.loudest = max(self.loudest, float(np.sqrt(np.mean(samples**2))))


class HeardTrack(MediaStreamTrack):
    """A remote track whose frames are counted as somebody takes them."""

    def __init__(self, source: MediaStreamTrack, heard: Heard) -> None:
        super().__init__()
        self.kind = source.kind
        self._source = source
        self._heard = heard

    async def recv(self) -> Frame:
        frame = await self._source.recv()
        if not isinstance(frame, Frame):  # a player's packet; what came over a line is decoded
            raise MediaStreamError
        self._heard.count(frame)
        return frame


class Link:
    """One connection. `echo` sends back what arrives; otherwise `tracks` are sent, and what arrives is counted."""

    def __init__(
        self,
        ice_servers: Sequence[IceServer] = (),
        tracks: Iterable[MediaStreamTrack] = (),
        *,
        relay_only: bool = False,
        echo: bool = False,
        said: asyncio.Queue[str] | None = None,
    ) -> None:
        self._pc = RTCPeerConnection(_configuration(ice_servers, relay_only))
        self._tracks = tuple(tracks)
        self._echo = echo
        self._began = time.monotonic()
        self._arrived: list[MediaStreamTrack] = []
        self._drains: list[asyncio.Task[None]] = []
        self.heard = {"audio": Heard(), "video": Heard()}
        self.connected = asyncio.Event()
        self.lost = asyncio.Event()
        self.said = asyncio.Queue[str](WORDS) if said is None else said
        self._channel: RTCDataChannel | None = None
        self._pc.on("track", self._arrived.append)
        self._pc.on("datachannel", self._open)
        self._pc.on("connectionstatechange", self._note_state)

    async def offer(self, channel: str = "") -> str:
        """Return a complete offer of media and of one data channel: of MEASURES.md, or the one that is named."""
        for track in self._tracks:
            self._pc.addTransceiver(track)
        if channel:
            self._open(self._pc.createDataChannel(channel))
        else:
            self._open_measures()
        await self._pc.setLocalDescription(await self._pc.createOffer())
        return self._pc.localDescription.sdp

    async def answer(self, sdp: str) -> str:
        """Return a complete answer to an offer; raise BadMessage when it is not one that can be answered."""
        await self._take(sdp, "offer")
        if self._pc.sctp is not None and not self._echo:
            self._open_measures()
        heard = self._new_tracks()
        for transceiver in self._pc.getTransceivers():
            transceiver.direction = "sendrecv"  # even without a track yet: it may come later, with no other answer
        self._put_on(heard.values() if self._echo else self._tracks)
        await self._pc.setLocalDescription(await self._pc.createAnswer())
        for transceiver in self._pc.getTransceivers():
            if not self._echo or transceiver.currentDirection == "recvonly":  # else the echo takes the frames
                self._drain(heard.get(transceiver.receiver.track))
        return self._pc.localDescription.sdp

    def open(self, tracks: Sequence[MediaStreamTrack]) -> None:
        """Begin to send, on a link that was made without tracks: it was warm, and nothing flowed."""
        self._tracks = (*self._tracks, *tracks)
        self._put_on(tracks)

    async def take(self, sdp: str) -> None:
        """Take the answer to our offer; an answer that nobody asked for is dropped."""
        if self._pc.signalingState == "have-local-offer":
            await self._take(sdp, "answer")
            for heard in self._new_tracks().values():
                self._drain(heard)

    async def take_candidate(self, candidate: str | None, mid: str | None) -> None:
        """Take a candidate of the other end. One that makes no sense is dropped: others will do."""
        if not candidate or mid is None or self._pc.remoteDescription is None:
            return
        try:
            parsed = candidate_from_sdp(candidate.removeprefix("candidate:"))
            parsed.sdpMid = mid
            await self._pc.addIceCandidate(parsed)
        except Exception:  # what a stranger wrote may fail anywhere in the parser
            return

    def send(self, words: str) -> bool:
        """Say something over the data channel; False while none is open."""
        if self._channel is None or self._channel.readyState != "open":
            return False
        self._channel.send(words)
        return True

    async def stats(self) -> LinkStats:
        """Return what was counted so far."""
        report = list((await self._pc.getStats()).values())
        transports = [one for one in report if isinstance(one, RTCTransportStats)]
        said = [one for one in report if isinstance(one, RTCRemoteInboundRtpStreamStats)]
        return LinkStats(
            connected=self.connected.is_set() and not self.lost.is_set(),
            seconds=time.monotonic() - self._began,
            bytes_in=sum(one.bytesReceived for one in transports),
            bytes_out=sum(one.bytesSent for one in transports),
            audio=self._received("audio", report),
            video=self._received("video", report),
            round_trip_ms=min((one.roundTripTime * 1000 for one in said if one.roundTripTime), default=None),
            sent_lost=max((one.fractionLost for one in said), default=None),
        )

    def _received(self, kind: str, report: list[object]) -> Received:
        heard = self.heard[kind]
        inbound = [one for one in report if isinstance(one, RTCInboundRtpStreamStats) and one.kind == kind]
        return Received(
            packets=sum(one.packetsReceived for one in inbound),
            lost=max(0, sum(one.packetsLost for one in inbound)),
            jitter_ms=max((one.jitter * 1000 / CLOCK[kind] for one in inbound), default=0.0),
            frames=heard.frames,
            width=heard.width,
            height=heard.height,
            loudest=heard.loudest,
        )

    async def close(self) -> None:
        """End the connection, its threads and its tasks; a second time it does nothing."""
        self.lost.set()
        await self._pc.close()
        for track in self._tracks:
            track.stop()
        for drain in self._drains:
            drain.cancel()
        await asyncio.gather(*self._drains, return_exceptions=True)

    # --- what aiortc tells -----------------------------------------------------------------------------------

    async def _take(self, sdp: str, kind: str) -> None:
        """Give aiortc what was checked: without a fingerprint it fails in a background task, where nobody sees it."""
        check_sdp(sdp)
        if sdp.count("\na=candidate:") > CANDIDATES:
            raise BadMessage
        try:
            await self._pc.setRemoteDescription(RTCSessionDescription(sdp, kind))
        except Exception as error:  # what a stranger wrote may fail anywhere in the parser
            raise BadMessage from error

    def _put_on(self, tracks: Iterable[MediaStreamTrack]) -> None:
        """Give each track to a sender of its kind that has none; aiortc negotiated them with the answer."""
        for track in tracks:
            free = (one.sender for one in self._pc.getTransceivers() if one.kind == track.kind)
            sender = next((one for one in free if one.track is None), None)
            if sender is not None:
                sender.replaceTrack(track)

    def _new_tracks(self) -> dict[MediaStreamTrack, HeardTrack]:
        """Return the tracks that the last description brought, each by the one that aiortc fills."""
        new, self._arrived = self._arrived, []
        return {track: HeardTrack(track, self.heard[track.kind]) for track in new}

    def _drain(self, track: HeardTrack | None) -> None:
        if track is not None:
            self._drains.append(asyncio.create_task(_drain(track), name=f"peer-{track.kind}"))

    def _open_measures(self) -> None:
        """Agreed on beforehand: aiortc and browsers would else give a new channel the number of an agreed one."""
        self._open(self._pc.createDataChannel("measures", negotiated=True, id=MEASURES_ID))

    def _open(self, channel: RTCDataChannel) -> None:
        self._channel = channel
        channel.on("message", self._listen)

    def _listen(self, words: str | bytes) -> None:
        if self._echo and self._channel is not None:
            self._channel.send(words)
        elif isinstance(words, str) and not self.said.full():
            self.said.put_nowait(words)

    def _note_state(self) -> None:
        if self._pc.connectionState == "connected":
            self.connected.set()
        elif self._pc.connectionState in ("failed", "closed"):
            self.lost.set()


def _configuration(ice_servers: Sequence[IceServer], relay_only: bool) -> RTCConfiguration:
    """An empty list of servers, not None: None would ask a STUN server of somebody else's choice."""
    return RTCConfiguration(
        iceServers=[RTCIceServer(list(one.urls), one.username, one.credential) for one in ice_servers],
        iceTransportPolicy=RTCIceTransportPolicy.RELAY if relay_only else RTCIceTransportPolicy.ALL,
        bundlePolicy=RTCBundlePolicy.MAX_BUNDLE,
    )


async def _drain(track: HeardTrack) -> None:
    """Take every frame, so that none waits: aiortc's queue has no end."""
    try:
        while True:
            await track.recv()
    except MediaStreamError:
        return
