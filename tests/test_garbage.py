"""Nothing is collected while much is made that stays, and in a tuned process it is not looked at later either."""

import gc
import subprocess
import sys
import textwrap
import weakref

import pytest

from gateway import garbage


def test_no_collection_while_the_block_runs() -> None:
    with garbage.paused():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ValueError, match="x"), garbage.paused():
        raise ValueError("x")
    assert gc.isenabled()


def test_a_tuned_process_freezes_what_stays() -> None:
    # In a process of its own, for it is tuned as a whole.
    program = """
        import gc
        from gateway import garbage
        with garbage.paused():
            pass
        assert gc.get_freeze_count() == 0
        garbage.tune()
        before = gc.get_freeze_count()
        assert before > 0 and gc.isenabled()
        with garbage.paused():
            kept = [[] for _ in range(100_000)]
        assert gc.get_freeze_count() >= before + 100_000
        del kept
        garbage.collect_frozen()
        assert 0 < gc.get_freeze_count() < before + 100_000
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, timeout=30)


def test_what_is_frozen_in_cycles_is_collected_once_memory_has_grown_by_half() -> None:
    program = """
        import gc, sys
        from gateway import garbage
        garbage.tune()
        frozen = garbage.Frozen()
        frozen.look()
        start = sys.getallocatedblocks()
        def leave(count):
            with garbage.paused():
                for _ in range(count):
                    cycle = []
                    cycle.append(cycle)
        leave(start // 20)
        frozen.look()
        assert sys.getallocatedblocks() > 1.05 * start  # too little yet
        leave(start)
        frozen.look()
        assert sys.getallocatedblocks() < 1.05 * start
        assert gc.get_freeze_count() > 0
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, timeout=30)


def test_a_large_structure_is_freed_piece_by_piece_outer_ones_first() -> None:
    freed: list[str] = []

    class Piece:
        def __init__(self, name: str, *parts: object) -> None:
            self.parts = parts
            weakref.finalize(self, freed.append, name)

    inner = Piece("inner")
    outer = Piece("outer", inner)
    held = Piece("held")
    pieces: list[object] = [outer, inner, held]
    del outer, inner
    garbage.drop(pieces)
    assert (pieces, freed) == ([], ["outer", "inner"])
    del held
    assert freed == ["outer", "inner", "held"]
