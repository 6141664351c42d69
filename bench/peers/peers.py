"""The workloads of bench/ in PyTorch and JAX, timed one by one.

python peers.py WORKLOAD --threads N --data DIR prints one JSON object: the
median seconds of a unit by peer, the first loss, and for whole processes the
greatest memory. Batches stand ready in memory, in the layout that each likes
best; what is timed is the step or the computation alone.
"""
import argparse
import gzip
import json
import os
import resource
import statistics
import subprocess
import sys
import time

args = argparse.ArgumentParser()
args.add_argument("workload")
args.add_argument("--threads", type=int, default=1)
args.add_argument("--data", default=".")
args.add_argument("--size", type=int, default=256, help="of the matrices of gemm")
args.add_argument("--part", default="", help="used by the script itself, for whole processes")
args = args.parse_args()

for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = str(args.threads)
if args.workload == "gemm":
    # Threads that wait awake for the next call do so for half a millisecond, not an eighth of a
    # second, in which they would be in the way of the other side.
    os.environ["OPENBLAS_THREAD_TIMEOUT"] = "20"
os.environ["JAX_PLATFORMS"] = "cpu"
if args.threads == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    if hasattr(os, "sched_setaffinity") and not args.part:
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[-1]})

import numpy as np  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


def seconds(step, block=lambda r: r, budget=0.7):
    """Median time of a call after a warm-up."""
    for _ in range(3):
        block(step())
    began = time.perf_counter()
    block(step())
    once = time.perf_counter() - began
    inner = max(1, int(1e-3 / max(once, 1e-7)))
    times = []
    end = time.perf_counter() + budget
    while time.perf_counter() < end or len(times) < 3:
        began = time.perf_counter()
        for _ in range(inner):
            r = step()
        block(r)
        times.append((time.perf_counter() - began) / inner)
    return statistics.median(times)


def drawn(n, k, size):
    i = np.arange(1, n + 1, dtype=np.int64)
    return (np.float32(size) * (np.mod(i * k, 1000003).astype(np.float32) / np.float32(1000003) - np.float32(0.5))).astype(np.float32)


def table(name):
    return np.loadtxt(os.path.join(args.data, name), delimiter=",", skiprows=1, max_rows=25600, dtype=np.float32)


def batches(x, y, size):
    n = len(x) // size
    return [(np.ascontiguousarray(x[i * size:(i + 1) * size]), y[i * size:(i + 1) * size]) for i in range(n)]


# Each learning workload: parameters, batches, the loss of a batch in torch and in
# JAX, the optimiser and its rate.

def logistic():
    t = table("points.csv")
    p = [np.zeros(20, np.float32), np.zeros((), np.float32)]
    b = batches(t[:, :20], t[:, 20], 256)

    def torch_loss(F, p, x, y):
        return F.binary_cross_entropy_with_logits(x @ p[0] + p[1], y)

    def jax_loss(jnp, jax, p, x, y):
        z = x @ p[0] + p[1]
        return jnp.mean(jax.nn.softplus(z) - y * z)

    return p, b, torch_loss, jax_loss, "sgd", 0.1


def network():
    t = table("rows.csv")
    p = [drawn(12 * 64, 7919, 0.5).reshape(12, 64), np.zeros(64, np.float32),
         drawn(64 * 64, 104729, 0.5).reshape(64, 64), np.zeros(64, np.float32),
         drawn(64, 1299709, 0.5).reshape(64, 1), np.zeros(1, np.float32)]
    b = batches(t[:, :12], t[:, 12], 256)

    def torch_loss(F, p, x, y):
        h = F.relu(F.relu(x @ p[0] + p[1]) @ p[2] + p[3])
        return F.huber_loss((h @ p[4] + p[5])[:, 0], y)

    def jax_loss(jnp, jax, p, x, y):
        h = jax.nn.relu(jax.nn.relu(x @ p[0] + p[1]) @ p[2] + p[3])
        e = (h @ p[4] + p[5])[:, 0] - y
        return jnp.mean(jnp.where(jnp.abs(e) <= 1, 0.5 * e * e, jnp.abs(e) - 0.5))

    return p, b, torch_loss, jax_loss, "adam", 1e-3


def idx(name, skip):
    with gzip.open(os.path.join(HERE, "..", "..", "examples", "data", name)) as f:
        return np.frombuffer(f.read(), np.uint8)[skip:]


def digits(size, optimiser, rate):
    x = idx("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 784).astype(np.float32) / 255
    y = idx("t10k-labels-idx1-ubyte.gz", 8).astype(np.int64)
    p = [drawn(784 * 128, 7919, 0.1).reshape(784, 128), np.zeros(128, np.float32),
         drawn(128 * 10, 104729, 0.3).reshape(128, 10), np.zeros(10, np.float32)]

    def torch_loss(F, p, x, y):
        return F.cross_entropy(F.relu(x @ p[0] + p[1]) @ p[2] + p[3], y)

    def jax_loss(jnp, jax, p, x, y):
        z = jax.nn.relu(x @ p[0] + p[1]) @ p[2] + p[3]
        return jnp.mean(jax.nn.logsumexp(z, axis=1) - jnp.take_along_axis(z, y[:, None], axis=1)[:, 0])

    return p, batches(x, y, size), torch_loss, jax_loss, optimiser, rate


def windows():
    """the peers have convolutions of their own."""
    x = idx("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28).astype(np.float32) / 255
    y = idx("t10k-labels-idx1-ubyte.gz", 8).astype(np.int64)
    p = [drawn(8 * 25, 7919, 0.5).reshape(8, 1, 5, 5), drawn(16 * 72, 104729, 0.3).reshape(16, 8, 3, 3),
         drawn(400 * 10, 1299709, 0.2).reshape(400, 10), np.zeros(10, np.float32)]

    def torch_loss(F, p, x, y):
        v = F.relu(F.conv2d(F.relu(F.conv2d(x, p[0], stride=2)), p[1], stride=2))
        return F.cross_entropy(v.reshape(len(x), 400) @ p[2] + p[3], y)

    def jax_loss(jnp, jax, p, x, y):
        conv = lambda x, k: jax.nn.relu(jax.lax.conv_general_dilated(x, k, (2, 2), "VALID"))  # noqa: E731
        z = conv(conv(x, p[0]), p[1]).reshape(len(x), 400) @ p[2] + p[3]
        return jnp.mean(jax.nn.logsumexp(z, axis=1) - jnp.take_along_axis(z, y[:, None], axis=1)[:, 0])

    return p, batches(x, y, 64), torch_loss, jax_loss, "adam", 1e-3


def recurrent():
    """torch has a recurrent unit of its own; in JAX the products of the inputs stand before the loop."""
    torch = torch_threads()
    t = table("lines.csv").astype(np.int64)
    p = [drawn(27 * 32, 15485863, 1).reshape(27, 32), drawn(32 * 384, 7919, 0.3).reshape(32, 384),
         drawn(128 * 384, 104729, 0.3).reshape(128, 384), np.zeros(384, np.float32), np.zeros(384, np.float32),
         drawn(128 * 4, 1299709, 0.3).reshape(128, 4), np.zeros(4, np.float32)]

    def torch_loss(F, p, x, y):
        weights = [p[1].T, p[2].T, p[3], p[4]]
        h = torch.gru(p[0][x.T], torch.zeros(1, len(x), 128), weights, True, 1, 0.0, True, False, False)[1][0]
        return F.cross_entropy(h @ p[5] + p[6], y)

    def jax_loss(jnp, jax, p, x, y):
        def body(h, a):
            c = h @ p[2] + p[4]
            r, u = jax.nn.sigmoid(a[:, :128] + c[:, :128]), jax.nn.sigmoid(a[:, 128:256] + c[:, 128:256])
            return (1 - u) * jnp.tanh(a[:, 256:] + r * c[:, 256:]) + u * h, None
        h = jax.lax.scan(body, jnp.zeros((len(x), 128), jnp.float32), p[0][x.T] @ p[1] + p[3])[0]
        z = h @ p[5] + p[6]
        return jnp.mean(jax.nn.logsumexp(z, axis=1) - jnp.take_along_axis(z, y[:, None], axis=1)[:, 0])

    return p, batches(t[:, :64], t[:, 64], 64), torch_loss, jax_loss, "adam", 1e-3


LEARNING = {
    "logistic": logistic,
    "network": network,
    "recurrent": recurrent,
    "windows": windows,
    "digits64": lambda: digits(64, "sgd", 0.1),
    "digits256": lambda: digits(256, "adam", 1e-3),
}


def torch_threads():
    import torch
    torch.set_num_threads(args.threads)
    return torch


def learn_torch(work, compiled):
    torch = torch_threads()
    p, b, loss, _, optimiser, rate = work
    p = [torch.tensor(a, requires_grad=True) for a in p]
    b = [(torch.tensor(x), torch.tensor(y)) for x, y in b]
    opt = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[optimiser](p, lr=rate)
    objective = lambda x, y: loss(torch.nn.functional, p, x, y)  # noqa: E731
    if compiled:
        objective = torch.compile(objective)
    state = {"i": 0, "first": None}

    def step():
        x, y = b[state["i"] % len(b)]
        state["i"] += 1
        opt.zero_grad(set_to_none=True)
        e = objective(x, y)
        e.backward()
        opt.step()
        if state["first"] is None:
            state["first"] = e.item()
    if compiled:
        opt.step = torch.compile(opt.step)
    return step, state


def learn_jax(work):
    import jax
    import jax.numpy as jnp
    p, b, _, loss, optimiser, rate = work
    p = [jnp.asarray(a) for a in p]
    b = [(jnp.asarray(x), jnp.asarray(y)) for x, y in b]
    f = lambda p, x, y: loss(jnp, jax, p, x, y)  # noqa: E731

    def sgd(p, s, x, y):
        e, g = jax.value_and_grad(f)(p, x, y)
        return [a - rate * d for a, d in zip(p, g)], s, e

    def adam(p, s, x, y):
        e, g = jax.value_and_grad(f)(p, x, y)
        t, m, v = s
        t = t + 1
        m = [0.9 * a + 0.1 * d for a, d in zip(m, g)]
        v = [0.999 * a + 0.001 * d * d for a, d in zip(v, g)]
        p = [a - rate * (c / (1 - 0.9 ** t)) / (jnp.sqrt(d / (1 - 0.999 ** t)) + 1e-8) for a, c, d in zip(p, m, v)]
        return p, (t, m, v), e
    update = jax.jit({"sgd": sgd, "adam": adam}[optimiser], donate_argnums=(0, 1))
    zeros = lambda: [jnp.zeros_like(a) for a in p]  # noqa: E731
    state = {"p": p, "s": (jnp.float32(0), zeros(), zeros()) if optimiser == "adam" else (), "i": 0}

    def step():
        x, y = b[state["i"] % len(b)]
        state["i"] += 1
        state["p"], state["s"], e = update(state["p"], state["s"], x, y)
        return e
    return step


def learning(work):
    out = {}
    step, state = learn_torch(work, False)
    out["torch"] = seconds(step)
    loss = state["first"]
    try:
        step, _ = learn_torch(work, True)
        out["torch compiled"] = seconds(step)
    except Exception as e:  # no compiler, or not this version
        print("torch.compile:", type(e).__name__, e, file=sys.stderr)
    out["jax"] = seconds(learn_jax(work), lambda r: r.block_until_ready())
    return {"seconds": out, "loss": loss}


def factorisation():
    """SGD on the rows of a batch: sparse gradients in torch, scatter in JAX."""
    torch = torch_threads()
    import jax
    import jax.numpy as jnp
    t = np.loadtxt(os.path.join(args.data, "ratings.csv"), delimiter=",", skiprows=1, max_rows=102400, dtype=np.int64)
    u0, f0 = drawn(100000 * 16, 7919, 0.5).reshape(-1, 16), drawn(20000 * 16, 104729, 0.5).reshape(-1, 16)
    rate, size = 0.1, 1024
    parts = [t[i * size:(i + 1) * size] for i in range(len(t) // size)]

    u, f = (torch.nn.Embedding.from_pretrained(torch.tensor(a), freeze=False, sparse=True) for a in (u0, f0))
    opt = torch.optim.SGD([u.weight, f.weight], lr=rate)
    tb = [(torch.tensor(p[:, 0]), torch.tensor(p[:, 1]), torch.tensor(p[:, 2], dtype=torch.float32)) for p in parts]
    state = {"i": 0, "loss": None}

    def torch_step():
        a, b, y = tb[state["i"] % len(tb)]
        state["i"] += 1
        opt.zero_grad(set_to_none=True)
        e = ((u(a) * f(b)).sum(1) - y).square().mean()
        e.backward()
        opt.step()
        if state["loss"] is None:
            state["loss"] = e.item()

    jb = [(jnp.asarray(p[:, 0]), jnp.asarray(p[:, 1]), jnp.asarray(p[:, 2], jnp.float32)) for p in parts]

    def update(u, f, a, b, y):
        def loss(ru, rf):
            return jnp.mean(jnp.square(jnp.sum(ru * rf, axis=1) - y))
        e, (gu, gf) = jax.value_and_grad(loss, (0, 1))(u[a], f[b])
        return u.at[a].add(-rate * gu), f.at[b].add(-rate * gf), e
    update = jax.jit(update, donate_argnums=(0, 1))
    js = {"u": jnp.asarray(u0), "f": jnp.asarray(f0), "i": 0}

    def jax_step():
        a, b, y = jb[js["i"] % len(jb)]
        js["i"] += 1
        js["u"], js["f"], e = update(js["u"], js["f"], a, b, y)
        return e
    return {"seconds": {"torch": seconds(torch_step), "jax": seconds(jax_step, lambda r: r.block_until_ready())},
            "loss": state["loss"]}


def pendulum():
    torch = torch_threads()
    import jax
    import jax.numpy as jnp
    jax.config.update("jax_enable_x64", True)

    def rk4(f, s, h):
        a = f(s)
        b = f(s + 0.5 * h * a)
        c = f(s + 0.5 * h * b)
        d = f(s + h * c)
        return s + h / 6 * (a + 2 * b + 2 * c + d)

    def jax_motion(th):
        def body(s, _):
            n = rk4(lambda s: jnp.array([s[1], -th[0] * jnp.sin(s[0]) - th[1] * s[1]]), s, 0.01)
            return n, n
        return jax.lax.scan(body, jnp.array([1.0, 0.0]), None, length=200)[1]

    seen = jax.jit(jax_motion)(jnp.array([9.81, 0.25]))
    misfit = lambda th: jnp.mean(jnp.square(jax_motion(th) - seen))  # noqa: E731
    at = jnp.array([5.0, 0.1])
    grad = jax.jit(jax.grad(misfit))

    tseen, tat = torch.tensor(np.array(seen)), torch.tensor([5.0, 0.1], dtype=torch.float64, requires_grad=True)

    def torch_step():
        s, out = torch.tensor([1.0, 0.0], dtype=torch.float64), []
        for _ in range(200):
            s = rk4(lambda s: torch.stack([s[1], -tat[0] * torch.sin(s[0]) - tat[1] * s[1]]), s, 0.01)
            out.append(s)
        return torch.autograd.grad((torch.stack(out) - tseen).square().mean(), tat)
    return {"seconds": {"torch": seconds(torch_step), "jax": seconds(lambda: grad(at), lambda r: r.block_until_ready())}}


def mixture():
    torch = torch_threads()
    import jax
    import jax.numpy as jnp
    jax.config.update("jax_enable_x64", True)
    n, d, k, corner = 1000, 32, 25, 496

    def draw(count, f):
        i = np.arange(1, count + 1, dtype=np.int64)
        return np.mod(i * f, 1000003) / 1000003 - 0.5
    x = 4 * draw(n * d, 7919).reshape(n, d)
    at = [draw(k, 104729), 2 * draw(k * d, 1299709).reshape(k, d), 0.2 * draw(k * d, 15485863).reshape(k, d),
          0.1 * draw(k * corner, 32452843).reshape(k, corner)]
    rows, cols = np.tril_indices(d, -1)

    def jax_objective(p):
        alpha, mu, q, l = p
        factors = jnp.zeros((k, d, d)).at[:, rows, cols].set(l).at[:, np.arange(d), np.arange(d)].set(jnp.exp(q))
        z = jnp.einsum("kij,nkj->nki", factors, x[:, None, :] - mu[None])
        each = jax.nn.logsumexp(alpha + q.sum(1) - 0.5 * jnp.square(z).sum(2), axis=1).sum()
        prior = 0.5 * (jnp.square(jnp.exp(q)).sum() + jnp.square(l).sum())
        return -0.5 * n * d * np.log(2 * np.pi) + each - n * jax.nn.logsumexp(alpha) + prior
    jat = [jnp.asarray(a) for a in at]
    jgrad = jax.jit(jax.grad(jax_objective))

    tx, tp = torch.tensor(x), [torch.tensor(a, requires_grad=True) for a in at]
    ti = (torch.tensor(rows), torch.tensor(cols))

    def torch_objective(alpha, mu, q, l):
        factors = torch.diag_embed(torch.exp(q))
        factors = factors.index_put((torch.arange(k)[:, None], ti[0][None], ti[1][None]), l)
        z = torch.einsum("kij,nkj->nki", factors, tx[:, None, :] - mu[None])
        each = torch.logsumexp(alpha + q.sum(1) - 0.5 * z.square().sum(2), 1).sum()
        prior = 0.5 * (torch.exp(q).square().sum() + l.square().sum())
        return -0.5 * n * d * np.log(2 * np.pi) + each - n * torch.logsumexp(alpha, 0) + prior

    out = {"torch": seconds(lambda: torch.autograd.grad(torch_objective(*tp), tp)),
           "jax": seconds(lambda: jgrad(jat), lambda r: r[0].block_until_ready())}
    try:
        compiled = torch.compile(torch_objective)
        out["torch compiled"] = seconds(lambda: torch.autograd.grad(compiled(*tp), tp))
    except Exception as e:
        print("torch.compile:", type(e).__name__, e, file=sys.stderr)
    return {"seconds": out}


def options(kind):
    torch = torch_threads()
    import jax
    import jax.numpy as jnp
    jax.config.update("jax_enable_x64", True)
    i = np.arange(1_000_000, dtype=np.int64)
    columns = [(a + (b - a) * np.mod(i * f, 1000003) / 1000003).astype(kind) for a, b, f in
               ((80, 120, 7919), (80, 120, 104729), (0.1, 2, 1299709), (0.01, 0.05, 15485863), (0.1, 0.5, 32452843))]

    def price(log, exp, sqrt, erf, s, k, t, r, v):
        cdf = lambda x: 0.5 * (1 + erf(x * 0.7071067811865476))  # noqa: E731
        root = v * sqrt(t)
        d = (log(s / k) + (r + 0.5 * v * v) * t) / root
        return s * cdf(d) - k * exp(-r * t) * cdf(d - root)

    jp = lambda *c: price(jnp.log, jnp.exp, jnp.sqrt, jax.scipy.special.erf, *c).sum()  # noqa: E731
    jgrad = jax.jit(jax.grad(jp, argnums=tuple(range(5))))
    jc = [jnp.asarray(c) for c in columns]
    tc = [torch.tensor(c, requires_grad=True) for c in columns]
    tp = lambda *c: price(torch.log, torch.exp, torch.sqrt, torch.erf, *c).sum()  # noqa: E731
    out = {"torch": seconds(lambda: torch.autograd.grad(tp(*tc), tc)),
           "jax": seconds(lambda: jgrad(*jc), lambda r: r[0].block_until_ready())}
    try:
        compiled = torch.compile(tp)
        out["torch compiled"] = seconds(lambda: torch.autograd.grad(compiled(*tc), tc))
    except Exception as e:
        print("torch.compile:", type(e).__name__, e, file=sys.stderr)
    return {"seconds": out}


def gemm():
    """Answers lines on stdin, each a form, with the seconds of a product: turns of some milliseconds."""
    n, work = args.size, {}
    i, j = np.indices((n, n), dtype=np.int64)
    a = np.mod(i * 7919 + j * 104729, 1000003) / 1000003 - 0.5
    b = np.ascontiguousarray(a.T)
    for bits, kind in (("32", np.float32), ("64", np.float64)):
        x, y, z = a.astype(kind), b.astype(kind), np.empty((n, n), kind)
        work["nn" + bits], work["tn" + bits], work["nt" + bits] = (x, y, z), (x.T, y, z), (x, y.T, z)
    for line in sys.stdin:
        x, y, z = work[line.strip()]
        np.matmul(x, y, out=z)
        times, spent = [], 0
        while spent < 5e-3:
            began = time.perf_counter()
            np.matmul(x, y, out=z)
            times.append(time.perf_counter() - began)
            spent += times[-1]
        print(statistics.median(times), flush=True)


def again(part):
    """Runs a part in a process of its own: its time and greatest memory."""
    began = time.perf_counter()
    subprocess.run([sys.executable, __file__, args.workload, "--threads", str(args.threads), "--data", args.data, "--part", part],
                   check=True, stdout=subprocess.DEVNULL)
    took = time.perf_counter() - began
    return took, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10


def csv():
    if not args.part:
        took, memory = again("torch")
        return {"seconds": {"pandas + torch": took}, "memory": memory}
    import pandas
    torch = torch_threads()
    t = pandas.read_csv(os.path.join(args.data, "table.csv"))
    names = [f"c{i}" for i in range(19)]
    x = torch.tensor(t[names].fillna(0).to_numpy(np.float32))
    place = torch.tensor(pandas.Categorical(t["place"], categories=["north", "east", "south", "west"]).codes.astype(np.int64))
    y = torch.tensor(t["y"].to_numpy(np.float32))
    w = torch.nn.Linear(19, 1)
    shift = torch.zeros(4, requires_grad=True)
    opt = torch.optim.SGD([*w.parameters(), shift], lr=0.01)
    for i in range(0, len(x), 1024):
        opt.zero_grad(set_to_none=True)
        (w(x[i:i + 1024])[:, 0] + shift[place[i:i + 1024]] - y[i:i + 1024]).square().mean().backward()
        opt.step()
    with torch.no_grad():
        predicted = w(x)[:, 0] + shift[place]
    pandas.DataFrame({"y": t["y"], "predicted": predicted.numpy()}).to_csv(os.path.join(args.data, "peer.csv"), index=False)
    return {}


def start():
    if not args.part:
        return {"seconds": {"torch": again("torch")[0], "jax": again("jax")[0]}}
    t = table("points.csv")[:256]
    p = [np.zeros(20, np.float32), np.zeros((), np.float32)]
    work = (p, [(t[:, :20], t[:, 20]), ], *logistic()[2:])
    if args.part == "torch":
        learn_torch(work, False)[0]()
    else:
        learn_jax(work)().block_until_ready()
    return {}


OTHERS = {"factorisation": factorisation, "pendulum": pendulum, "mixture": mixture, "csv": csv, "start": start,
          "options32": lambda: options(np.float32), "options64": lambda: options(np.float64)}

if args.workload == "gemm":
    gemm()
elif args.workload in LEARNING:
    print(json.dumps(learning(LEARNING[args.workload]())))
else:
    print(json.dumps(OTHERS[args.workload]()))
