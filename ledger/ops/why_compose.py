"""A trial put together from the parts of two recorded ones."""

from dataclasses import replace

from ledger.model import CodeSnapshot, Digest, Intent, Interpreter, Outcome, Trial
from ledger.model.codec import encode
from ledger.ops.why_parts import ALL, CODE, ENVIRONMENT, HYPERPARAMETERS, INPUTS, SEEDS, Pair
from ledger.store.base import Store


class Composer:
    """Puts hybrids of a pair together; each tree is stored once.

    Parameters
    ----------
    pair
        Two trials, taken apart.
    store
        Where their objects are, and where new trees are put.
    """

    def __init__(self, pair: Pair, store: Store) -> None:
        self.pair, self.store = pair, store
        self.trees: dict[tuple[int, int], tuple[Digest, Digest | None]] = {}

    def hybrid(self, swapped: frozenset[int]) -> Trial:
        """The trial with these parts, by number, of the second trial and all else of the first.

        It is no recorded one: its id is the first trial's, its outcome only tells which outputs to expect.

        Raises
        ------
        LedgerError
            If its tree cannot be put together, or not be stored.
        """
        taken = {name for number in swapped for name in self.pair.parts[number].names}
        side = {name: int(name in taken) for name in ALL}
        of = {name: self.pair.trials[side[name]] for name in ALL}
        first, around, data = self.pair.trials[0], of[ENVIRONMENT], self.pair.data
        code = self._code(of[CODE], side[CODE], side[INPUTS])
        given = (*data.given(side[INPUTS]), *data.sides[side[ENVIRONMENT]].installed)
        intent = Intent(
            argv=self.pair.commands.composed(
                program=side[ENVIRONMENT], rest=side[HYPERPARAMETERS], seeds=side[SEEDS]
            ),
            directory=of[HYPERPARAMETERS].intent.directory,
            stdin=of[INPUTS].intent.stdin,
            code=tuple(sorted((each.name, each.tree) for each in code)),
            environment=around.environment,
            seed=of[SEEDS].intent.seed,
            parameters=of[HYPERPARAMETERS].intent.parameters,
            inputs=of[INPUTS].intent.inputs,
            seeds=of[SEEDS].intent.seeds,
        )
        return replace(
            first,
            name=None,
            experiment=None,
            parent=None,
            tags=(),
            intent=intent,
            recipe=None,
            recipe_complete=False,
            code=code,
            environment=around.environment,
            interpreter=_moved(around, first.root),
            observed=around.observed,
            locks=around.locks,
            inputs=tuple(sorted({each.path: each for each in given}.values(), key=lambda each: each.path)),
            outcome=self._outcome(),
        )

    def _code(self, trial: Trial, code: int, inputs: int) -> tuple[CodeSnapshot, ...]:
        """The snapshots; the root's own has its data from where the inputs come."""
        own, *others = trial.code
        if (code, inputs) not in self.trees:
            tree = self.pair.data.tree(code, inputs)
            products = self.pair.data.products(inputs, tree)
            stored = self.store.put(encode(products)) if len(products) else None
            self.trees[code, inputs] = self.store.put(encode(tree)), stored
        tree_digest, products_digest = self.trees[code, inputs]
        return (replace(own, tree=tree_digest, products=products_digest), *others)

    def _outcome(self) -> Outcome | None:
        """What outputs to expect: those of either."""
        first, second = (each.outcome for each in self.pair.trials)
        if first is None or second is None:
            return first
        known = {each.path for each in first.outputs}
        more = (each for each in second.outputs if each.path not in known)
        return replace(first, outputs=(*first.outputs, *more))


def _moved(trial: Trial, root: str) -> Interpreter | None:
    """The interpreter as it would be called if the trial's root were another one."""
    found = trial.interpreter
    if found is None or not found.executable.startswith(trial.root + "/"):
        return found
    return replace(found, executable=root + found.executable[len(trial.root) :])
