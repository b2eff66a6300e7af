"""What one pupil is known by in files: ids, the names on papers, classes, schools."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace


def folded(words: object) -> str:
    """Bring a cell's text into the form in which names are compared.

    Examples
    --------
    >>> folded("  Anna   KALNIŅA ")
    'anna kalniņa'
    """
    return " ".join(str(words).split()).casefold()


def stands_in(words: str, said: str) -> bool:
    """Whether words stand in a text as whole words.

    Examples
    --------
    >>> stands_in("Anna Kalniņa", "arī Anna Kalniņa."), stands_in("Anna Kalniņa", "Anna Kalniņaite")
    (True, False)
    """
    at = said.find(words)
    while at >= 0:
        end = at + len(words)
        if not (said[at - 1 : at].isalnum() or said[end : end + 1].isalnum()):
            return True
        at = said.find(words, at + 1)
    return False


@dataclass(frozen=True)
class Traces:
    """One pupil's traces.

    Parameters
    ----------
    ids : frozenset of str
        Pupil ids as files hold them.
    schools, classes : frozenset of str
        Where the pupil was seen.
    shown : frozenset of str
        What papers call the pupil: names, the school's own ids.
    plans : frozenset of str
        Ids of the pupil's plans.
    """

    ids: frozenset[str]
    schools: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    shown: frozenset[str] = frozenset()
    plans: frozenset[str] = frozenset()
    _folded: frozenset[str] = field(init=False, repr=False, compare=False, default=frozenset())
    _classes: frozenset[str] = field(init=False, repr=False, compare=False, default=frozenset())

    def __post_init__(self) -> None:
        object.__setattr__(self, "_folded", frozenset(map(folded, self.shown)) - {""})
        object.__setattr__(self, "_classes", frozenset(map(folded, self.classes)) - {""})

    @property
    def names(self) -> frozenset[str]:
        """Those of the shown words that are so much a name that finding them in a text means the pupil."""
        return frozenset(word for word in self.shown if " " in word.strip() and len(word) > 4)

    @property
    def sure(self) -> frozenset[str]:
        """Plans' ids, and ids that no number or class could be: they mean this pupil and no namesake."""
        return self.plans | {each for each in self.ids if len(each) >= 8 or ":" in each}

    @property
    def telling(self) -> frozenset[str]:
        """Texts that mean this pupil, or a namesake, wherever they stand."""
        return self.names | self.sure

    def told_in(self, said: str) -> bool:
        """Whether one of these texts stands in another as a whole: "Anna Kalniņa" not in "Anna Kalniņaite"."""
        return any(stands_in(words, said) for words in self.telling)

    def calls(self, words: object) -> bool:
        """Whether papers call the pupil so."""
        return folded(words) in self._folded

    def in_class(self, words: object) -> bool:
        """Whether this is a class in which the pupil was seen."""
        return folded(words) in self._classes

    def also(
        self,
        *,
        ids: Iterable[str] = (),
        schools: Iterable[str] = (),
        classes: Iterable[str] = (),
        shown: Iterable[str] = (),
        plans: Iterable[str] = (),
    ) -> Traces:
        """Give traces with more of them; empty words are none."""
        return replace(
            self,
            ids=self.ids | ({*ids} - {""}),
            schools=self.schools | ({*schools} - {""}),
            classes=self.classes | ({*classes} - {""}),
            shown=self.shown | ({*shown} - {""}),
            plans=self.plans | ({*plans} - {""}),
        )
