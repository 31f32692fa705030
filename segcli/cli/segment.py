"""The run behind every segmenter's command: request, batch, report, exit code."""

from __future__ import annotations

import gc
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from segcli.batch import segment, worker_count
from segcli.cli.options import Shared
from segcli.cli.report import Table, about, appearing, as_json, line, progress
from segcli.cli.request import make_request, method_segmenter
from segcli.files.hints import Hints
from segcli.job import Outcome
from segcli.method import Method
from segcli.numeric import compiled
from segcli.segmenter import Segmenter


def segment_command(method: Method, settings: dict[str, Any], hints: dict[str, str], shared: Shared) -> None:
    """Run one method over the inputs of a command line.

    Raises
    ------
    SystemExit : as `run_segmenter`.
    """
    run_segmenter(*method_segmenter(method, settings, hints, shared), shared)


def run_segmenter(
    segmenter: Segmenter,
    hints: list[Hints],
    shared: Shared,
    *,
    ready: Callable[[], None] | None = None,
    threads: int = 1,
    command: str = "",
) -> None:
    """Run one segmenter over the inputs of a command line.

    Parameters
    ----------
    ready : called when all that can be checked at once has been, before any work.
    threads : that work at once where there are several inputs and no worker processes.
    command : what the user called, where that is not the segmenter's own name.

    Raises
    ------
    SystemExit : an input failed (1), or the run had to stop (2, 3).
    """
    command = command or segmenter.name
    request = make_request(segmenter, hints, shared)
    if ready is not None:
        ready()
    gc.freeze()
    gc.enable()
    if shared.dry_run:
        from segcli.cli.plan import print_plan

        print_plan(request, command, worker_count(shared.jobs), json=shared.json, quiet=shared.quiet)
        return
    request.prepare()
    compiled.announce = None if shared.quiet else lambda: _say_compiling(command)
    reporter = Reporter(command, request.work.segmenter.record, shared, to_stdout=request.sink.to_stdout)
    workers = 1 if len(request.items) == 1 else min(worker_count(shared.jobs), len(request.items))
    with (
        appearing(shared.table) as table_stream,
        appearing(shared.report) as report_stream,
        progress(len(request.items), not shared.quiet) as advance,
    ):
        outcomes = segment(request.work, request.jobs(), workers, 1 if len(request.items) == 1 else threads)
        table = Table(table_stream, str(shared.table).lower().endswith(".json")) if table_stream else None
        try:
            for outcome in outcomes:
                if table is not None:
                    table.add(outcome)
                if report_stream is not None:
                    report_stream.write(as_json(outcome, reporter.record) + "\n")
                reporter.show(outcome)
                advance()
                if outcome.exit_code > 1:
                    raise SystemExit(outcome.exit_code)
        finally:
            outcomes.close()
            compiled.announce = None
            if workers > 1 or request.exists == "resume":
                request.sweep()
            reporter.summary(len(request.items))
        if table is not None:
            table.close()
    if reporter.counts["failed"]:
        raise SystemExit(1)


def _say_compiling(command: str) -> None:
    print(f"segcli {command}: note: compiling inner loops for this machine, once; some seconds", file=sys.stderr)


@dataclass
class Reporter:
    """Prints outcomes: data and result lines to stdout, everything else to stderr."""

    command: str
    record: dict[str, Any]
    shared: Shared
    to_stdout: bool
    counts: Counter[str] = field(default_factory=Counter)

    def show(self, outcome: Outcome) -> None:
        """Print one outcome."""
        self.counts[outcome.status] += 1
        where = sys.stderr if self.to_stdout else sys.stdout
        if outcome.status == "failed":
            print(f"segcli {self.command}: {about(outcome.name, outcome.message)}", file=sys.stderr, flush=True)
            if self.shared.debug and outcome.trace:
                print(outcome.trace, file=sys.stderr)
        elif not self.shared.quiet:
            for note in outcome.notes:
                print(f"segcli {self.command}: {outcome.name!r}: note: {note}", file=sys.stderr)
        if outcome.data is not None:
            sys.stdout.buffer.write(outcome.data)
            sys.stdout.buffer.flush()
        if self.shared.json:
            print(as_json(outcome, self.record), flush=True)
        elif outcome.status != "failed" and not self.shared.quiet:
            print(line(outcome), file=where, flush=True)
        if outcome.preview:
            print(outcome.preview, file=sys.stderr if self.shared.json else where, flush=True)

    def summary(self, total: int) -> None:
        """Print how a batch went."""
        done = sum(self.counts.values())
        if total < 2 or (self.shared.quiet and not self.counts["failed"]):
            return
        parts = [f"{self.counts[status]} {status}" for status in ("done", "skipped", "failed") if self.counts[status]]
        left = f", {total - done} not reached" if done < total else ""
        print(f"segcli {self.command}: {', '.join(parts) or 'nothing done'}{left}", file=sys.stderr)
