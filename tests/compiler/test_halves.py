"""Updates on two threads, a half of the parameters each: equal to those on one, and never half done."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time

import numpy as np
import pytest
from interrupts import interrupt_at, lines_of

import tinygrad_loss as tg
from tinygrad_loss.compiler import layout, threads, updates
from tinygrad_loss.compiler import program as programs

SIZE = 37
OPTIMIZERS = {
    "sgd": lambda: tg.optimizers.SGD(0.1),
    "nesterov": lambda: tg.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    "adam": lambda: tg.optimizers.Adam(0.01),
    "amsgrad": lambda: tg.optimizers.Adam(0.01, amsgrad=True),
    "adamw": lambda: tg.optimizers.AdamW(0.01),
    "adamax": lambda: tg.optimizers.Adamax(0.01),
    "centered rmsprop": lambda: tg.optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "adagrad": lambda: tg.optimizers.Adagrad(0.1),
    "lion": lambda: tg.optimizers.Lion(0.001),
    "clipped by value": lambda: tg.optimizers.Adam(0.01, clipvalue=0.01),
}


@pytest.fixture(autouse=True)
def small_halves(monkeypatch):
    monkeypatch.setattr(layout, "BLOCK", 4)
    monkeypatch.setattr(updates, "HALVES", 8)
    monkeypatch.setattr(programs, "available", lambda: 2)


def made(name):
    w = tg.tensor(np.linspace(0.1, 1, SIZE), requires_grad=True)
    optimizer = OPTIMIZERS[name]()

    def step(x):
        (np.tanh(w * x) ** 2).sum().backward(retain_graph=False)
        optimizer.step([w])
        optimizer.zero_grad()

    return w, optimizer, step


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer(name):
    w, _, step = made(name)
    v, _, eager = made(name)
    replayed = tg.jit(step)
    for number in range(6):
        x = np.cos(np.arange(SIZE) + number)
        replayed(x)
        eager(tg.tensor(x))
    np.testing.assert_array_equal(w.detach(), v.detach())
    assert "half.prepare()" in replayed.program.optimized_source


def test_the_text_runs_on_its_own():
    w, _, step = made("adam")
    replayed = tg.jit(step)
    for _ in range(2):
        replayed(np.ones(SIZE))
    program = replayed.program
    module = {}
    exec(program.optimized_source, module)
    for leaf, name in zip(program.listing.leaves.values(), program.leaf_names, strict=True):
        module[name][...] = leaf.owner.detach()
    module["program"](np.ones(SIZE), 0.01, 3)
    replayed(np.ones(SIZE))
    place = [leaf.owner is w for leaf in program.listing.leaves.values()].index(True)
    np.testing.assert_array_equal(module[program.leaf_names[place]], w.detach())


def test_an_interrupt_at_any_line():
    w, optimizer, step = made("adam")
    replayed = tg.jit(step)
    for _ in range(2):
        replayed(np.ones(SIZE))
    code = replayed.program._run.__code__
    for target in lines_of(code):
        before, count = np.array(w.detach()), optimizer.iterations
        interrupt_at(code, target, replayed, np.ones(SIZE))
        moved = np.array(w.detach()) != before
        assert moved.all() or not moved.any()
        assert optimizer.iterations == count + moved.all()


@pytest.mark.skipif(os.name != "posix", reason="signals of a process")
def test_interrupts_from_outside():
    """Signals at moments of no one's choosing: after each, all parameters are of one step."""
    w, optimizer, step = made("sgd")
    replayed = tg.jit(step)
    for _ in range(2):
        replayed(np.ones(SIZE))
    states = {}
    v, _, eager = made("sgd")
    for number in range(1, 3000):
        eager(tg.tensor(np.ones(SIZE)))
        states[number] = np.array(v.detach())
    interrupted = 0
    for _ in range(20):
        timer = threading.Timer(0.004, os.kill, (os.getpid(), signal.SIGINT))
        try:
            timer.start()
            while optimizer.iterations < 2900:
                replayed(np.ones(SIZE))
            time.sleep(0.02)
        except KeyboardInterrupt:
            interrupted += 1
        timer.join()
        np.testing.assert_array_equal(w.detach(), states[optimizer.iterations])
    assert interrupted


@pytest.mark.skipif(os.name != "posix", reason="signals of a process")
@pytest.mark.parametrize("where", ["at the end", "while settling"])
def test_an_interrupt_while_waiting_for_the_other_thread(where):
    slow, done = threading.Event(), []
    half = threads.Half([(slow.wait,), (done.append, 1)])
    half.prepare()
    for function, *given in half.begin():
        function(*given)
    threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
    threading.Timer(0.15, slow.set).start()

    def waiting():
        try:
            if where == "at the end":
                half.end()[0][0]()
        finally:
            half.settle()

    with pytest.raises(KeyboardInterrupt):
        waiting()
    assert done == [1]
    half.prepare()  # nothing is left over


def test_what_goes_wrong_on_the_other_thread_is_raised_here():
    half = threads.Half([(np.divide, np.ones(3), np.zeros(3))])
    with np.errstate(divide="raise"):
        half.prepare()
    for function, *given in (*half.begin(), *half.end()):
        function(*given)
    with pytest.raises(FloatingPointError):
        half.settle()
    half.settle()


def test_a_program_that_is_dropped_ends_its_thread():
    _, _, step = made("sgd")
    replayed = tg.jit(step)
    for _ in range(3):
        replayed(np.ones(SIZE))
    thread = replayed.program._module["half"].thread
    assert thread.is_alive()
    del replayed
    gc.collect()
    thread.join(timeout=5)
    assert not thread.is_alive()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of forking a process that has threads: it is what is tested
def test_a_forked_child_has_a_thread_of_its_own():
    w, _, step = made("sgd")
    replayed = tg.jit(step)
    for _ in range(3):
        replayed(np.ones(SIZE))
    before = np.array(w.detach())
    child = os.fork()
    if not child:
        replayed(np.ones(SIZE))
        os._exit(0 if np.all(w.detach() != before) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
