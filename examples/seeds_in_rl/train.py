"""Learn to swing a pendulum up: deep deterministic policy gradients (DDPG), or its successor TD3.

Both are given as many steps of the environment. TD3 (Fujimoto et al. 2018) has two critics and believes the
one that promises less, blurs the actions that they judge, and lets the actor learn at every other step only.
The return is that of what was learnt, over ten episodes: -1200 is what doing nothing earns, -150 is good.
"""

import argparse
import json

import gymnasium
import numpy

parser = argparse.ArgumentParser()
parser.add_argument("--method", choices=["ddpg", "td3"], default="ddpg")
parser.add_argument("--steps", type=int, default=8000, help="the budget")
parser.add_argument("--lr", type=float, default=0.003, help="of the critics; the actor's is a third")
parser.add_argument("--exploration", type=float, default=0.3, help="deviation of the actions' noise")
parser.add_argument("--units", type=int, default=48)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()

generator = numpy.random.default_rng(args.seed)
environment = gymnasium.make("Pendulum-v1")
LONGEST = 200
"""Steps of an episode."""
BLIND, BATCH = 400, 64
"""Steps at random before anything is learnt, and examples that each step learns from."""


class Network:
    """Two layers of weights with a hyperbolic tangent between them, and Adam."""

    def __init__(self, inputs, units):
        self.weights = [
            generator.normal(0, inputs**-0.5, (inputs + 1, units)),
            generator.normal(0, 0.1 * units**-0.5, (units + 1, 1)),
        ]
        self.moments = [(numpy.zeros_like(each), numpy.zeros_like(each)) for each in self.weights]
        self.count = 0

    def __call__(self, x):
        self.x = numpy.hstack([x, numpy.ones((len(x), 1))])
        self.hidden = numpy.hstack([numpy.tanh(self.x @ self.weights[0]), numpy.ones((len(x), 1))])
        return self.hidden @ self.weights[1]

    def back(self, slope):
        """Gradients of the weights and of the inputs, from that of what the last call gave."""
        inner = (slope @ self.weights[1].T * (1 - self.hidden**2))[:, :-1]
        return [self.x.T @ inner, self.hidden.T @ slope], (inner @ self.weights[0].T)[:, :-1]

    def step(self, gradients, lr):
        self.count += 1
        for weights, (mean, square), gradient in zip(self.weights, self.moments, gradients, strict=True):
            mean += 0.1 * (gradient - mean)
            square += 0.001 * (gradient**2 - square)
            scaled = mean / (1 - 0.9**self.count) / (numpy.sqrt(square / (1 - 0.999**self.count)) + 1e-8)
            weights -= lr * scaled

    def follow(self, other, share=0.01):
        for mine, theirs in zip(self.weights, other.weights, strict=True):
            mine += share * (theirs - mine)


def scaled(state):
    return state / numpy.array([1.0, 1.0, 8.0])


def episode(act, number):
    """The sum of rewards of one episode; its start follows from the number."""
    state, _ = environment.reset(seed=number)
    total = 0.0
    for _ in range(LONGEST):
        state, reward, _, _, _ = environment.step(act(scaled(state)))
        total += float(reward)
    return total


def learn(twins):
    """An actor, and one critic or two, of each of which a steady one follows behind."""
    actor, steady_actor = Network(3, args.units), Network(3, args.units)
    critics = [Network(4, args.units) for _ in range(2 if twins else 1)]
    steady_critics = [Network(4, args.units) for _ in critics]
    for steady, each in zip([steady_actor, *steady_critics], [actor, *critics], strict=True):
        steady.follow(each, 1.0)
    memory = numpy.empty((args.steps, 8))  # state, action, reward, next state
    state = None
    for step in range(args.steps):
        if step % LONGEST == 0:
            state, _ = environment.reset(seed=int(generator.integers(1 << 31)))
        before = scaled(state)
        action = numpy.tanh(actor(before[None])[0]) + generator.normal(0, args.exploration, 1)
        action = numpy.clip(action, -1, 1) if step > BLIND else generator.uniform(-1, 1, 1)
        state, reward, _, _, _ = environment.step(2 * action)
        memory[step] = [*before, *action, reward / 10, *scaled(state)]
        if step < BLIND:
            continue
        batch = memory[generator.integers(0, step + 1, BATCH)]
        s, a, r, after = batch[:, :3], batch[:, 3:4], batch[:, 4:5], batch[:, 5:]
        then = numpy.tanh(steady_actor(after))
        if twins:
            then = numpy.clip(then + numpy.clip(generator.normal(0, 0.2, then.shape), -0.5, 0.5), -1, 1)
        promised = [each(numpy.hstack([after, then])) for each in steady_critics]
        wanted = r + 0.98 * numpy.min(promised, axis=0)
        for critic in critics:
            error = critic(numpy.hstack([s, a])) - wanted
            critic.step(critic.back(2 * error / BATCH)[0], args.lr)
        if twins and step % 2:
            continue
        chosen = numpy.tanh(actor(s))
        critics[0](numpy.hstack([s, chosen]))
        uphill = critics[0].back(numpy.full((BATCH, 1), -1 / BATCH))[1][:, 3:]
        actor.step(actor.back(uphill * (1 - chosen**2))[0], args.lr / 3)
        for steady, each in zip([steady_actor, *steady_critics], [actor, *critics], strict=True):
            steady.follow(each)
    return lambda state: 2 * numpy.tanh(actor(state[None])[0])


learnt = learn(twins=args.method == "td3")
results = {"return": float(numpy.mean([episode(learnt, number) for number in range(10)]))}
with open("metrics.json", "w") as file:
    json.dump(results, file)
print(f"{args.method}: {results['return']:.0f} an episode")
