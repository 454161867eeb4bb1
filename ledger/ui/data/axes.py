"""The axes along which trials are drawn, and what the grammar of filters calls them."""

import re
from collections.abc import Collection

from ledger.analysis.observations import Observations, Variable
from ledger.model.filter_syntax import KEYWORDS
from ledger.model.jsonform import to_json
from ledger.model.search import Search
from ledger.ops.columns import NAMES
from ledger.ui.data import Document

_BARE = re.compile(r"""[^\s()=!<>,"'`]+""")
_PARAMETER, _METRIC = "param.", "metric."


def hyperparameters(found: Observations | None, tuned: Search | None) -> list[Document]:
    """Of each hyperparameter, but seeds: name, name in filters, domain, and whether trials differ in it.

    Parameters
    ----------
    found
        The trials that ended well; None where there are none: then there are those of the search's space.
    tuned
        The search whose trials they are.
    """
    if found is not None:
        return [_axis(each, found.metrics) for each in found.variables]
    space = () if tuned is None else tuned.space.parameters
    return [
        _axis(
            Variable(
                name=each.name,
                type=each.domain.type,
                values=(),
                role=each.role,
                domain=each.domain,
                condition=each.condition,
            ),
            (),
        )
        for each in space
    ]


def metrics(found: Observations | None) -> list[Document]:
    """Of each metric: name, and name in filters."""
    if found is None:
        return []
    parameters = {each.name for each in found.variables}
    return [
        {"name": to_json(name), "ask": asked(_METRIC, name, parameters), "varies": len(set(values)) > 1}
        for name, values in found.metrics.items()
    ]


def asked(prefix: str, name: str, others: Collection[str]) -> str:
    """What a filter calls a hyperparameter or a metric: with its prefix where its name is not enough.

    Parameters
    ----------
    prefix
        ``param.`` or ``metric.``.
    name
        Of the hyperparameter or metric.
    others
        Names of the other kind.
    """
    quoted = name if _BARE.fullmatch(name) and name.lower() not in KEYWORDS else _quoted(name)
    is_plain = name not in others and (name not in NAMES or (prefix == _METRIC and name in _MEASURED))
    is_plain = is_plain and not name.startswith((_PARAMETER, _METRIC))
    return quoted if is_plain else prefix + quoted


_MEASURED = ("duration_s", "peak_memory")


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _axis(variable: Variable, metrics: Collection[str]) -> Document:
    domain = variable.domain
    return {
        "name": to_json(variable.name),
        "ask": asked(_PARAMETER, variable.name, metrics),
        "type": str(variable.type),
        "role": None if variable.role is None else str(variable.role),
        "condition": variable.condition,
        "varies": variable.varies if variable.values else True,
        "log": domain is not None and domain.log,
        "low": None if domain is None else to_json(domain.low),
        "high": None if domain is None else to_json(domain.high),
        "choices": [] if domain is None else [to_json(each) for each in domain.choices],
    }
