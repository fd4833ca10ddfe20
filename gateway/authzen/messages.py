"""The requests of the Authorization API, checked: what is unknown in them is ignored, as the specification demands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from gateway.errors import GatewayError

Semantic = Literal["execute_all", "deny_on_first_deny", "permit_on_first_permit"]
_NAME: Final = StringConstraints(min_length=1, max_length=256, strict=True)
# An assertion is as long as a header can be.
_LONG: Final = StringConstraints(min_length=1, max_length=65_536, strict=True)
_WORDS: Final = {
    "missing": "is required",
    "dict_type": "write an object",
    "model_type": "write an object",
    "list_type": "write a list",
    "string_type": "write a text",
    "string_too_short": "write a text that is not empty",
}
DEFAULTS: Final = ("subject", "action", "resource", "context")


class Unanswerable(GatewayError):
    """The question has no answer, as `status` and `detail` say to whoever asks."""

    status = 400
    code = "unanswerable"

    def __init__(self, detail: str, status: int = 400) -> None:
        super().__init__(detail)
        self.answered = status


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class Kind(_Message):
    """What is searched for: an entity without its id, which is ignored where it is there."""

    type: Annotated[str, _NAME]
    properties: dict[str, Any] = Field(default_factory=dict)


class Entity(Kind):
    """A subject or a resource."""

    id: Annotated[str, _LONG]


class Action(_Message):
    """What somebody wants to do."""

    name: Annotated[str, _NAME]
    properties: dict[str, Any] = Field(default_factory=dict)


class Evaluation(_Message):
    """May this subject do this to this resource?"""

    subject: Entity
    action: Action
    resource: Entity
    context: dict[str, Any] = Field(default_factory=dict)


class Options(_Message):
    """How several evaluations are executed."""

    evaluations_semantic: Semantic = "execute_all"


class Evaluations(_Message):
    """Several evaluations; `subject`, `action`, `resource` and `context` are what they have where they say nothing."""

    subject: Entity | None = None
    action: Action | None = None
    resource: Entity | None = None
    context: dict[str, Any] | None = None
    evaluations: list[dict[str, Any]] = Field(default_factory=list)
    options: Options = Options()


class Page(_Message):
    """Which part of the results is wanted."""

    token: str = ""
    limit: Annotated[int, Field(ge=0)] | None = None


class _Search(_Message):
    context: dict[str, Any] = Field(default_factory=dict)
    page: Page = Page()


class SubjectSearch(_Search):
    """Who may do this to this resource?"""

    subject: Kind
    action: Action
    resource: Entity


class ResourceSearch(_Search):
    """To what may this subject do this?"""

    subject: Entity
    action: Action
    resource: Kind


class ActionSearch(_Search):
    """What may this subject do to this resource?"""

    subject: Entity
    resource: Entity


T = TypeVar("T", bound=BaseModel)


def parse_message(model: type[T], data: Mapping[str, Any]) -> T:
    """The message in this data. Raises Unanswerable, which names the first thing that is wrong."""
    try:
        return model.model_validate(data)
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Unanswerable(f"{where}: {_WORDS.get(first['type'], first['msg'])}") from None


def each_evaluation(message: Evaluations, data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The evaluations as plain data, each with the defaults that it replaces as a whole or not at all."""
    defaults = {name: data[name] for name in DEFAULTS if name in data}
    return [{**defaults, **each} for each in message.evaluations]
