"""Styles and fixed parts of the shipped template, as Word's XML: Arial, one dark and one light shade."""

from __future__ import annotations

from pumpurs_risk.reports.docx_package import NAMESPACES

DARK, LIGHT, GREY, RULE = "1F3A5F", "EEF2F6", "595959", "B8C4D0"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
ROOT = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items()) + (
    ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" mc:Ignorable="w14"'
)
LANGUAGE = {"lv": "lv-LV", "en": "en-GB"}

CONTENT_TYPES = HEAD + (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    + "".join(
        f'<Override PartName="/word/{part}.xml"'
        f' ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.{kind}+xml"/>'
        for part, kind in (
            ("document", "document.main"), ("styles", "styles"), ("settings", "settings"), ("fontTable", "fontTable"),
            ("header1", "header"), ("footer1", "footer"),
        )
    )
    + "</Types>"
)  # fmt: skip
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONS = HEAD + (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>'
)
DOCUMENT_RELATIONS = HEAD + (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    + "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}.xml"/>'
        for number, (kind, target) in enumerate(
            (
                ("styles", "styles"), ("settings", "settings"), ("fontTable", "fontTable"), ("header", "header1"),
                ("footer", "footer1"),
            ),
            1,
        )
    )
    + "</Relationships>"
)  # fmt: skip
HEADER_ID, FOOTER_ID = "rId4", "rId5"
FONTS = HEAD + (
    f"<w:fonts {ROOT}>"
    '<w:font w:name="Arial"><w:panose1 w:val="020B0604020202020204"/><w:charset w:val="BA"/><w:family w:val="swiss"/>'
    '<w:pitch w:val="variable"/></w:font></w:fonts>'
)


def settings(lang: str) -> str:
    """Return Word's settings: language, and the layout of a present version."""
    return HEAD + (
        f'<w:settings {ROOT}><w:zoom w:percent="100"/><w:defaultTabStop w:val="709"/>'
        '<w:characterSpacingControl w:val="doNotCompress"/><w:compat>'
        '<w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat>'
        f'<w:themeFontLang w:val="{LANGUAGE[lang]}"/><w:decimalSymbol w:val=","/><w:listSeparator w:val=";"/></w:settings>'
    )


def styles(lang: str) -> str:
    """Return the template's styles.

    Parameters
    ----------
    lang : {"lv", "en"}
        Language of the proofing tools.

    Returns
    -------
    str
        ``word/styles.xml``.
    """
    defaults = (
        '<w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="Arial" w:eastAsia="Arial" w:hAnsi="Arial" w:cs="Arial"/>'
        f'<w:sz w:val="19"/><w:szCs w:val="19"/><w:lang w:val="{LANGUAGE[lang]}" w:eastAsia="en-US" w:bidi="ar-SA"/>'
        '</w:rPr></w:rPrDefault><w:pPrDefault><w:pPr><w:spacing w:before="0" w:after="60" w:line="252" w:lineRule="auto"/>'
        "</w:pPr></w:pPrDefault></w:docDefaults>"
    )
    size = '<w:sz w:val="{0}"/><w:szCs w:val="{0}"/>'.format
    bold, kept = "<w:b/><w:bCs/>", "<w:keepNext/><w:keepLines/>"
    edge = '<w:tabs><w:tab w:val="right" w:pos="10205"/></w:tabs><w:spacing w:after="0"/>'
    dark, grey = f'<w:color w:val="{DARK}"/>', f'<w:color w:val="{GREY}"/>'
    paragraphs = (
        _style("Normal", "Normal", default=True),
        _style("Title", "Title", '<w:keepNext/><w:spacing w:before="0" w:after="40"/>', f"{bold}{dark}{size(34)}"),
        _style("Subtitle", "Subtitle", '<w:spacing w:before="0" w:after="120"/>', f"{grey}{size(20)}"),
        _style("Heading1", "heading 1", f'{kept}<w:spacing w:before="240" w:after="60"/><w:outlineLvl w:val="0"/>',
               f"{bold}{dark}{size(25)}"),
        _style("Heading2", "heading 2", f'{kept}<w:spacing w:before="140" w:after="40"/><w:outlineLvl w:val="1"/>',
               f"{bold}{dark}{size(20)}"),
        _style("DraftMark", "Draft mark", '<w:spacing w:before="0" w:after="20"/>',
               f'{bold}<w:caps/>{dark}<w:spacing w:val="60"/>{size(24)}'),
        _style("Guidance", "Guidance", '<w:keepNext/><w:spacing w:before="0" w:after="80"/>', f"{grey}{size(17)}"),
        _style("Cell", "Cell", '<w:spacing w:before="30" w:after="30" w:line="240" w:lineRule="auto"/>', size(18)),
        _style("CellLabel", "Cell label", "", f"{bold}{dark}", based="Cell"),
        _style("CellNote", "Cell note", "", f"{grey}{size(16)}", based="Cell"),
        _style("Answer", "Answer", '<w:pBdr><w:left w:val="single" w:sz="18" w:space="8" w:color="B8C4D0"/></w:pBdr>'
               '<w:spacing w:before="40" w:after="100"/><w:ind w:left="198"/>'),
        _style("Header", "header", edge, f"{grey}{size(16)}"),
        _style("Footer", "footer", edge, f"{grey}{size(15)}"),
    )  # fmt: skip
    characters = (
        '<w:style w:type="character" w:default="1" w:styleId="DefaultParagraphFont"><w:name w:val="Default Paragraph Font"/>'
        '<w:uiPriority w:val="1"/><w:semiHidden/></w:style>'
        '<w:style w:type="character" w:styleId="PlaceholderText"><w:name w:val="Placeholder Text"/>'
        f'<w:basedOn w:val="DefaultParagraphFont"/><w:uiPriority w:val="99"/><w:rPr>{grey}</w:rPr></w:style>'
        '<w:style w:type="character" w:styleId="Strong"><w:name w:val="Strong"/><w:basedOn w:val="DefaultParagraphFont"/>'
        "<w:qFormat/><w:rPr><w:b/><w:bCs/></w:rPr></w:style>"
    )
    borders = "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="{RULE}"/>'
        for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    tables = (
        '<w:style w:type="table" w:default="1" w:styleId="TableNormal"><w:name w:val="Normal Table"/><w:uiPriority w:val="99"/>'
        '<w:semiHidden/><w:tblPr><w:tblInd w:w="0" w:type="dxa"/><w:tblCellMar><w:top w:w="0" w:type="dxa"/>'
        '<w:left w:w="85" w:type="dxa"/><w:bottom w:w="0" w:type="dxa"/><w:right w:w="85" w:type="dxa"/></w:tblCellMar></w:tblPr>'
        '</w:style><w:style w:type="table" w:styleId="PlanTable"><w:name w:val="Plan table"/><w:basedOn w:val="TableNormal"/>'
        f'<w:tblPr><w:tblBorders>{borders}</w:tblBorders></w:tblPr><w:tblStylePr w:type="firstRow"><w:rPr><w:b/><w:bCs/></w:rPr>'
        f'<w:tcPr><w:shd w:val="clear" w:color="auto" w:fill="{LIGHT}"/></w:tcPr></w:tblStylePr></w:style>'
    )
    return f"{HEAD}<w:styles {ROOT}>{defaults}{''.join(paragraphs)}{characters}{tables}</w:styles>"


def _style(
    style_id: str, name: str, paragraph: str = "", run: str = "", *, based: str = "Normal", default: bool = False
) -> str:
    base = "" if default else f'<w:basedOn w:val="{based}"/>'
    look = f"<w:rPr>{run}</w:rPr>" if run else ""
    layout = f"<w:pPr>{paragraph}</w:pPr>" if paragraph else ""
    mark = ' w:default="1"' if default else ""
    return (
        f'<w:style w:type="paragraph"{mark} w:styleId="{style_id}"><w:name w:val="{name}"/>{base}<w:qFormat/>'
        f"{layout}{look}</w:style>"
    )
