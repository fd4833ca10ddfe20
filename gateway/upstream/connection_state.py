"""The states of an exchange with the register, and how they follow one another."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class ConnectionState(IntEnum):
    """How far the exchange on a connection is.

    Two facts don't follow from it: whether the connection is open, and whether the whole request has been sent.
    A register may answer before it has the request, and close the connection with or after its answer.
    """

    IDLE = 0
    """No exchange: the register has nothing to send."""
    WAITING = 1
    """The exchange has begun, no octet of an answer has arrived."""
    HEAD = 2
    """An answer has begun, its head is not complete."""
    BODY = 3
    """The head has arrived, the body is arriving."""
    COMPLETE = 4
    """The whole answer has arrived."""
    FAILED = 5
    """The exchange broke off; nothing follows."""


IDLE, WAITING, HEAD, BODY, COMPLETE, FAILED = ConnectionState
NEXT: Final = {
    IDLE: (WAITING,),
    WAITING: (COMPLETE, BODY, HEAD, FAILED),
    HEAD: (COMPLETE, BODY, FAILED),
    BODY: (COMPLETE, FAILED),
    COMPLETE: (IDLE,),
    FAILED: (),
}
"""The states that may follow each state. A failed connection is closed and carries nothing more.

Head, body and end often arrive in one piece: then the states between are passed over.
"""
UNDER_WAY: Final = (WAITING, HEAD, BODY)
"""The exchange goes on."""

SETTLED: Final = (BODY, COMPLETE, FAILED)
"""Waiting for the head of the answer is over."""
