"""A run in the kernel that a widget starts, pauses and steers by messages."""

from __future__ import annotations

import asyncio
import inspect
import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Any

import torch
from torch import Tensor

from seglib import images, kanezaki2018
from seglib._runs import Run, thin_steps
from seglib.checks import check_integers, check_numbers
from seglib.plotting import MAX_LABELS, encode_labels, encode_photo
from seglib.states import Step

BREATH = 0.01  # seconds between two steps in which the kernel hears the reader
MIN_INTERVAL = 1 / 15  # seconds between two pictures that a fast run sends

KNOBS = {  # what the reader can change
    "photograph": "",  # the widget's own image
    "num_steps": 100,
    "num_components": 2,
    "num_labels": 100,
    "num_superpixels": 10_000,  # 0 stands for no superpixels
    "learning_rate": 0.1,
}


def live_options(live: bool | Mapping[str, Any]) -> dict[str, Any]:
    """Check the starting values of a run in the kernel; those not given are the paper's."""
    given = dict(live) if isinstance(live, Mapping) else {}
    known = {*KNOBS, *inspect.signature(kanezaki2018.steps).parameters} - {"image", "superpixels"}
    if unknown := sorted(set(given) - known):
        raise TypeError(f"live must name arguments of kanezaki2018.steps, got {unknown}")
    if given.get("num_superpixels", 0) is None:
        given["num_superpixels"] = 0
    check_knobs({**KNOBS, **given})
    rest = {name: value for name, value in given.items() if name not in KNOBS}
    kanezaki2018.steps(torch.zeros(3, 3, 3), num_superpixels=None, **rest)  # checks at the call
    return {**KNOBS, **given}


def check_knobs(knobs: Mapping[str, Any]) -> None:
    """Check what came from the reader before anything is built from it."""
    check_integers(1, **{name: knobs[name] for name in ("num_steps", "num_components")})
    check_integers(2, MAX_LABELS, num_labels=knobs["num_labels"])
    check_integers(0, num_superpixels=knobs["num_superpixels"])
    check_numbers(0.0, learning_rate=knobs["learning_rate"])
    if knobs["photograph"] and knobs["photograph"] not in images.PHOTOGRAPHS:
        raise ValueError(f"there is no photograph {knobs['photograph']!r}")


class Runner:
    """Run the network for one widget, as the messages of its controls ask.

    Parameters
    ----------
    send : callable
        Sends a message, a dict and a list of buffers, to the browser.
    image : Tensor, float32, shape (3, H, W)
        The widget's own image; other photographs are brought to its longest side.
    description : str
        What this image shows.
    options : dict
        Starting values of `KNOBS`, and further arguments of ``kanezaki2018.steps``.
    max_frames : int
        Number of label maps to keep of a run.
    """

    opening = "Superpixels and first step …"  # what a run says before its first state

    def __init__(
        self,
        send: Callable,
        image: Tensor,
        description: str,
        options: dict[str, Any],
        max_frames: int,
    ) -> None:
        self._send = send
        self._image = image
        self._description = description
        self._max_frames = max_frames
        self._knobs = {name: options[name] for name in KNOBS}
        self._fixed = {name: options[name] for name in options if name not in KNOBS}
        self._numbers = itertools.count(1)
        self._run: Run | None = None
        self._task: asyncio.Task | None = None
        self._status = {"type": "status", "state": "idle", "text": ""}
        self._single = False

    def hear(self, message: dict[str, Any]) -> None:
        """Do what one message asks; what is wrong with it is said in the widget."""
        answers = {
            "hello": self._greet,
            "start": self._start,
            "step": self._step,
            "pause": self._pause,
            "continue": self._continue,
            "learning_rate": self._set_learning_rate,
        }
        if message.get("type") not in answers:
            return
        try:
            answers[message["type"]](message)
        except Exception as error:  # shown in the widget: a kernel's log is out of sight
            self._say(self._status["state"] if self._active else "failed", _one_line(error))

    def stop(self) -> None:
        """End the run, if one is under way."""
        if self._active:
            self._task.cancel()

    def _greet(self, message: dict[str, Any]) -> None:
        photographs = [{"name": "", "title": "The picture above"}]
        for name in images.PHOTOGRAPHS:
            photographs.append({"name": name, "title": name.replace("_", " ").capitalize()})
        self._send({"type": "kernel", "knobs": self._knobs, "photographs": photographs}, [])
        if self._run is not None:
            self._flush(self._run)  # to pages that are open already
            self._send_run(self._run)
        self._send(self._status, [])

    def _start(self, message: dict[str, Any], single: bool = False) -> None:
        knobs = {name: message["knobs"][name] for name in KNOBS}
        check_knobs(knobs)
        self.stop()
        self._knobs = knobs
        self._single = single
        self._run = None
        self._gate = asyncio.Event()
        self._gate.set()
        self._task = asyncio.get_running_loop().create_task(self._advance())

    def _step(self, message: dict[str, Any]) -> None:
        if not self._active:
            self._start(message, single=True)
        else:
            self._single = True
            self._gate.set()

    def _pause(self, message: dict[str, Any]) -> None:
        if self._active:
            self._gate.clear()
            if self._run is None:
                self._say("paused", "Paused before the first step.")
            else:
                self._flush(self._run)
                self._say("paused", f"Paused at step {self._run.curves.steps[-1]}.")

    def _continue(self, message: dict[str, Any]) -> None:
        if self._active:
            self._single = False
            self._gate.set()
            self._say("running", "Running.")

    def _set_learning_rate(self, message: dict[str, Any]) -> None:
        check_numbers(0.0, learning_rate=message["value"])
        self._knobs["learning_rate"] = message["value"]

    @property
    def _active(self) -> bool:
        return self._task is not None and not self._task.done()

    async def _advance(self) -> None:
        """Take step after step; between two, the kernel hears the reader."""
        self._say("running", self.opening)
        await asyncio.sleep(BREATH)
        try:
            run = self._new_run()
            with closing(self._states(run)) as states:
                for state in states:
                    run.add(state)
                    self._publish(run)
                    await asyncio.sleep(BREATH)
                    await self._gate.wait()
        except Exception as error:
            self._say("failed", f"Stopped: {_one_line(error)}")
        else:
            self._finish(run)

    def _new_run(self) -> Run:
        name = self._knobs["photograph"]
        image = images.photograph(name, max(self._image.shape[1:])) if name else self._image
        text = images.PHOTOGRAPHS[name].description if name else self._description
        num_steps = self._knobs["num_steps"]
        kept = {1 + i for i in thin_steps(num_steps, self._max_frames)}
        number = next(self._numbers)
        return Run(number, image, text, num_steps, self._knobs["num_labels"], kept)

    def _states(self, run: Run) -> Iterator[Step]:
        translated = ("photograph", "num_superpixels", "learning_rate")
        knobs = {name: value for name, value in self._knobs.items() if name not in translated}
        return kanezaki2018.steps(
            run.image,
            num_superpixels=self._knobs["num_superpixels"] or None,
            learning_rate=lambda step: self._knobs["learning_rate"],
            **knobs,
            **self._fixed,
        )

    def _publish(self, run: Run) -> None:
        """Show the newest state; a fast run sends only as many pictures as can be seen."""
        if not run.sent:
            self._run = run
            self._send_run(run)
            if self._gate.is_set():
                self._say("running", "Running.")
        elif run.frames[-1]["keep"] or time.monotonic() - run.sent_at >= MIN_INTERVAL:
            self._flush(run)
        if self._single and run.curves.steps[-1] < run.num_steps:
            self._pause({})

    def _flush(self, run: Run) -> None:
        if run.sent == len(run.curves.steps):
            return
        news = {
            "curve": run.curves.since(run.sent),
            "frame": run.frames[-1],
            "colors": run.colors,
        }
        self._send(
            {"type": "state", "run": run.number, **news}, [encode_labels(run.maps[-1].long())]
        )
        run.sent, run.sent_at = len(run.curves.steps), time.monotonic()

    def _send_run(self, run: Run) -> None:
        """Send all that is known of a run: at its first step, and to a page opened later."""
        message = {
            "type": "run",
            "run": run.number,
            "description": run.description,
            "num_steps": run.num_steps,
            "colors": run.colors,
            "frames": run.frames,
            "curve": run.curves.since(0),
        }
        maps = [encode_labels(labels.long()) for labels in run.maps]
        self._send(message, [encode_photo(run.image), *maps])
        run.sent, run.sent_at = len(run.curves.steps), time.monotonic()

    def _finish(self, run: Run) -> None:
        self._flush(run)
        count = run.curves.counts[-1]
        left = "1 label is left" if count == 1 else f"{count} labels are left"
        self._say("finished", f"Finished: {left} after {run.num_steps} steps.")

    def _say(self, state: str, text: str) -> None:
        self._status = {"type": "status", "state": state, "text": text}
        self._send(self._status, [])


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
