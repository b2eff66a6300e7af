"""A Word file as its parts: opened with limits and without trust, written so that the same content gives the same bytes."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pumpurs_risk.errors import PlanError

LARGEST_FILE = 25 * 2**20
LARGEST_CONTENT = 120 * 2**20
MOST_PARTS = 3000
"""A plan that people filled in is below 1 MB, with pictures below 20; what is larger is refused before it is unpacked."""

DOCUMENT = "word/document.xml"
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
NAMESPACES = {"w": W[1:-1], "w14": W14[1:-1]}
_DAY = (1980, 1, 1, 0, 0, 0)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def read_parts(path: Path) -> dict[str, bytes]:
    """Unpack a Word document.

    Parameters
    ----------
    path : pathlib.Path
        A ``.docx`` file.

    Returns
    -------
    dict of str to bytes
        Every part by its name inside the file.

    Raises
    ------
    PlanError
        If it is not there, not a Word document, damaged, or too large.
    """
    name = path.name
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise PlanError("plan_too_large", file=name, limit=LARGEST_FILE // 2**20)
        content = path.read_bytes()
    except OSError as error:
        code = "plan_missing" if isinstance(error, FileNotFoundError) else "plan_unreadable"
        raise PlanError(code, file=name) from None
    if content.startswith(_OLE):
        raise PlanError("plan_old_word", file=name)
    try:
        parts = _unpacked(content, name)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
        code = "plan_damaged" if content.startswith(b"PK") else "plan_not_word"
        raise PlanError(code, file=name) from None
    if parts.get("mimetype", b"").startswith(b"application/vnd.oasis.opendocument"):
        raise PlanError("plan_open_document", file=name)
    if DOCUMENT not in parts:
        raise PlanError("plan_not_word", file=name)
    return parts


def _unpacked(content: bytes, name: str) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
        if len(entries) > MOST_PARTS or sum(entry.file_size for entry in entries) > LARGEST_CONTENT:
            raise PlanError("plan_too_large", file=name, limit=LARGEST_FILE // 2**20)
        parts = {}
        room = LARGEST_CONTENT
        for entry in entries:
            with archive.open(entry) as handle:  # the size in the directory may lie: stop reading at the limit
                parts[entry.filename] = handle.read(room + 1)
            room -= len(parts[entry.filename])
            if room < 0:
                raise PlanError("plan_too_large", file=name, limit=LARGEST_FILE // 2**20)
        return parts


def parse(xml: bytes, file: str) -> Any:
    """Parse a part without following anything outside of it.

    Parameters
    ----------
    xml : bytes
        The part.
    file : str
        Name of the file, for the error.

    Returns
    -------
    lxml.etree._Element
        Its root.

    Raises
    ------
    PlanError
        If it is not well-formed, or declares entities (Word never does).
    """
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise PlanError("plan_damaged", file=file) from None
    if root.getroottree().docinfo.doctype:
        raise PlanError("plan_damaged", file=file)
    return root


class Packing:
    """Puts the parts of a template together again and again, with some replaced; compresses what stays only once.

    Parameters
    ----------
    parts : mapping of str to bytes
        The parts of the template.
    """

    def __init__(self, parts: Mapping[str, bytes]) -> None:
        # Word wants the content types first; the rest keeps the template's order.
        names = sorted(parts, key=lambda name: name != "[Content_Types].xml")
        self._parts = {name: _Member(name, parts[name]) for name in names}

    def pack(self, replaced: Mapping[str, bytes]) -> bytes:
        """Return the file with these parts replaced.

        Parameters
        ----------
        replaced : mapping of str to bytes
            New content by part.

        Returns
        -------
        bytes
            A ``.docx``; the same content gives the same bytes.
        """
        members = {name: _Member(name, content) for name, content in replaced.items()}
        out, directory, offset = [], [], 0
        for name in dict.fromkeys((*self._parts, *members)):
            member = members.get(name) or self._parts[name]
            out.append(member.local)
            directory.append(member.central + offset.to_bytes(4, "little") + member.name)
            offset += len(member.local)
        listing = b"".join(directory)
        count = len(directory).to_bytes(2, "little")
        end = (
            b"PK\x05\x06\0\0\0\0" + count + count
            + len(listing).to_bytes(4, "little") + offset.to_bytes(4, "little") + b"\0\0"
        )  # fmt: skip
        return b"".join((*out, listing, end))


class _Member:
    """A part as it stands in the zip file: compressed, with its headers (PKZIP application note, 4.3.7 and 4.3.12)."""

    def __init__(self, name: str, content: bytes) -> None:
        self.name = name.encode()
        squeeze = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = squeeze.compress(content) + squeeze.flush()
        stamp = zipfile.ZipInfo(name, _DAY)
        date = (stamp.date_time[0] - 1980) << 9 | stamp.date_time[1] << 5 | stamp.date_time[2]
        flags = b"\0\x08"  # names are UTF-8
        facts = (
            flags + b"\x08\0" + b"\0\0" + date.to_bytes(2, "little") + zlib.crc32(content).to_bytes(4, "little")
            + len(packed).to_bytes(4, "little") + len(content).to_bytes(4, "little")
            + len(self.name).to_bytes(2, "little") + b"\0\0"
        )  # fmt: skip
        self.local = b"PK\x03\x04\x14\0" + facts + self.name + packed
        self.central = b"PK\x01\x02\x14\0\x14\0" + facts + b"\0\0" * 3 + b"\0\0\0\0"
