"""Makes the bundled fonts from the full ones: `python build.py FOLDER`, where FOLDER holds the unpacked npm packages that README.md names.

Each output keeps the characters that a résumé on this board is likely to hold, and drops hinting, which paper has no use for.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fontTools import subset  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

HERE = Path(__file__).resolve().parent

# The space belongs to every font: inside a run of Chinese or emoji the layout engine takes it from the run's own font.
COMMON = {0x20, 0xA0}
LATIN_GREEK_CYRILLIC = [
    (0x20, 0x7E), (0xA0, 0x24F), (0x259, 0x259), (0x2B0, 0x36F), (0x370, 0x3FF), (0x400, 0x45F), (0x490, 0x4FF),
    (0x1E00, 0x1EFF), (0x2000, 0x206F), (0x2070, 0x20C0), (0x2100, 0x218B),
]  # fmt: skip
# The faces of single themes: Latin with all of Vietnamese and the signs of running text; everything else comes from the shared families.
VIETNAMESE = [
    (0x20, 0x7E), (0xA0, 0x17F), (0x192, 0x192), (0x1A0, 0x1A1), (0x1AF, 0x1B0), (0x2C6, 0x2DD), (0x300, 0x309), (0x323, 0x323),
    (0x1EA0, 0x1EF9), (0x2002, 0x2026), (0x2030, 0x203A), (0x20AB, 0x20AC), (0x2116, 0x2122), (0x2212, 0x2212),
    (0x2248, 0x2248), (0x2260, 0x2260), (0x2264, 0x2265),
]  # fmt: skip
FACES = {
    "literata": ("Literata", ("400Regular", "400Regular_Italic", "600SemiBold")),
    "eb-garamond": ("EBGaramond", ("400Regular", "400Regular_Italic", "600SemiBold")),
    "roboto-condensed": ("RobotoCondensed", ("400Regular", "400Regular_Italic", "600SemiBold")),
    "jetbrains-mono": ("JetBrainsMono", ("400Regular", "700Bold")),
}
SIGNS = [(0x2190, 0x21FF), (0x25A0, 0x25FF), (0x2600, 0x27BF), (0x2B00, 0x2B58)]
EMOJI = [
    (0x231A, 0x231B), (0x23E9, 0x23FA), (0x2600, 0x27BF), (0x2B50, 0x2B55),
    (0x1F30D, 0x1F31F), (0x1F380, 0x1F393), (0x1F3A4, 0x1F3C6), (0x1F3E0, 0x1F3EF), (0x1F440, 0x1F450), (0x1F464, 0x1F469),
    (0x1F4A1, 0x1F4AF), (0x1F4B0, 0x1F4FF), (0x1F50D, 0x1F512), (0x1F517, 0x1F517), (0x1F525, 0x1F52E), (0x1F5A5, 0x1F5A5),
    (0x1F600, 0x1F644), (0x1F64C, 0x1F64F), (0x1F680, 0x1F697), (0x1F91D, 0x1F91D), (0x1F929, 0x1F929), (0x1F9E0, 0x1F9E0),
]  # fmt: skip


def ranges(pairs: Iterable[tuple[int, int]]) -> set[int]:
    """The code points of inclusive ranges."""
    return {code for first, last in pairs for code in range(first, last + 1)}


def rows(codec: str, first: int, last: int) -> set[int]:
    """The code points of the rows `first`..`last` of a two-byte East Asian character set (bytes 0xA1 to 0xFE in each row)."""
    found = set()
    for lead in range(first, last + 1):
        for trail in range(0xA1, 0xFF):
            try:
                found.add(ord(bytes([lead, trail]).decode(codec)))
            except UnicodeDecodeError:
                continue
    return found


# GB 2312 level 1 and JIS X 0208 level 1 hold the characters in daily use, KS X 1001 the syllables of modern Korean.
HAN_AND_KANA = rows("gb2312", 0xA1, 0xA3) | rows("gb2312", 0xB0, 0xD7) | rows("euc_jp", 0xA1, 0xA5) | rows("euc_jp", 0xB0, 0xCF)
HANGUL = rows("euc_kr", 0xB0, 0xC8)


def make(source: Path, target: str, characters: set[int] | None) -> int:
    """Write one subset beside this file and return its size in bytes; `characters=None` keeps all of the font's own."""
    options: Any = subset.Options(hinting=False, notdef_outline=True, name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14, 16, 17])
    options.layout_features = ["kern", "mark", "mkmk", "ccmp", "locl", "liga"]
    options.drop_tables += ["BASE", "VORG", "vhea", "vmtx"]
    # The file's own modification time stays, so that the same sources give the same bytes.
    font = TTFont(source, recalcTimestamp=False)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=(characters | COMMON) if characters else font.getBestCmap())
    subsetter.subset(font)
    font.save(HERE / target)
    return (HERE / target).stat().st_size


def main(folder: Path) -> None:
    """Make every bundled font and print their total size."""
    total = 0
    for style in ("400Regular", "400Regular_Italic", "500Medium", "600SemiBold", "700Bold"):
        name = f"BeVietnamPro-{style[3:].replace('Regular_Italic', 'Italic')}.ttf"
        total += make(folder / f"be-vietnam-pro/{style}/BeVietnamPro_{style}.ttf", name, None)
    for package, (face, styles) in FACES.items():
        for style in styles:
            name = f"{face}-{style[3:].replace('Regular_Italic', 'Italic')}.ttf"
            total += make(folder / f"{package}/{style}/{face}_{style}.ttf", name, ranges(VIETNAMESE))
    regular = "400Regular/{}_400Regular.ttf"
    total += make(folder / "noto-sans" / regular.format("NotoSans"), "NotoSans-Regular.ttf", ranges(LATIN_GREEK_CYRILLIC))
    total += make(folder / "noto-sans-symbols-2" / regular.format("NotoSansSymbols2"), "NotoSansSymbols2-Regular.ttf", ranges(SIGNS))
    total += make(folder / "noto-sans-sc" / regular.format("NotoSansSC"), "NotoSansSC-Regular.ttf", HAN_AND_KANA)
    total += make(folder / "noto-sans-kr" / regular.format("NotoSansKR"), "NotoSansKR-Regular.ttf", HANGUL)
    total += make(folder / "noto-emoji" / regular.format("NotoEmoji"), "NotoEmoji-Regular.ttf", ranges(EMOJI))
    sys.stdout.write(f"{total / 1e6:.2f} MB\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
