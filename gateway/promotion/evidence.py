"""What the target's decision records say about the promoted rules: a replay, and the comparison with candidate rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.analysis.replay import Replay
from gateway.observe.decision_record import LACKING, NO_RULE, decision_input, not_replayable
from gateway.observe.record_reader import record_lines, sound_record_on
from gateway.observe.shadow_report import ShadowReport
from gateway.policy.ruleset import RuleSet


@dataclass(frozen=True, slots=True)
class Threshold:
    """How many requests may be decided differently: a share of those that were decided, or a number."""

    words: str
    share: float | None
    number: int = 0

    @classmethod
    def parse(cls, words: str) -> Threshold:
        """From `0.1%` or `25`. Raises ValueError."""
        try:
            if words.endswith("%"):
                share = float(words[:-1]) / 100
                if 0 <= share <= 1:
                    return cls(words, share)
            elif words.isascii() and words.isdigit():
                return cls(words, None, int(words))
        except ValueError:
            pass
        raise ValueError(f"write a share or a number of requests, such as 0.1% or 25, not {words!r}")

    def exceeded(self, different: int, decided: int) -> bool:
        """Whether these are too many."""
        return different > (self.number if self.share is None else self.share * decided)


@dataclass(frozen=True, slots=True)
class Counted:
    """How many requests were `decided`, and how many of them have another outcome under the promoted rules.

    `untold`: what they do not show, in words.
    """

    what: str
    decided: int
    different: int
    examples: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()

    def words(self) -> str:
        """For people to read."""
        share = f" ({self.different / self.decided:.2%})" if self.decided else ""
        return f"{self.what}: {self.different:,} of {self.decided:,} requests decided differently{share}"


class PromotionEvidence:
    """Reads records of the target once: they are decided again by `rules`, and what their shadow said about these rules is
    counted. Records of other environments count for nothing; `strange` is their number.
    """

    def __init__(self, rules: RuleSet, environment: str) -> None:
        self._hash = rules.hash
        self._environment = environment
        self._replay = Replay(rules, decision_input)
        self._shadow: ShadowReport | None = None
        self._compared = False
        self.strange = 0
        self._left_out: Counter[str] = Counter()

    def read(self, places: Sequence[str]) -> None:
        """Count the records of these files. Raises OSError."""
        for place in places:
            for line in record_lines(place):
                record = sound_record_on(line)
                if record is None:
                    self._left_out["broken lines"] += 1
                else:
                    self._add(record)

    def _add(self, record: Mapping[str, Any]) -> None:
        if record.get("environment") != self._environment:
            self.strange += 1
            return
        shadow = record.get("shadow")
        if record.get("kind") == "shadow":
            self._compared = record.get("rules") == self._hash
        elif isinstance(shadow, dict):
            self._compared = shadow.get("rules") == self._hash
        # Requests count while exactly these rules are the candidate.
        if self._compared:
            self._shadow = self._shadow or ShadowReport()
            self._shadow.add(record)
        why = not_replayable(record)
        if why is None:
            try:
                self._replay.add(record)
            except ValueError:
                why = LACKING
        if why is not None and why != NO_RULE and record.get("kind") == "request":
            self._left_out[why] += 1

    def counted(self) -> Iterator[Counted]:
        """The replay, and the shadow report where the target compared these very rules."""
        found = [each for each in self._replay.differences if each.change != "rule"]
        examples = [
            f"{each.then_rule or 'no rule'} -> {each.now_rule or 'no rule'}: {each.count:,} {_WORDS[each.change]}, such as"
            f" {', '.join(each.samples)}"
            for each in found
        ]
        different = sum(each.count for each in found)
        yield Counted("replay", self._replay.decided, different, tuple(examples), tuple(self._untold()))
        if self._shadow is not None:
            several = self._shadow.differences
            examples = [
                f"{each.rule or 'no rule'} -> {each.candidate_rule or 'no rule'}: {each.count:,}"
                f" {each.change.replace('_', ' ')}, such as {each.samples[0]}"
                for each in several
            ]
            different = sum(each.count for each in several)
            yield Counted("shadow report", self._shadow.decided, different, tuple(examples))

    def _untold(self) -> Iterator[str]:
        for words, count in sorted(self._left_out.items()):
            yield f"not decided again: {count:,} {words}"
        for words, count in sorted(self._replay.doubtful.items()):
            yield f"not certain: {count:,} requests, for {words}"


_WORDS = {"gains": "newly allowed", "loses": "newly denied", "moves": "elsewhere"}
