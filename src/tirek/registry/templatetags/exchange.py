"""Words of the exchange in templates."""

from django import template

from tirek.registry.exchange import services
from tirek.registry.exchange.words import ACTIONS, THINGS

register = template.Library()


@register.filter
def in_words(code: str) -> str:
    """``{{ "enrolment"|in_words }}``: a kind of record or of difference as people call it."""
    return str(THINGS.get(code) or ACTIONS.get(code) or code)


@register.filter
def refusal(found) -> str:
    """``{{ import|refusal }}``: why it cannot be applied, in the reader's language."""
    return services.refusal_of(found)
