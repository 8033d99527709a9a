"""The stand-in provider in each situation: it answers in OpenAI's and Anthropic's protocols what it is asked."""

from __future__ import annotations

from mutagent.demo.provider import Failure, Provider, Reply, Rule, Script
from tests.integrations.situations import Situation
from tests.servers.faults import Fault, FaultyProvider, faulty

LONG = "You said: Say hello."
REFUSED = Failure(400, "That cannot be.", "invalid_request_error", "broken")
OVERLOADED = Failure(503, "Later.", headers={"retry-after-ms": "1"})
RULES = {
    Situation.ANSWERED: (),
    Situation.REFUSED: (Rule(Reply(failure=REFUSED)),),
    Situation.OVERLOADED: (Rule(Reply(failure=OVERLOADED), times=2),),
    Situation.BROKEN: (Rule(faulty("never", Fault("close"))),),
    Situation.SILENT: (Rule(Reply("late", delay=60)),),
    Situation.CUT: (Rule(faulty(LONG, Fault("cut", after=2))),),
    Situation.HUNG: (Rule(faulty(LONG, Fault("hang", after=2))),),
    Situation.FAILED: (Rule(faulty(LONG, Fault("error", after=2))),),
}


class StandIn(FaultyProvider):
    """The stand-in provider as a server of the contract."""

    @property
    def served(self) -> int:
        """How many requests it has met."""
        return len(self.journal)


def script(*rules: Rule) -> Provider:
    """A stand-in that answers by these rules, begun."""
    return StandIn(Script(rules)).start()


class _StandingIn:
    """The stand-in knows every situation."""

    def meets(self, situation: Situation) -> bool:
        return situation in RULES

    def __call__(self, situation: Situation) -> Provider:
        return script(*RULES[situation])


STANDING_IN = _StandingIn()
