"""What the program says while it runs, and the table it ends with."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text


class Journal:
    """Times each chapter; inside one, `say` rewrites a single live line."""

    def __init__(self) -> None:
        self.console = Console()
        self.rows: list[tuple[str, str, float]] = []
        self.note = ""
        self._live: Live | None = None

    @contextmanager
    def chapter(self, title: str) -> Iterator[None]:
        began, self.note = time.monotonic(), ""
        with Live(Text(f"… {title}"), console=self.console, transient=True) as self._live:
            yield
        seconds = time.monotonic() - began
        self.rows.append((title, self.note, seconds))
        self.console.print(f"[green]✓[/green] {title} [dim]{self.note}[/dim] {seconds:.1f} s", highlight=False)

    def say(self, text: str) -> None:
        if self._live:
            self._live.update(Text(f"… {text}"))

    def table(self) -> Table:
        table = Table("What happened", "Result", "Seconds")
        for title, note, seconds in self.rows:
            table.add_row(title, note, f"{seconds:.2f}")
        table.add_row("Total", "", f"{sum(row[2] for row in self.rows):.2f}", style="bold")
        return table
