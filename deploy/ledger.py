#!/usr/bin/env python3
"""A ledger of acknowledged runs: triggers a job steadily and notes every run that was acknowledged, then
compares what was noted with what the plane has. docs/scale.md shows it with processes killed in between.

    ledger.py trigger JOB LEDGER [--count N] [--per-second N]
    ledger.py check JOB LEDGER [--wait SECONDS]

The plane and the key are DROVER_URL and DROVER_API_KEY. Needs nothing but Python 3.9.
"""

import argparse
import json
import os
import queue
import secrets
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

TERMINAL = {"completed", "failed", "cancelled", "interrupted"}
# Callers at once: enough that one who waits for a lost plane does not hold up the rest.
CALLERS = 16
# How long one trigger is repeated before it is given up, in seconds.
PATIENCE = 180


class Plane:
    """The plane behind its one address."""

    def __init__(self):
        self.url = os.environ.get("DROVER_URL", "http://127.0.0.1:8000").rstrip("/") + "/api/v1"
        self.key = os.environ.get("DROVER_API_KEY")
        if not self.key:
            sys.exit("set DROVER_API_KEY to a key of the organization")

    def call(self, method, path, body=None, headers=None):
        """One request: its JSON and its headers. Raises OSError where no answer came."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers or {}, method=method)
        request.add_header("Authorization", "Bearer " + self.key)
        if data is not None:
            request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=15) as answer:
            return json.load(answer), answer.headers

    def pages(self, path):
        """All rows of a list, page by page."""
        cursor = ""
        while cursor is not None:
            more = "&cursor=" + urllib.parse.quote(cursor) if cursor else ""
            rows, headers = self.call("GET", path + "&limit=500" + more)
            yield from rows
            cursor = headers.get("X-Next-Cursor")


class Ledger:
    """A file with a line for each acknowledged trigger: its key and its run."""

    def __init__(self, path):
        self.path = path
        self.lock = threading.Lock()

    def note(self, key, run):
        with self.lock, open(self.path, "a", encoding="ascii") as file:
            file.write(f"{key} {run}\n")

    def read(self):
        with open(self.path, encoding="ascii") as file:
            return [line.split() for line in file]


class Load:
    """Triggers at a steady pace, each one repeated under its key until it is acknowledged."""

    def __init__(self, plane, job, ledger):
        self.plane, self.job, self.ledger = plane, job, ledger
        self.acknowledged = self.repeated = self.given_up = 0
        self.waiting = queue.Queue()
        self.lock = threading.Lock()

    def run(self, count, per_second):
        label = secrets.token_hex(4)
        callers = [threading.Thread(target=self.caller, daemon=True) for _ in range(CALLERS)]
        for caller in callers:
            caller.start()
        begun = time.monotonic()
        for number in range(count):
            time.sleep(max(0.0, begun + number / per_second - time.monotonic()))
            self.waiting.put(f"ledger-{label}-{number}")
            if number % max(1, int(per_second) * 5) == 0:
                self.tell()
        for _ in callers:
            self.waiting.put(None)
        for caller in callers:
            caller.join()
        self.tell()
        return self.given_up == 0

    def tell(self):
        print(f"acknowledged {self.acknowledged}, repeated {self.repeated}, given up {self.given_up}", flush=True)

    def caller(self):
        while (key := self.waiting.get()) is not None:
            run = self.trigger(key)
            with self.lock:
                self.acknowledged += run is not None
                self.given_up += run is None

    def trigger(self, key):
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                headers = {"Idempotency-Key": key}
                reply, _ = self.plane.call("POST", f"/jobs/{self.job}/trigger", {"parameters": {}}, headers)
                self.ledger.note(key, reply["execution_id"])
                return reply["execution_id"]
            except urllib.error.HTTPError as error:
                if error.code < 500 and error.code not in (409, 429):
                    print(f"refused with {error.code}: {error.read().decode(errors='replace')}", file=sys.stderr)
                    return None
            except (OSError, ValueError):
                pass  # No answer, or half of one: whether it was accepted, the next try will tell.
            with self.lock:
                self.repeated += 1
            time.sleep(0.5)
        return None


def check(plane, job, ledger, wait):
    """Compares ledger and plane; waits for runs to end."""
    lines = ledger.read()
    noted = {run for _, run in lines}
    twice = len(lines) - len({key for key, _ in lines}) + len(lines) - len(noted)
    until = time.monotonic() + wait
    while True:
        rows = {row["id"]: row["status"] for row in plane.pages(f"/executions?job_id={job}")}
        open_runs = [run for run in noted if run in rows and rows[run] not in TERMINAL]
        if not open_runs or time.monotonic() > until:
            break
        print(f"{len(open_runs)} runs are not over yet", flush=True)
        time.sleep(2)
    lost = sorted(noted - rows.keys())
    doubled = sorted(rows.keys() - noted)
    by_status = {}
    for run in noted & rows.keys():
        by_status[rows[run]] = by_status.get(rows[run], 0) + 1
    broken = [run for run in sorted(noted & rows.keys()) if rows[run] in TERMINAL and not is_whole(plane, run)]

    print(f"acknowledged  {len(noted)}")
    print("of these      " + ", ".join(f"{number} {status}" for status, number in sorted(by_status.items())))
    tell("lost", len(lost), lost)
    tell("doubled", len(doubled) + twice, doubled)
    tell("logs broken", len(broken), broken)
    whole = not (lost or doubled or twice or broken or by_status.keys() - {"completed"})
    print("The ledger is complete." if whole else "The ledger is not complete.")
    return whole


def tell(what, number, runs):
    """A line of the result, with the first runs it is about."""
    print(f"{what:<14}{number}  {' '.join(runs[:5])}".rstrip())


def is_whole(plane, run):
    """Whether a log counts from 1 without a gap and ends once."""
    seqs, ends = [], 0
    while True:
        page, _ = plane.call("GET", f"/executions/{run}/events?limit=500&after={seqs[-1] if seqs else 0}")
        seqs += [entry["seq"] for entry in page["events"]]
        ends += sum(entry["event_type"] in ("done", "error") for entry in page["events"])
        if not page["events"] or seqs[-1] >= page["last_seq"]:
            return seqs == list(range(1, len(seqs) + 1)) and ends == 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    trigger = commands.add_parser("trigger", help="trigger the job and note what was acknowledged")
    compare = commands.add_parser("check", help="compare what was noted with what the plane has")
    for command in (trigger, compare):
        command.add_argument("job", help="id of the job; it has no runs but those of the ledger")
        command.add_argument("ledger", help="the file of the ledger")
    trigger.add_argument("--count", type=int, default=600, help="triggers [default: 600]")
    trigger.add_argument("--per-second", type=float, default=10, help="their pace [default: 10]")
    compare.add_argument("--wait", type=float, default=180, help="seconds that open runs have to end [default: 180]")
    args = parser.parse_args()
    plane, ledger = Plane(), Ledger(args.ledger)
    if args.command == "trigger":
        good = Load(plane, args.job, ledger).run(args.count, args.per_second)
    else:
        good = check(plane, args.job, ledger, args.wait)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
