"""Keeps names apart: one key file, and pupil ids that only its owner can lead back to names."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from base64 import b32encode
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
import numpy as np

from pumpurs_risk.errors import RecordsError
from pumpurs_risk.records.cell_texts import cell_texts
from pumpurs_risk.records.identity.key_storage import SECRET_BYTES, KeyedName, read_key, refuse_run, write_key
from pumpurs_risk.records.identity.names import plain_birth, plain_id, plain_name
from pumpurs_risk.records.identity.namesakes import Person, Seen, tell_apart
from pumpurs_risk.records.identity.personal_codes import find_personal_codes

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    Cells: TypeAlias = Sequence[Any] | np.ndarray[Any, Any] | pa.Array[Any]
    Texts: TypeAlias = Sequence[str] | np.ndarray[Any, Any] | pa.Array[Any]
    Codes: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]

__all__ = ["KEY_FILE_NAME", "KeyFile", "KeyedName", "find_personal_codes", "plain_name"]

KEY_FILE_NAME = "pumpurs.key.json"
_ID_LETTERS = 12  # of 5 bits: among a million pupils two meet with probability 4e-7
_CROCKFORD = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHJKMNPQRSTVWXYZ")
_PART = "\x1f"


class KeyFile:
    """The secret that turns names into pupil ids, and the names themselves.

    Whoever has this file can lead every id back to a pupil; without it nobody can. It lies outside every folder of
    results. Made by :meth:`create`, :meth:`open` or :meth:`open_or_new`; only :meth:`save` keeps what was added.

    Attributes
    ----------
    path : pathlib.Path
        Where it lies.
    fingerprint : str
        First 12 hexadecimal digits of the secret's SHA-256: tells keys apart and gives nothing away.

    Examples
    --------
    >>> import tempfile
    >>> key = KeyFile.create(Path(tempfile.mkdtemp(), "pumpurs.key.json"))
    >>> ids, ambiguous = key.names_to_ids(["Jānis Bērziņš", "Anna Kalniņa", "JĀNIS  BĒRZIŅŠ"], "tuk2")
    >>> bool(ids[0] == ids[2]), bool(ids[0] == ids[1]), ambiguous.any().item()
    (True, False, False)
    """

    def __init__(self, path: Path, secret: bytes, names: Iterable[KeyedName] = ()) -> None:
        self.path = path
        self._secret = secret
        self._names = {entry.pupil_id: entry for entry in names}
        self._texts: dict[str, str] = {}  # pupil id -> what it was made from, to notice a collision

    def __repr__(self) -> str:
        return f"KeyFile({str(self.path)!r}, fingerprint={self.fingerprint!r}, {len(self._names)} names)"

    @property
    def fingerprint(self) -> str:
        """First 12 hexadecimal digits of the SHA-256 of the secret."""
        return hashlib.sha256(self._secret).hexdigest()[:12]

    @property
    def names(self) -> pd.DataFrame:
        """Every pupil in the file: columns pupil_id, school_id, name, birth, own_id; one row each."""
        import pandas as pd

        rows = [msgspec.structs.astuple(entry) for entry in self._sorted()]
        return pd.DataFrame(rows, columns=list(KeyedName.__struct_fields__))

    @classmethod
    def create(cls, path: str | os.PathLike[str]) -> KeyFile:
        """Make a new key and write it.

        Parameters
        ----------
        path : path
            Where nothing lies yet, outside every folder of results.

        Returns
        -------
        KeyFile
            With no names.

        Raises
        ------
        RecordsError
            If a file lies there already, if it cannot be written, or if the place is in a folder of results.
        """
        if Path(path).exists():
            raise RecordsError("key_exists", path=str(path))
        key = cls(Path(path), secrets.token_bytes(SECRET_BYTES))
        key.save()
        return key

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> KeyFile:
        """Read a key file.

        Parameters
        ----------
        path : path
            An existing key file.

        Returns
        -------
        KeyFile
            With the names it holds.

        Raises
        ------
        RecordsError
            If it is missing, damaged, of a newer version, or in a folder of results.
        """
        refuse_run(Path(path))
        stored = read_key(Path(path))
        return cls(Path(path), bytes.fromhex(stored.secret), stored.names)

    @classmethod
    def open_or_new(cls, path: str | os.PathLike[str]) -> KeyFile:
        """Open the key file, or take a new key that nobody has written yet: `save` writes it once the work is done."""
        return cls.open(path) if Path(path).exists() else cls(Path(path), secrets.token_bytes(32))

    def save(self) -> None:
        """Write the file whole or not at all; names that another run added meanwhile are kept.

        Raises
        ------
        RecordsError
            If the place cannot be written, is in a folder of results, or holds another key by now.
        """
        refuse_run(self.path)
        if self.path.exists():
            there = read_key(self.path)
            if there.secret != self._secret.hex():
                raise RecordsError("key_other", path=str(self.path))
            self._names = {entry.pupil_id: entry for entry in there.names} | self._names
        write_key(self.path, self._secret, self._sorted())

    def _sorted(self) -> list[KeyedName]:
        return sorted(self._names.values(), key=lambda entry: (entry.school_id, entry.pupil_id))

    def _id(self, scope: str, plain: str) -> str:
        text = f"{scope}{_PART}{plain}"
        digest = hmac.digest(self._secret, text.encode(), "sha256")
        pupil_id = "P-" + b32encode(digest[:10])[:_ID_LETTERS].translate(_CROCKFORD).decode()
        if self._texts.setdefault(pupil_id, text) != text:
            raise RecordsError("pseudonym_collision")
        return pupil_id

    def pseudonym(self, values: Cells, scope: str | Texts = "") -> np.ndarray[Any, Any]:
        """Turn ids into pseudonyms: the same id in the same scope always gives the same one.

        Parameters
        ----------
        values : array of str, shape (n,)
            Ids, or personal codes with or without a dash. Stray spaces do not count, capitals do.
        scope : str or array of str, shape (n,)
            Within what an id is unique: a school's id, or "" for the whole municipality.

        Returns
        -------
        numpy.ndarray of str objects, shape (n,)
            Such as "P-7KQ2M3XA9TB4": 60 bits of HMAC-SHA256 in Crockford's base32. "" where the id is empty.

        Raises
        ------
        RecordsError
            If two ids would get one pseudonym.
        """
        written, codes = _distinct(values)
        scopes, scope_codes = _distinct(_spread(scope, len(codes)))
        pairs, which = np.unique(scope_codes * max(len(written), 1) + codes, return_inverse=True)
        plain = [plain_id(value) for value in written]
        made = [
            self._id(scopes[pair // len(plain)], plain[pair % len(plain)]) if plain[pair % len(plain)] else ""
            for pair in pairs.tolist()
        ]
        pseudonyms: np.ndarray[Any, Any] = np.array(made, object)[which.ravel()]
        return pseudonyms

    def names_to_ids(
        self,
        names: Cells,
        school_id: str | Texts,
        birth: Cells | None = None,
        class_id: Cells | None = None,
        period: Cells | None = None,
    ) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, np.dtype[np.bool_]]]:
        """Give every named pupil an id that stays the same next semester, and remember the names.

        Parameters
        ----------
        names : array of str, shape (n,)
            Names as written.
        school_id : str or array of str, shape (n,)
            The pupils' school: the same name in two schools is two pupils.
        birth : array, shape (n,), optional
            Date or year of birth (dates, 2010-05-03, 03.05.2010 or 2010), empty where unknown.
        class_id : array of str, shape (n,), optional
            Class. It shows that two rows are two pupils, but is no part of the id, because it changes.
        period : array of str, shape (n,), optional
            Semester or date of each row; the class may change from one to the next. Without it all rows are of one.

        Returns
        -------
        ids : numpy.ndarray of str objects, shape (n,)
            "" where the name is empty or ambiguous.
        ambiguous : numpy.ndarray of bool, shape (n,)
            Rows that may mean several pupils: the same name, the same or unknown birth, another class.

        Notes
        -----
        The id is made from school and name; the birth joins it only for a namesake. A pupil remembered without a birth
        keeps the id when the birth becomes known, if there is one pupil of that name. See
        :mod:`pumpurs_risk.records.identity.namesakes`.
        """
        written, name_of = _distinct(names)
        schools, school_of = _distinct(_spread(school_id, len(name_of)))
        plain, plain_of = _plain(names, plain_name)
        births, birth_of = _plain(birth if birth is not None else [""] * len(name_of), plain_birth)
        classes, class_of = _plain(class_id if class_id is not None else [""] * len(name_of), plain_name)
        periods, period_of = _distinct(period if period is not None else [""] * len(name_of))
        # Rows alike in all five are one kind; the kinds of one school and name are looked at together.
        kind = np.zeros(len(name_of), "i8")
        for codes, count in (
            (school_of, len(schools)),
            (plain_of, len(plain)),
            (birth_of, len(births)),
            (class_of, len(classes)),
            (period_of, len(periods)),
        ):
            kind = np.unique(kind * max(count, 1) + codes, return_inverse=True)[1].ravel()
        _, first = np.unique(kind, return_index=True)
        seen = [
            Seen(births[b], classes[c], p)
            for b, c, p in zip(
                birth_of[first].tolist(), class_of[first].tolist(), period_of[first].tolist(), strict=True
            )
        ]
        spellings = [written[code] for code in name_of[first].tolist()]
        people: dict[tuple[str, str], list[int]] = {}
        for number, (s, n) in enumerate(zip(school_of[first].tolist(), plain_of[first].tolist(), strict=True)):
            people.setdefault((schools[s], plain[n]), []).append(number)

        remembered = self._remembered()
        ids = np.full(len(first), "", object)
        ambiguous = np.zeros(len(first), bool)
        for (school, name), numbers in people.items():
            if name:
                persons, which = tell_apart([seen[i] for i in numbers], remembered.get((school, name), ()))
                spelling = min(spellings[i] for i in numbers)
                made = [self._remember(person, school, name, spelling, len(persons) == 1) for person in persons]
                for number, person in zip(numbers, which, strict=True):
                    ids[number] = "" if person is None else made[person]
                    ambiguous[number] = person is None
        return ids[kind], ambiguous[kind]

    def _remembered(self) -> dict[tuple[str, str], list[Person]]:
        found: dict[tuple[str, str], list[Person]] = {}
        for entry in self._sorted():
            person = Person(entry.birth, entry.pupil_id)
            found.setdefault((entry.school_id, plain_name(entry.name)), []).append(person)
        return found

    def _remember(self, person: Person, school_id: str, name: str, spelling: str, alone: bool) -> str:
        if person.pupil_id:
            entry = self._names[person.pupil_id]
            if entry.birth != person.birth:
                self._names[person.pupil_id] = msgspec.structs.replace(entry, birth=person.birth)
            return person.pupil_id
        pupil_id = self._id(f"name{_PART}{school_id}", name if alone else f"{name}{_PART}{person.birth}")
        if pupil_id in self._names:
            raise RecordsError("pseudonym_collision")
        self._names[pupil_id] = KeyedName(pupil_id, school_id, " ".join(spelling.split()), person.birth)
        return pupil_id

    def remember_names(
        self, pupil_ids: Texts, school_id: str | Texts, names: Cells, own_ids: Cells | None = None
    ) -> None:
        """Remember the names of pupils who have an id already.

        Parameters
        ----------
        pupil_ids : array of str, shape (n,)
            Their ids; rows with "" are passed over.
        school_id : str or array of str, shape (n,)
            Their school.
        names : array of str, shape (n,)
            Their names; the newest one counts.
        own_ids : array of str, shape (n,), optional
            The ids that the school uses; personal codes among them are not kept.
        """
        own = cell_texts(own_ids if own_ids is not None else [""] * len(pupil_ids))
        is_code = find_personal_codes(own).tolist()
        schools: list[Any] = cell_texts(_spread(school_id, len(pupil_ids))).to_pylist()
        whose = cell_texts(pupil_ids).to_pylist()
        rows = zip(whose, schools, cell_texts(names).to_pylist(), own.to_pylist(), is_code, strict=True)
        for pupil_id, school, name, own_id, code in rows:
            if pupil_id:
                birth = self._names[pupil_id].birth if pupil_id in self._names else ""
                spelling = " ".join((name or "").split())
                self._names[pupil_id] = KeyedName(pupil_id, school, spelling, birth, "" if code else own_id or "")


def _spread(value: str | Texts, count: int) -> Texts:
    return [value] * count if isinstance(value, str) else value


def _distinct(values: Cells) -> tuple[list[str], Codes]:
    """Find the distinct texts, and for each row the number of its text."""
    encoded: Any = cell_texts(values).fill_null("").dictionary_encode()
    return encoded.dictionary.to_pylist(), np.asarray(encoded.indices, "i8")


def _plain(values: Cells, form: Any) -> tuple[list[str], Codes]:
    """Find the distinct texts in their plain form, and for each row the number of its text."""
    written, codes = _distinct(values)
    place: dict[str, int] = {}
    to_plain = [place.setdefault(form(value), len(place)) for value in written]
    return list(place), np.array(to_plain, "i8")[codes]
