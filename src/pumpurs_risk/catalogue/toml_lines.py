"""On which line of a TOML file each key stands.

``tomllib`` reads the values and forgets the lines, but the person who mends a mapping file needs the line. This reads
the text a second time and keeps only that. It is meant for text that ``tomllib`` has already accepted.
"""

from __future__ import annotations

Path = tuple[str, ...]
_BLANK = " \t\r\n"
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\", "e": "\x1b"}


def key_lines(text: str) -> dict[Path, int]:
    r"""Find the line of every key and table of a TOML text.

    Parameters
    ----------
    text : str
        Valid TOML.

    Returns
    -------
    dict of tuple of str to int
        The path of a key, such as ``("columns", "age", "from")``, to its line, counted from 1. Parents that are only
        implied (``[a.b]`` implies ``a``) have the line of their first child. The members of an array of tables are
        numbered: ``("rows", "0", "a")``.

    Examples
    --------
    >>> key_lines('title = "x"\n[columns.age]\nfrom = "Age"\nrecode = { a = 1 }')[("columns", "age", "recode", "a")]
    4
    """
    reader = _Reader(text)
    reader.document()
    return reader.lines


class _Reader:
    """A cursor over the text; every method leaves it behind what it has read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1
        self.lines: dict[Path, int] = {}
        self.members: dict[Path, int] = {}

    def document(self) -> None:
        table: Path = ()
        while self.skip(_BLANK):
            if self.peek() == "[":
                table = self.header()
            else:
                self.pair(table)

    def header(self) -> Path:
        line = self.line
        double = self.text.startswith("[[", self.at)
        self.move(2 if double else 1)
        path = self.key()
        self.move(2 if double else 1)
        if double:
            self.members[path] = self.members.get(path, -1) + 1
            self.note(path, line)
        table = self.resolve(path)
        self.note(table, line, again=True)
        return table

    def resolve(self, path: Path) -> Path:
        """Put the number of the latest member behind every array of tables on the way."""
        real: Path = ()
        for end, part in enumerate(path, start=1):
            real += (part,)
            if path[:end] in self.members:
                real += (str(self.members[path[:end]]),)
        return real

    def pair(self, table: Path) -> None:
        line = self.line
        path = table + self.key()
        self.note(path, line, again=True)
        self.move(1)  # the equals sign
        self.value(path)

    def note(self, path: Path, line: int, *, again: bool = False) -> None:
        for end in range(1, len(path)):
            self.lines.setdefault(path[:end], line)
        if again:
            self.lines[path] = line
        else:
            self.lines.setdefault(path, line)

    def key(self) -> Path:
        parts = []
        while True:
            self.skip(" \t")
            parts.append(self.quoted() if self.peek() in "\"'" else self.bare())
            self.skip(" \t")
            if self.peek() != ".":
                return tuple(parts)
            self.move(1)

    def bare(self) -> str:
        start = self.at
        while self.peek() and self.peek() not in " \t.=]":
            self.move(1)
        return self.text[start : self.at]

    def value(self, path: Path) -> None:
        self.skip(_BLANK)
        if self.peek() == "{":
            self.move(1)
            while self.skip(_BLANK + ",") and self.peek() != "}":
                self.pair(path)
            self.move(1)
        elif self.peek() == "[":
            self.move(1)
            member = 0
            while self.skip(_BLANK + ",") and self.peek() != "]":
                self.value((*path, str(member)))
                member += 1
            self.move(1)
        elif self.peek() in "\"'":
            self.quoted()
        else:
            while self.peek() and self.peek() not in ",]}#\n":
                self.move(1)

    def quoted(self) -> str:
        quote = self.peek()
        fence = quote * 3 if self.text.startswith(quote * 3, self.at) else quote
        self.move(len(fence))
        said = []
        while self.peek() and not self.text.startswith(fence, self.at):
            if quote == '"' and self.peek() == "\\":
                said.append(self.escape())
            else:
                said.append(self.peek())
                self.move(1)
        self.move(len(fence))
        while len(fence) == 3 and self.peek() == quote:  # a long string may end in quotation marks of its own
            self.move(1)
        return "".join(said)

    def escape(self) -> str:
        letter = self.text[self.at + 1 : self.at + 2]
        digits = {"x": 2, "u": 4, "U": 8}.get(letter, 0)
        code = self.text[self.at + 2 : self.at + 2 + digits]
        self.move(2 + digits)
        return chr(int(code, 16)) if digits else _ESCAPES.get(letter, "")

    def skip(self, what: str) -> bool:
        """Step over these characters, and over comments; say whether anything follows."""
        while self.peek():
            if self.peek() == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif self.peek() in what:
                self.move(1)
            else:
                return True
        return False

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def move(self, steps: int) -> None:
        self.line += self.text.count("\n", self.at, self.at + steps)
        self.at += steps
