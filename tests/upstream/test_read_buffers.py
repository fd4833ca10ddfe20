"""One buffer of each loop, of which less is lent to what may have to wait for a client."""

from __future__ import annotations

import threading

from gateway.upstream.read_buffers import MOST_OF_BODY, ReadBuffers


def test_all_are_parts_of_one_buffer_which_each_thread_has_for_itself() -> None:
    buffers = ReadBuffers()
    assert len(buffers.large) > len(buffers.body) == MOST_OF_BODY > len(buffers.switch)
    buffers.large[0] = 7
    assert buffers.body[0] == buffers.switch[0] == 7
    of_another: list[int] = []
    thread = threading.Thread(target=lambda: of_another.append(buffers.large[0]))
    thread.start()
    thread.join()
    assert of_another == [0]
