"""Other tools of this kind on one small project, and what can be learnt from what each of them recorded."""

from asked.base import Peer, UnavailableError
from asked.of_datalad import Datalad
from asked.of_dvc import Dvc
from asked.of_guild import Guild
from asked.of_ledger import Ledger
from asked.of_mlflow import Mlflow
from asked.of_sacred import Sacred
from asked.of_sciproof import Sciproof
from asked.of_wandb import Wandb
from asked.questions import QUESTIONS, ask

PEERS = {
    each.__name__.lower(): each for each in (Ledger, Sciproof, Datalad, Dvc, Guild, Sacred, Mlflow, Wandb)
}

__all__ = ["PEERS", "QUESTIONS", "Peer", "UnavailableError", "ask"]
