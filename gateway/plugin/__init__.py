"""Everything that a policy may import. `gateway.plugin.testing` has what the tests of a policy need."""

from pydantic import Field

from gateway.client_limits import client_of
from gateway.codec import IdentityView
from gateway.model import (
    Allow,
    Alternatives,
    Deny,
    Identity,
    Missing,
    NotApplicable,
    Organisation,
    Right,
    Verdict,
)
from gateway.outgoing.answer_body import answer_body
from gateway.outgoing.client_tls import ClientTls
from gateway.outgoing.egress import Egress
from gateway.plugin.authzen import DecisionPoint, Evaluation
from gateway.plugin.authzen_answer import authzen_helps, authzen_missing
from gateway.plugin.contract import LOGIN, UNANSWERED, Facts, Policy
from gateway.plugin.distinctions import Distinctions, combine
from gateway.plugin.engine_client import engine_client
from gateway.plugin.fact_source import FactClient, FactSource, Question
from gateway.plugin.load_context import LoadContext, NamedRight, UnknownName
from gateway.plugin.opening_hours import OpeningHours, parse_days, parse_span
from gateway.plugin.references import RightRef, Template, TemplateRef
from gateway.plugin.requirements import NOTHING_HELPS, NOTHING_MISSING, all_of, any_of
from gateway.settings import Duration, FileBeside, Secret, SecretRef, SharedStore

__all__ = [
    "LOGIN",
    "NOTHING_HELPS",
    "NOTHING_MISSING",
    "UNANSWERED",
    "Allow",
    "Alternatives",
    "ClientTls",
    "DecisionPoint",
    "Deny",
    "Distinctions",
    "Duration",
    "Egress",
    "Evaluation",
    "FactClient",
    "FactSource",
    "Facts",
    "Field",
    "FileBeside",
    "Identity",
    "IdentityView",
    "LoadContext",
    "Missing",
    "NamedRight",
    "NotApplicable",
    "OpeningHours",
    "Organisation",
    "Policy",
    "Question",
    "Right",
    "RightRef",
    "Secret",
    "SecretRef",
    "SharedStore",
    "Template",
    "TemplateRef",
    "UnknownName",
    "Verdict",
    "all_of",
    "answer_body",
    "any_of",
    "authzen_helps",
    "authzen_missing",
    "client_of",
    "combine",
    "engine_client",
    "parse_days",
    "parse_span",
]
