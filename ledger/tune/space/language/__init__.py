"""How a space is written: ``-p`` options, ``space.toml`` or a mapping → Space, and back.

::

    parameter = NAME "=" ( domain | VALUE ) { counted } [ "if" CONDITION ] { counted }
    domain    = KIND "(" [ argument { "," argument } ] ")"
    KIND      = "real" | "log" | "int" | "choice" | "ordinal" | "bool" | "fixed"
    argument  = VALUE | "log" | ( "step" | "default" | "role" ) "=" VALUE
    counted   = "for" VARIABLE "in" FIRST ".." ( LAST | NAME )
    VALUE     = number | "true" | "false" | "null" | bare text | quoted text | "[" [ VALUE { "," VALUE } ] "]"

CONDITION is a filter as ``--where`` reads it, over other parameters. A constraint compares terms over
parameters (see `ledger.tune.space.constraints`), and can be counted too.
"""
