"""Whatever happens in whatever order: never more connections than allowed, none lost, none given to two."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gateway.errors import Overloaded, UpstreamUnreachable
from gateway.upstream.connection import UpstreamConnection
from gateway.upstream.pool import ConnectionPool
from gateway.upstream.settings import UpstreamSettings
from gateway.upstream.shares import Party
from tests.upstream.transports import RecordingTransport

MAX, PER_CLIENT = 8, 3
PARTIES = st.sampled_from([Party("a"), Party("b", "s"), Party("c", "s"), Party("d", "t")])
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class PoolMachine(RuleBasedStateMachine):
    """Drives a pool whose connections are opened when the machine says so."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.opening: list[asyncio.Future[None]] = []
        self.transports: list[RecordingTransport] = []
        self.asking: list[tuple[Party, asyncio.Task[UpstreamConnection]]] = []
        self.held: list[tuple[Party, UpstreamConnection]] = []
        self.loop.create_connection = self.connect  # type: ignore[method-assign, assignment]
        self.pool = ConnectionPool(
            UpstreamSettings.model_validate(
                {
                    "url": "http://127.0.0.1:1",
                    "max_connections": MAX,
                    "max_connections_per_client": PER_CLIENT,
                    "max_connections_per_session": 2,
                    "queue_timeout": "60s",
                }
            )
        )
        self.loop.run_until_complete(self.pool.start())

    async def connect(self, make: Callable[[], UpstreamConnection], *_: Any, **__: Any) -> Any:
        allowed = self.loop.create_future()
        self.opening.append(allowed)
        await allowed
        transport, connection = RecordingTransport(), make()
        connection.connection_made(transport)
        self.transports.append(transport)
        return transport, connection

    def within(self, call: Callable[[], object]) -> None:
        """Call from inside the loop, then let everything happen that follows."""

        async def called() -> None:
            call()

        self.loop.run_until_complete(called())
        self.settle()

    def settle(self) -> None:
        async def rounds() -> None:
            for _ in range(6):
                await asyncio.sleep(0)

        self.loop.run_until_complete(rounds())
        for party, task in tuple(self.asking):
            if task.done():
                self.asking.remove((party, task))
                with contextlib.suppress(asyncio.CancelledError, Overloaded, UpstreamUnreachable):
                    connection = task.result()
                    assert all(connection is not other for _, other in self.held)
                    self.held.append((party, connection))

    @rule(party=PARTIES, repeatable=st.booleans())
    def ask(self, party: Party, repeatable: bool) -> None:
        self.asking.append((party, self.loop.create_task(self.pool.acquire(party, repeatable=repeatable))))
        self.settle()

    @rule(party=PARTIES)
    def ask_for_a_fresh_one(self, party: Party) -> None:
        self.asking.append((party, self.loop.create_task(self.pool.fresh(party))))
        self.settle()

    @precondition(lambda self: self.opening)
    @rule(refuse=st.booleans(), data=st.data())
    def open(self, refuse: bool, data: st.DataObject) -> None:
        allowed = self.opening.pop(data.draw(st.integers(0, len(self.opening) - 1)))
        if not allowed.done():
            allowed.set_exception(OSError("refused")) if refuse else allowed.set_result(None)
        self.settle()

    @precondition(lambda self: self.asking)
    @rule(data=st.data(), at_once=st.booleans())
    def cancel(self, data: st.DataObject, at_once: bool) -> None:
        _, task = self.asking[data.draw(st.integers(0, len(self.asking) - 1))]
        if at_once and self.held:
            _, connection = self.held.pop()

            def both() -> None:
                self.pool.release(connection)  # the turn may come in the same round
                task.cancel()

            self.within(both)
        else:
            self.within(task.cancel)

    @precondition(lambda self: self.held)
    @rule(
        data=st.data(),
        end=st.sampled_from(["clean", "head", "unfinished", "closed", "stray"]),
        times=st.integers(1, 2),
    )
    def release(self, data: st.DataObject, end: str, times: int) -> None:
        _, connection = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        if not connection.closed:
            connection.start("HEAD" if end == "head" else "GET")
            connection.request_sent()
            if end != "unfinished":
                connection.data_received(OK)
            if end == "closed":
                connection.connection_lost(None)
            if end == "stray":
                connection.data_received(b"x")
        for _ in range(times):
            if all(connection is not other for _, other in self.held):  # else another exchange has it by now
                self.within(lambda: self.pool.release(connection))

    @precondition(lambda self: self.held)
    @rule()
    def relieve(self) -> None:
        party, connection = self.held[0]
        if not connection.closed:
            connection.start("GET")
            connection.waits_for_client_since = self.loop.time() - 60
        self.within(self.pool._relieve)
        if connection.closed:
            self.held.remove((party, connection))
        else:
            connection.connection_lost(None)
        self.within(lambda: self.pool.release(connection))
        self.held = [(p, c) for p, c in self.held if c is not connection]
        self.settle()

    @rule()
    def quiet_passes(self) -> None:
        self.within(self.pool._idle._promote)

    @invariant()
    def the_numbers_are_right(self) -> None:
        pool, opening = self.pool, sum(not each.done() for each in self.opening)
        assert pool.open_connections <= MAX
        assert pool.open_connections == len(pool._idle) + len(self.held) + opening
        for party, _ in self.held:
            assert sum(other.client == party.client for other, _ in self.held) <= PER_CLIENT
        assert not {connection for _, connection in self.held} & set(pool._idle)

    @invariant()
    def some_are_left_for_sessions(self) -> None:
        strangers = [party for party, _ in self.held if party.session is None]
        assert len(strangers) <= MAX - MAX // 8

    @invariant()
    def nobody_waits_without_need(self) -> None:
        waiting = [turn for turn in self.pool._queue if not turn.future.done()]
        if self.pool.open_connections < MAX or len(self.pool._idle):
            assert not any(self.pool._may_hold(turn.party) for turn in waiting)

    def teardown(self) -> None:
        for _, task in self.asking:
            task.cancel()
        self.settle()
        for _, connection in self.held:
            self.within(lambda connection=connection: self.pool.release(connection))  # type: ignore[misc]
        self.loop.run_until_complete(self.pool.aclose())
        assert self.pool.open_connections == 0
        self.loop.close()


PoolMachine.TestCase.settings = hypothesis_settings(max_examples=25, stateful_step_count=25, deadline=None)
TestPool = PoolMachine.TestCase
