"""The floor: what aiohttp, uvloop and JSON need to carry texts between two sockets of a room, for anybody who asks."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import defaultdict

import uvloop
from aiohttp import WSMsgType, web

ROOMS: web.AppKey[defaultdict[str, list[web.WebSocketResponse]]] = web.AppKey("rooms")


async def room(request: web.Request) -> web.WebSocketResponse:
    """GET /room/{name}: what one of the two says goes to the other."""
    ws = web.WebSocketResponse(heartbeat=20, max_msg_size=64 * 1024, compress=False)
    await ws.prepare(request)
    sockets = request.app[ROOMS][request.match_info["name"]]
    sockets.append(ws)
    try:
        async for message in ws:
            if message.type is not WSMsgType.TEXT:
                break
            json.loads(message.data)
            for other in sockets:
                if other is not ws:
                    await other.send_str(message.data)
    finally:
        sockets.remove(ws)
    return ws


async def alive(_request: web.Request) -> web.Response:
    """GET /healthz"""
    return web.json_response({"alive": True})


async def main(port: int) -> None:
    """Relay until the end."""
    app = web.Application()
    app[ROOMS] = defaultdict(list)
    app.router.add_get("/room/{name}", room)
    app.router.add_get("/healthz", alive)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=4096).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        loop.run(main(int(sys.argv[1])))
